import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, type JsonWebKey, type KeyObject } from "node:crypto";
import { parseSpiffeId, parseTrustDomain, type TrustDomain } from "../spiffe/id.ts";
import { createJwtAuthority } from "../authority/jwt_authority.ts";
import { JwtKeys } from "./jwt_keys.ts";
import { type JwtKeySet, type JwtVerdict, verifyJwtSvid } from "./jwt_svid.ts";

const OURS = parseTrustDomain("spike.ist");
const OTHER = parseTrustDomain("acme.example");
const AUDIENCE = "spiffe://spike.ist/spike/nexus";
const NOW_S = 1_800_000_000;

type Params = RsaHashedKeyGenParams | EcKeyGenParams;

interface Signer {
  readonly alg: string;
  readonly pair: CryptoKeyPair;
  readonly signAs: AlgorithmIdentifier | EcdsaParams | RsaPssParams;
  readonly publicKey: KeyObject;
}

async function signer(alg: string, params: Params, signAs: Signer["signAs"]): Promise<Signer> {
  const pair = await crypto.subtle.generateKey(params, true, ["sign", "verify"]) as CryptoKeyPair;
  const jwk = await crypto.subtle.exportKey("jwk", pair.publicKey) as JsonWebKey;
  return { alg, pair, signAs, publicKey: createPublicKey({ key: jwk, format: "jwk" }) };
}

function ec(bits: number, namedCurve: string): Promise<Signer> {
  const hash = `SHA-${bits}`;
  return signer(`ES${bits}`, { name: "ECDSA", namedCurve }, { name: "ECDSA", hash });
}

function rsa(alg: string, name: string, modulusLength = 2048): Promise<Signer> {
  const bits = Number(alg.slice(2));
  const publicExponent = Uint8Array.of(1, 0, 1);
  const params = { name, hash: `SHA-${bits}`, modulusLength, publicExponent };
  return signer(alg, params, name === "RSA-PSS" ? { name, saltLength: bits / 8 } : { name });
}

/** The same key for another hash: keys are slow to make. */
async function withHash({ pair, signAs, publicKey }: Signer, alg: string): Promise<Signer> {
  const hash = `SHA-${alg.slice(2)}`;
  const { name } = pair.privateKey.algorithm;
  const pkcs8 = await crypto.subtle.exportKey("pkcs8", pair.privateKey);
  const key = await crypto.subtle.importKey("pkcs8", pkcs8, { name, hash }, false, ["sign"]);
  const salted = "saltLength" in (signAs as RsaPssParams);
  return {
    alg,
    publicKey,
    signAs: salted ? { name, saltLength: Number(alg.slice(2)) / 8 } : signAs,
    pair: { privateKey: key, publicKey: pair.publicKey },
  };
}

const es256 = await ec(256, "P-256");
const foreign = await ec(256, "P-256");

