import assert from "node:assert/strict";
import { recordOf } from "../api/member.ts";
import { SpikeError } from "../error/error.ts";
import { type Client, createClient } from "./client.ts";
import type { Transport } from "./exchange.ts";

interface Sent {
  readonly url: string;
  readonly body: unknown;
}

/** A client whose every call is answered with `status` and `answer`; `sent` holds what went out. */
function clientWith(status: number, answer: unknown): { client: Client; sent: Sent[] } {
  const sent: Sent[] = [];
  const text = typeof answer === "string" ? answer : JSON.stringify(answer);
  const transport: Transport = {
    post: (url, body) => {
      sent.push({ url, body: typeof body === "string" ? JSON.parse(body) : [...body] });
      return Promise.resolve({ status, body: new TextEncoder().encode(text) });
    },
    close: () => Promise.resolve(),
  };
  return { client: createClient({ nexusUrl: "https://nexus:8553", transport }), sent };
}

async function failureOf(status: number, answer: unknown): Promise<SpikeError> {
  const { client } = clientWith(status, answer);
  try {
    await client.getSecret("a/b");
  } catch (error) {
    assert.ok(error instanceof SpikeError);
    return error;
  }
  assert.fail("the call succeeded");
}

const POLICY = {
  name: "web",
  spiffeidPattern: "^spiffe://example\\.org/web$",
  pathPattern: "^tenants/acme/.*$",
  permissions: ["read", "list"],
};

/** Calls, what the server answers, and the request that they send. */
const CALLS: [(client: Client) => Promise<unknown>, unknown, string, unknown][] = [
  [(c) => c.putSecret("a", { k: "v" }), {}, "/v1/store/secrets", {
    path: "a",
    values: { k: "v" },
  }],
  [(c) => c.getSecret("a", 2), { data: {} }, "/v1/store/secrets?action=get", {
    path: "a",
    version: 2,
  }],
  [(c) => c.listSecrets(), { keys: [] }, "/v1/store/secrets?action=list", {}],
  [(c) => c.deleteSecret("a"), {}, "/v1/store/secrets?action=delete", {
    path: "a",
    versions: [],
  }],
  [
    (c) => c.undeleteSecret("a", [1, 2]),
    {},
    "/v1/store/secrets?action=undelete",
    { path: "a", versions: [1, 2] },
  ],
  [
    (c) => c.secretMetadata("a"),
    { metadata: {} },
    "/v1/store/secrets/metadata?action=get",
    { path: "a", version: 0 },
  ],
  [
    (c) => c.putPolicy(POLICY),
    { id: "web" },
    "/v1/acl/policy",
    POLICY,
  ],
  [(c) => c.getPolicy("web"), {}, "/v1/acl/policy?action=get", { id: "web" }],
  [(c) => c.deletePolicy("web"), {}, "/v1/acl/policy?action=delete", { id: "web" }],
  [(c) => c.listPolicies({ pathPattern: "^a$" }), {}, "/v1/acl/policy?action=list", {
    spiffeidPattern: "",
    pathPattern: "^a$",
  }],
  [
    (c) => c.explainAccess({ spiffeid: "spiffe://a/b", path: "a", permissions: ["read"] }),
    {},
    "/v1/acl/policy?action=explain",
    { spiffeid: "spiffe://a/b", path: "a", permissions: ["read"] },
  ],
  [
    (c) => c.whoCan({ path: "a", permissions: ["read"] }),
    {},
    "/v1/acl/policy?action=who-can",
    { path: "a", permissions: ["read"], spiffeids: [] },
  ],
  [(c) => c.encrypt(Uint8Array.of(104, 105), { algorithm: "x" }), {}, "/v1/cipher/encrypt", {
    plaintext: "aGk=",
    algorithm: "x",
  }],
  [
    (c) => c.decrypt({ version: 1, nonce: new Uint8Array(3), ciphertext: Uint8Array.of(255) }),
    {},
    "/v1/cipher/decrypt",
    { version: 1, nonce: "AAAA", ciphertext: "/w==", algorithm: "" },
  ],
  [(c) => c.encryptBlob(Uint8Array.of(7)), {}, "/v1/cipher/encrypt", [7]],
  [(c) => c.decryptBlob(Uint8Array.of(1, 2)), {}, "/v1/cipher/decrypt", [1, 2]],
  [(c) => c.status(), { state: "ready" }, "/v1/status", {}],
  [(c) => c.recover(), { shards: {} }, "/v1/operator/recover", {}],
  [
    (c) => c.restore({ index: 2, bytes: new Uint8Array(32).fill(3) }),
    {},
    "/v1/operator/restore",
    { id: 2, shard: Array(32).fill(3) },
  ],
  [
    (c) => c.verify({ nonce: new Uint8Array(3), ciphertext: Uint8Array.of(255) }),
    { hash: "ab" },
    "/v1/bootstrap/verify",
    { nonce: "AAAA", ciphertext: "/w==" },
  ],
];

