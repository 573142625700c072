import assert from "node:assert/strict";
import { type Operation, OPERATIONS, type RequestOf } from "./operation/mod.ts";
import { decodeRequest } from "./request.ts";

function decode<O extends Operation>(operation: O, text: string): RequestOf<O> {
  return decodeRequest(operation, new TextEncoder().encode(text));
}

function refuses(operation: Operation, text: string, message?: RegExp): void {
  assert.throws(() => decode(operation, text), (error: Error & { code: string }) => {
    assert.equal(error.code, "api_bad_request", text);
    if (message) assert.match(error.message, message);
    return true;
  }, text);
}

/** A plain copy, as records of ours have no prototype. */
const plain = (value: unknown) => JSON.parse(JSON.stringify(value));

Deno.test("null and {} decode to zero values, everything that is no object is refused", () => {
  for (const text of ["null", "{}", " {} \n", '{"x":1}']) {
    assert.deepEqual(decode("secret.put", text), { path: "", binary: null });
    assert.deepEqual(decode("secret.get", text), { path: "", version: 0 });
    assert.deepEqual(decode("secret.delete", text), { path: "", versions: [], report: false });
    assert.deepEqual(decode("operator.restore", text), { id: 0 });
  }
  for (const operation of Object.keys(OPERATIONS) as Operation[]) {
    decode(operation, "null");
    for (const text of ["", "[]", '"x"', "1", "true"]) refuses(operation, text);
  }
});

Deno.test("names match in any case, the last of several counts, null is absent", () => {
  assert.equal(decode("secret.get", '{"PATH":"a"}').path, "a");
  assert.equal(decode("secret.get", '{"path":"a","Path":"b"}').path, "b");
  assert.equal(decode("secret.get", '{"path":"a","PATH":"b","path":"c"}').path, "c");
  assert.equal(decode("secret.get", '{"path":"a","path":null}').path, "");
  assert.equal(decode("keeper.contribute", '{"SetID":"eA=="}').setId, "eA==");
  // U+017F folds to s in Unicode; another reader would see another member.
  assert.deepEqual(decode("secret.delete", '{"ver\u017fions":[1]}').versions, []);
});

Deno.test("integers are written without a fraction", () => {
  assert.equal(decode("secret.get", '{"version":-2}').version, -2);
  for (const text of ["1.0", "1e2", '"1"', "true", "9007199254740993"]) {
    refuses("secret.get", `{"version":${text}}`, /^Member version is not/);
  }
  assert.deepEqual(decode("secret.delete", '{"versions":[1,0]}').versions, [1, 0]);
  refuses("secret.delete", '{"versions":[1.5]}', /^Member versions is not/);
  refuses("secret.delete", '{"versions":1}');
});

Deno.test("values tell null from none and hold any name", () => {
  assert.equal(decode("secret.put", '{"values":null}').values, null);
  assert.deepEqual(plain(decode("secret.put", '{"values":{}}').values), {});
  const { values } = decode(
    "secret.put",
    '{"values":{"__proto__":"a","constructor":"b","A":"c","a":""}}',
  );
  assert.deepEqual(Object.entries(values ?? {}), [
    ["__proto__", "a"],
    ["constructor", "b"],
    ["A", "c"],
    ["a", ""],
  ]);
  assert.equal(JSON.stringify(values), '{"__proto__":"a","constructor":"b","A":"c","a":""}');
  for (const text of ['{"k":1}', '{"k":{}}', '{"k":null}', '{"k":"v","l":null}', "[]", '"x"']) {
    refuses("secret.put", `{"values":${text}}`);
  }
});

Deno.test("values, plaintext and versions to destroy tell absent from null or empty", () => {
  for (const text of ["{}", '{"vaules":{"k":"v"}}', '{"data":{"k":"v"}}']) {
    assert.equal("values" in decode("secret.put", text), false, text);
  }
  assert.equal(decode("secret.put", '{"values":{"k":"v"},"Values":null}').values, null);
  assert.equal("plaintext" in decode("cipher.encrypt", '{"text":"aGk="}'), false);
  for (const given of ['""', "null", "[]"]) {
    const { plaintext } = decode("cipher.encrypt", `{"plaintext":${given}}`);
    assert.deepEqual(plaintext, new Uint8Array(), given);
  }
  assert.equal("versions" in decode("secret.destroy", '{"version":[1]}'), false);
  assert.equal("versions" in decode("secret.destroy", '{"versions":null}'), false);
  assert.deepEqual(decode("secret.destroy", '{"versions":[]}').versions, []);
});