function b64(value: unknown): string {
  const bytes = value instanceof Uint8Array
    ? value
    : new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

interface Forged {
  readonly by?: Signer;
  /** Changes members; one that is undefined is left out. A text takes the whole place. */
  readonly header?: Record<string, unknown> | string;
  readonly claims?: Record<string, unknown> | string;
}

/** A token as it ought to be, but for what is changed. */
async function make({ by = es256, header = {}, claims = {} }: Forged = {}): Promise<string> {
  const whole = (base: Record<string, unknown>, change: Record<string, unknown> | string) =>
    typeof change === "string" ? change : { ...base, ...change };
  const signed = [
    b64(whole({ alg: by.alg, kid: "k1", typ: "JWT" }, header)),
    b64(whole({ sub: "spiffe://spike.ist/app/web", aud: AUDIENCE, exp: NOW_S + 60 }, claims)),
  ].join(".");
  const bytes = new TextEncoder().encode(signed);
  const signature = await crypto.subtle.sign(by.signAs, by.pair.privateKey, bytes);
  return `${signed}.${b64(new Uint8Array(signature))}`;
}

function keySet(keys: Record<string, Record<string, KeyObject>>): JwtKeySet {
  return {
    keysOf: (domain: TrustDomain) => {
      const found = keys[domain];
      return found && new Map(Object.entries(found));
    },
  };
}

const KEYS = keySet({
  [OURS]: { k1: es256.publicKey },
  [OTHER]: { k1: foreign.publicKey, theirs: foreign.publicKey },
});

function verify(token: string, keys = KEYS, nowMs = NOW_S * 1000): Promise<JwtVerdict> {
  return verifyJwtSvid(token, { keys, audience: AUDIENCE, nowMs });
}

async function reasonOf(token: string | Promise<string>, keys = KEYS): Promise<string> {
  const text = await token;
  const verdict = await verify(text, keys);
  if (verdict.ok) return "accepted";
  assert(!verdict.message.includes(text.slice(0, 20) || "-"), "the token is never quoted");
  return verdict.reason;
}

Deno.test("a good token names its subject, the domain of that, and its end", async () => {
  assert.deepEqual(await verify(await make()), {
    ok: true,
    id: "spiffe://spike.ist/app/web",
    trustDomain: "spike.ist",
    expiresAtMs: (NOW_S + 60) * 1000,
  });
  const others: Forged[] = [
    { header: { typ: undefined } },
    { header: { typ: "JOSE" } },
    { claims: { aud: ["other", AUDIENCE] } },
    { claims: { nbf: NOW_S, iat: NOW_S, jti: "x", extra: { more: [1, 2] } } },
    { claims: { exp: NOW_S + 0.5 } },
    { by: foreign, claims: { sub: "spiffe://acme.example/x" } },
  ];
  for (const each of others) assert.equal(await reasonOf(make(each)), "accepted");
});

Deno.test("each of the nine algorithms is verified with a key of its kind, and with no other", async () => {
  const [rs256, ps256] = await Promise.all([
    rsa("RS256", "RSASSA-PKCS1-v1_5"),
    rsa("PS256", "RSA-PSS"),
  ]);
  const signers = await Promise.all([
    es256,
    ec(384, "P-384"),
    ec(512, "P-521"),
    rs256,
    ps256,
    ...[384, 512].flatMap((bits) => [withHash(rs256, `RS${bits}`), withHash(ps256, `PS${bits}`)]),
  ]);
  assert.equal(signers.length, 9);
  for (const by of signers) {
    const token = await make({ by });
    assert.equal(await reasonOf(token, keySet({ [OURS]: { k1: by.publicKey } })), "accepted");
    for (const other of signers) {
      if (other.publicKey === by.publicKey) continue;
      const keys = keySet({ [OURS]: { k1: other.publicKey } });
      assert.match(await reasonOf(token, keys), /^(wrong-key-kind|bad-signature)$/);
    }
  }
});

Deno.test("what is not signed by a key of the subject's own domain is refused", async () => {
  const sub = "spiffe://spike.ist/spike/pilot/role/superuser";
  const cases: [string, Promise<string>][] = [
    ["bad-signature", make({ by: foreign, claims: { sub } })],
    ["unknown-key", make({ by: foreign, header: { kid: "theirs" }, claims: { sub } })],
    ["bad-signature", make({ claims: { sub: "spiffe://acme.example/x" } })],
    ["no-bundle", make({ claims: { sub: "spiffe://nowhere.example/x" } })],
    ["unknown-key", make({ header: { kid: "k2" } })],
    ["unknown-key", make({ header: { kid: "__proto__" } })],
  ];
  for (const [reason, token] of cases) assert.equal(await reasonOf(token), reason);
});

Deno.test("unsigned tokens, shared secrets and unknown algorithms are refused", async () => {
  for (const alg of ["none", "None", "HS256", "HS512", "EdDSA", "ES256K", "es256", "", 5, null]) {
    assert.equal(await reasonOf(make({ header: { alg } })), "bad-algorithm", String(alg));
  }
  const [header, claims] = (await make({ header: { alg: "none" } })).split(".");
  assert.equal(await reasonOf(`${header}.${claims}.`), "bad-algorithm");
  const [good, said, signature = ""] = (await make()).split(".");
  assert.equal(await reasonOf(`${good}.${said}.`), "malformed");
  // The public key as an HMAC secret, which a verifier that lets the token choose would accept.
  const pem = es256.publicKey.export({ format: "pem", type: "spki" }) as string;
  const secret = await crypto.subtle.importKey(
    "raw",
    new TextEncoder().encode(pem),
    { name: "HMAC", hash: "SHA-256" },
    false,
    ["sign"],
  );
  const forged = `${b64({ alg: "HS256", kid: "k1" })}.${said}`;
  const mac = await crypto.subtle.sign("HMAC", secret, new TextEncoder().encode(forged));
  assert.equal(await reasonOf(`${forged}.${b64(new Uint8Array(mac))}`), "bad-algorithm");
  // (r, s) = (0, 0), which once was a signature of everything.
  assert.equal(await reasonOf(`${good}.${said}.${b64(new Uint8Array(64))}`), "bad-signature");
  assert.equal(await reasonOf(`${good}.${said}.${signature}AA`), "bad-signature");
});

Deno.test("short RSA keys are refused, whatever they sign", async () => {
  const by = await rsa("RS256", "RSASSA-PKCS1-v1_5", 1024);
  const keys = keySet({ [OURS]: { k1: by.publicKey } });
  assert.equal(await reasonOf(make({ by }), keys), "wrong-key-kind");
  const { publicKey } = generateKeyPairSync("ed25519");
  assert.equal(await reasonOf(make(), keySet({ [OURS]: { k1: publicKey } })), "wrong-key-kind");
});

Deno.test("headers say alg, kid and typ and nothing else", async () => {
  const extra = [
    { crit: ["exp"] },
    { jwk: es256.publicKey.export({ format: "jwk" }) },
    { jku: "https://evil.example/keys" },
    { x5c: ["AA=="] },
    { x5u: "https://evil.example" },
    { b64: false },
    { cty: "JWT" },
    { zip: "DEF" },
    { typ: "jwt" },
    { typ: "at+jwt" },
    { typ: 5 },
    { typ: null },
  ];
  for (const header of extra) {
    assert.equal(await reasonOf(make({ header })), "bad-header", JSON.stringify(header));
  }
  for (const kid of [undefined, "", 5, null, ["k1"]]) {
    assert.equal(await reasonOf(make({ header: { kid } })), "no-key-id");
  }
});

Deno.test("audience, times and subject are demanded and read strictly", async () => {
  const cases: [string, Record<string, unknown>][] = [
    ["wrong-audience", { aud: undefined }],
    ["wrong-audience", { aud: [] }],
    ["wrong-audience", { aud: "spiffe://spike.ist/spike/nexus/" }],
    ["wrong-audience", { aud: `${AUDIENCE} other` }],
    ["wrong-audience", { aud: [[AUDIENCE]] }],
    ["wrong-audience", { aud: { [AUDIENCE]: true } }],
    ["no-expiry", { exp: undefined }],
    ["bad-time", { exp: String(NOW_S + 60) }],
    ["bad-time", { exp: null }],
    ["bad-time", { nbf: "soon" }],
    ["expired", { exp: NOW_S - 5 }],
    ["expired", { exp: 0 }],
    ["expired", { exp: -1e300 }],
    ["accepted", { exp: NOW_S - 4 }],
    ["not-yet-valid", { nbf: NOW_S + 6 }],
    ["not-yet-valid", { nbf: 1e300 }],
    ["accepted", { nbf: NOW_S + 5 }],
    ["bad-subject", { sub: undefined }],
    ["bad-subject", { sub: ["spiffe://spike.ist/app"] }],
    ["bad-subject", { sub: "spiffe://spike.ist/../app" }],
    ["bad-subject", { sub: "SPIFFE://spike.ist/app" }],
    ["bad-subject", { sub: "https://spike.ist/app" }],
  ];
  for (const [reason, claims] of cases) {
    assert.equal(await reasonOf(make({ claims })), reason, JSON.stringify(claims));
  }
});

Deno.test("what is no compact token is refused, whatever it is", async () => {
  const good = await make();
  const [header = "", claims = "", signature = ""] = good.split(".");
  const malformed = [
    "",
    ".",
    "..",
    "a.b",
    `${good}.`,
    `${good}.${signature}`,
    `${header}..${signature}`,
    `${header}=.${claims}.${signature}`,
    `${header}.${claims}.${signature}=`,
    ` ${good}`,
    good.replace(".", "\n."),
    `${header}.${claims}.${signature.slice(0, -1)}+`,
    `${b64("[]")}.${claims}.${signature}`,
    `${b64("null")}.${claims}.${signature}`,
    `${b64('{"alg":"ES256","kid":"k1"')}.${claims}.${signature}`,
    `${b64('{"alg":"none","alg":"ES256","kid":"k1"}')}.${claims}.${signature}`,
    `${b64(Uint8Array.of(0x7b, 0xff, 0x7d))}.${claims}.${signature}`,
    `${header}.${b64(`{"sub":"a","sub":"b"}`)}.${signature}`,
    `${header}.${b64("[".repeat(200))}.${signature}`,
    JSON.stringify({ payload: claims, signatures: [{ protected: header, signature }] }),
  ];
  for (const token of malformed) {
    assert.equal(await reasonOf(token), "malformed", JSON.stringify(token.slice(-60)));
  }
  // The last sextet of a signature has two bits that no decoder needs: another spelling of the same bytes.
  const last = signature.at(-1) ?? "";
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const twin = alphabet[alphabet.indexOf(last) ^ 1] ?? "";
  assert.equal(await reasonOf(`${header}.${claims}.${signature.slice(0, -1)}${twin}`), "malformed");
  assert.equal(await reasonOf("A".repeat(8_193)), "too-long");
  assert.equal(await reasonOf(make({ claims: { pad: "x".repeat(7_000) } })), "too-long");
});

Deno.test("any change of a byte of a token is refused", async () => {
  const good = await make();
  for (let i = 0; i < good.length; i++) {
    const changed = good.slice(0, i) + (good[i] === "A" ? "B" : "A") + good.slice(i + 1);
    assert.notEqual(await reasonOf(changed), "accepted", `byte ${i}`);
  }
});

Deno.test("what the development authority issues holds against the bundle that it publishes", async () => {
  const clock = () => NOW_S * 1000;
  const authority = await createJwtAuthority(clock);
  const reports: string[] = [];
  const keys = new JwtKeys((reason) => reports.push(reason));
  assert(keys.isEmpty);
  keys.update({ form: "agent", byDomain: new Map([[`spiffe://${OURS}`, authority.jwks()]]) });
  const id = parseSpiffeId("spiffe://spike.ist/app/web");
  const token = await authority.issue({ id, audience: [AUDIENCE], ttlMs: 60_000 });
  const verdict = await verifyJwtSvid(token, { keys, audience: AUDIENCE, nowMs: clock() });
  assert.deepEqual([verdict.ok && verdict.id, keys.isEmpty, reports], [id, false, []]);
});