Deno.test("each call sends the request that the original's clients send", async () => {
  for (const [call, answer, path, body] of CALLS) {
    const { client, sent } = clientWith(200, answer);
    await call(client);
    assert.deepEqual(sent, [{ url: `https://nexus:8553${path}`, body }]);
  }
});

Deno.test("readSecret() gives all of a version, and nothing while the state is known", async () => {
  const tags: (string | undefined)[] = [];
  const transport: Transport = {
    post: (_url, _body, options) => {
      const known = options?.headers?.["if-none-match"];
      tags.push(known);
      const answer = { data: { a: "1" }, binary: { b: "/w==" }, version: 2, expiresAt: "x" };
      const body = new TextEncoder().encode(JSON.stringify(answer));
      return Promise.resolve(
        known === '"7-a"'
          ? { status: 304, body: new Uint8Array() }
          : { status: 200, headers: { etag: '"7-a"' }, body },
      );
    },
    close: () => Promise.resolve(),
  };
  const client = createClient({ nexusUrl: "https://nexus:8553", transport });
  const secret = await client.readSecret("a");
  assert.deepEqual(secret, {
    values: recordOf([["a", "1"]]),
    binary: { b: Uint8Array.of(255) },
    version: 2,
    expiresAt: "x",
    tag: '"7-a"',
  });
  assert.equal(await client.readSecret("a", { known: secret?.tag ?? "" }), undefined);
  assert.deepEqual(tags, [undefined, '"7-a"']);
});

Deno.test("readSecrets() gives a verdict for each path", async () => {
  const secrets = [
    { path: "a", data: { k: "v" }, version: 1 },
    { path: "b", err: "api_not_found" },
    {
      path: "c",
      err: "made_up",
    },
  ];
  assert.deepEqual(await clientWith(200, { secrets }).client.readSecrets(["a", "b", "c"]), [
    { path: "a", secret: { values: recordOf([["k", "v"]]), binary: {}, version: 1 } },
    { path: "b", code: "api_not_found" },
    { path: "c", code: "api_internal_error" },
  ]);
});

Deno.test("listSecrets() asks for page after page", async () => {
  const asked: unknown[] = [];
  const pages = [{ keys: ["a"], next: "~1.x" }, { keys: [], next: "~1.y" }, { keys: ["b"] }];
  const transport: Transport = {
    post: (_url, body) => {
      asked.push(JSON.parse(String(body)));
      const text = JSON.stringify(pages[asked.length - 1]);
      return Promise.resolve({ status: 200, body: new TextEncoder().encode(text) });
    },
    close: () => Promise.resolve(),
  };
  const client = createClient({ nexusUrl: "https://nexus:8553", transport });
  assert.deepEqual(await client.listSecrets(), ["a", "b"]);
  assert.deepEqual(asked, [{}, { after: "~1.x" }, { after: "~1.y" }]);
});

Deno.test("getSecret() gives the pairs, or null where null was put", async () => {
  const { client } = clientWith(200, { data: { b: "2", a: "1" } });
  assert.deepEqual(Object.entries(await client.getSecret("a") ?? {}), [["b", "2"], ["a", "1"]]);
  assert.equal(await clientWith(200, { data: null }).client.getSecret("a"), null);
});

Deno.test("secretMetadata() gives the versions ascending", async () => {
  const { client } = clientWith(200, {
    versions: { "10": { version: 10, createdTime: "b" }, "9": { version: 9, createdTime: "a" } },
    metadata: { currentVersion: 10, oldestVersion: 9, maxVersions: 10 },
  });
  const metadata = await client.secretMetadata("a");
  assert.deepEqual(metadata.versions.map(({ version }) => version), [9, 10]);
  assert.equal(metadata.currentVersion, 10);
});