Deno.test("null inside an array or a map is refused, whatever kind it is of", () => {
  refuses("secret.delete", '{"versions":[1,null]}', /^Member versions is not/);
  refuses("secret.batch", '{"paths":["a",null]}', /^Member paths is not/);
  refuses("secret.put", '{"binary":{"k":null}}', /^Member binary is not/);
  refuses("secret.setMetadata", '{"custom":{"k":null}}', /^Member custom is not/);
  refuses("keeper.contribute", '{"shard":[1,null]}', /^Member shard is not/);
  refuses("bootstrap.verify", '{"nonce":[null]}', /^Member nonce is not/);
});

Deno.test("a refusal names the member and never what it held", () => {
  refuses("secret.put", '{"values":{"hunter2":["hunter2"]}}', /^Member values is not [^2]*$/);
});

Deno.test("cas is absent unless given", () => {
  assert.equal("cas" in decode("secret.put", "{}"), false);
  assert.equal("cas" in decode("secret.put", '{"cas":null}'), false);
  assert.equal(decode("secret.put", '{"cas":0}').cas, 0);
});

Deno.test("a shard is 32 numbers: shorter is filled, longer is cut, others are refused", () => {
  const decodeShard = (shard: unknown) =>
    decode("keeper.contribute", JSON.stringify({ shard })).shard;
  const full = Array.from({ length: 32 }, (_, i) => 255 - i);
  assert.deepEqual(decodeShard(full), Uint8Array.from(full));
  assert.deepEqual(decodeShard([1, 2]), Uint8Array.from([1, 2, ...Array(30).fill(0)]));
  assert.deepEqual(decodeShard([...full, 7, 7]), Uint8Array.from(full));
  assert.deepEqual(decodeShard([]), new Uint8Array(32));
  assert.equal(decodeShard(null), undefined);
  for (const wrong of [[256], [-1], ["1"], [1.5], "AAAA", {}, 1]) {
    refuses("keeper.contribute", JSON.stringify({ shard: wrong }), /^Member shard is not/);
  }
});

Deno.test("bytes are padded standard base64 or numbers", () => {
  const nonce = (
    value: unknown,
  ) => [...decode("bootstrap.verify", JSON.stringify({ nonce: value })).nonce];
  assert.deepEqual(nonce("+/8="), [251, 255]);
  assert.deepEqual(nonce("+/\n8="), [251, 255]);
  assert.deepEqual(nonce(""), []);
  assert.deepEqual(nonce(null), []);
  assert.deepEqual(nonce([1, 255]), [1, 255]);
  for (const wrong of ["-_8=", "+/8", "+/9=", "+ /8=", "!", [256], 1, {}]) {
    refuses("bootstrap.verify", JSON.stringify({ nonce: wrong }), /^Member nonce is not/);
  }
});

Deno.test("a contribution carries its stamp and its manner", () => {
  assert.deepEqual(decode("keeper.contribute", "{}"), {
    stage: "current",
    abandon: false,
    force: false,
    probe: false,
  });
  const stamp = {
    scheme: "gf256",
    storeId: "c3RvcmU=",
    setId: "c2V0",
    generation: 3,
    threshold: 2,
    shares: 3,
    index: 1,
    commitment: "Yw==",
    check: "Yw==",
    stage: "pending",
    replaces: "b2xk",
    abandon: true,
    force: true,
    probe: true,
  };
  assert.deepEqual(decode("keeper.contribute", JSON.stringify(stamp)), stamp);
  refuses("keeper.contribute", '{"stage":"done"}', /^Member stage is not/);
  assert.deepEqual(decode("keeper.shard", '{"accept":["gf256"]}').accept, ["gf256"]);
});