Deno.test("a refusal has the code that goes with its status", async () => {
  const table = [
    [400, "api_bad_request"],
    [401, "access_unauthorized"],
    [404, "api_not_found"],
    [429, "overloaded"],
    [500, "api_internal_error"],
    [503, "state_not_ready"],
    [403, "net_peer_connection"],
    [302, "net_peer_connection"],
    [201, "net_peer_connection"],
  ] as const;
  for (const [status, code] of table) {
    assert.equal((await failureOf(status, "no JSON")).code, code, String(status));
  }
});

Deno.test("a code in the body counts where it fits the status", async () => {
  assert.equal((await failureOf(503, { err: "database_lost" })).code, "database_lost");
  assert.equal(
    (await failureOf(500, { err: "state_integrity_check" })).code,
    "state_integrity_check",
  );
  assert.equal((await failureOf(401, { err: "api_not_found" })).code, "access_unauthorized");
  assert.equal((await failureOf(400, { err: "made_up" })).code, "api_bad_request");
  assert.equal((await failureOf(200, { err: "api_not_found" })).code, "api_not_found");
});

Deno.test("getPolicy() reads the pattern under either of its spellings", async () => {
  const { name, pathPattern, permissions, spiffeidPattern } = POLICY;
  const kept = { id: "", name, pathPattern, permissions, createdAt: "c", updatedAt: "u" };
  const spellings = [
    { spiffiedPattern: spiffeidPattern },
    { spiffeidPattern },
    { spiffeidPattern, spiffiedPattern: spiffeidPattern },
  ];
  for (const spelling of spellings) {
    const { client } = clientWith(200, { ...kept, ...spelling });
    assert.deepEqual(await client.getPolicy("web"), { ...kept, spiffeidPattern });
  }
});

Deno.test("listPolicies() sorts by name", async () => {
  const { client } = clientWith(200, {
    policies: [{ id: "", name: "b" }, { id: "", name: "a" }],
  });
  assert.deepEqual(await client.listPolicies(), [{ id: "", name: "a" }, { id: "", name: "b" }]);
  assert.deepEqual(await clientWith(200, { policies: null }).client.listPolicies(), []);
});

Deno.test("a blob travels as plain bytes under their exact media type, and so does the answer", async () => {
  let mediaType: string | undefined;
  const transport: Transport = {
    post: (_url, _body, options) => {
      mediaType = options?.headers?.["content-type"];
      return Promise.resolve({ status: 200, body: Uint8Array.of(1, 0, 255) });
    },
    close: () => Promise.resolve(),
  };
  const client = createClient({ nexusUrl: "https://nexus:8553", transport });
  assert.deepEqual(await client.encryptBlob(new Uint8Array()), Uint8Array.of(1, 0, 255));
  assert.equal(mediaType, "application/octet-stream");
});

Deno.test("a refusal in plain text has its code", async () => {
  const table = [
    [400, "decryption failed\n", "crypto_decryption_failed"],
    [400, "crypto_unsupported_version\n", "crypto_unsupported_version"],
    [500, "crypto_cipher_not_available\n", "crypto_cipher_not_available"],
    [400, "access_unauthorized\n", "api_bad_request"],
    [401, "decryption failed\n", "access_unauthorized"],
  ] as const;
  for (const [status, text, code] of table) {
    assert.equal((await failureOf(status, text)).code, code, text);
  }
});

Deno.test("an answer that cannot be read says so", async () => {
  for (const answer of ["", "<html>", "[]", '{"data":[1]}']) {
    assert.equal((await failureOf(200, answer)).code, "data_unmarshal_failure", answer);
  }
});

Deno.test("a denial names the identity that was denied", async () => {
  const transport: Transport = {
    post: () => Promise.resolve({ status: 401, body: new Uint8Array() }),
    close: () => Promise.resolve(),
  };
  const identity = "spiffe://spike.ist/web";
  const client = createClient({ nexusUrl: "https://nexus:8553", transport, identity });
  await assert.rejects(client.listSecrets(), {
    code: "access_unauthorized",
    message: "Nexus denied access to spiffe://spike.ist/web",
  });
});
