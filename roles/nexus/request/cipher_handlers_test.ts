import assert from "node:assert/strict";
import { createApp } from "../../../lib/http/app.ts";
import { SpikeError } from "../../../lib/error/mod.ts";
import { createCipherService } from "../../../lib/cipher/mod.ts";
import type { Peer } from "../../../lib/mtls/mod.ts";
import { encryptUnder, joinBlob, osRandom, type RandomSource } from "../../../lib/seal/mod.ts";
import { DEFAULT_TRUST_ROOTS, hasRole, parseSpiffeId } from "../../../lib/spiffe/mod.ts";
import {
  cipherBodyLimit,
  type CipherOperation,
  createCipherHandlers,
  createRawCipherHandlers,
} from "./cipher_handlers.ts";

/** The key, nonce and blob of the published vector. */
const KEY = Uint8Array.from({ length: 32 }, (_, i) => i + 1);
const NONCE = Uint8Array.fromHex("d0d1d2d3d4d5d6d7d8d9dadb");
const SEALED = Uint8Array.fromHex("baa5aea2e7f109f00c70c1c320dda200405bad6673");
const BLOB = Uint8Array.of(1, ...NONCE, ...SEALED);
/** A generator that repeats itself, so that an answer can be foretold; the nonce follows from it and the rest. */
const STUCK: RandomSource = (length) => new Uint8Array(length).fill(7);
const LIMIT = 65_536;
const NO_STORE = "no-store, no-cache, must-revalidate, private";
const text = (words: string) => new TextEncoder().encode(words);

const peer = (path: string) =>
  ({ ok: true, id: parseSpiffeId(`spiffe://spike.ist/${path}`) }) as Peer;
const SUPERUSER = peer("spike/pilot/role/superuser");
const STRANGER = peer("workload/web");

interface Asked {
  readonly body: Uint8Array | string;
  readonly by?: Peer;
  /** Absent: JSON. */
  readonly type?: string;
}

function build(options: { random?: RandomSource; hasKey?: boolean; isReady?: boolean } = {}) {
  const { random = STUCK, hasKey = true, isReady = true } = options;
  const lines: string[] = [];
  const line = (event: string) => void lines.push(event);
  const keys = {
    current: hasKey ? 1 : 0,
    copy: (version: number) => version === 1 ? { version, bytes: KEY.slice() } : undefined,
  };
  const spend = () => Promise.resolve();
  const service = createCipherService({ keys, spend, limitBytes: LIMIT, random });
  const fetch = createApp<CipherOperation>({
    server: "nexus",
    handlers: createCipherHandlers({ cipher: service, named: undefined }),
    rawHandlers: createRawCipherHandlers({ cipher: service, named: undefined }),
    bodyLimit: () => cipherBodyLimit(LIMIT),
    assertReady: () => {
      if (!isReady) throw new SpikeError("state_not_ready", "Not yet");
    },
    authorize: ({ id }) => {
      if (hasRole(id, "superuser", DEFAULT_TRUST_ROOTS)) return { by: "role", name: "superuser" };
      throw new SpikeError("access_unauthorized", "No");
    },
    audit: () => Promise.resolve(),
    log: { debug: line, info: line, warn: line, error: line },
  });
  const ask = async (operation: "encrypt" | "decrypt", { body, by = SUPERUSER, type }: Asked) => {
    const bytes = typeof body === "string" ? text(body) : body;
    const headers = { "content-type": type ?? "application/json" };
    const url = `https://localhost/v1/cipher/${operation}`;
    const response = await fetch(new Request(url, { method: "POST", headers }), {
      peer: by,
      readBody: (limit) => {
        if (bytes.length <= limit) return Promise.resolve(bytes);
        return Promise.reject(new SpikeError("api_bad_request", "Too long"));
      },
    });
    const content = new Uint8Array(await response.arrayBuffer());
    const { status } = response;
    const { headers: told } = response;
    // Every answer carries it; what it holds differs each time.
    assert.match(told.get("spike-request-id") ?? "", /^[0-9a-f-]{36}$/);
    told.delete("spike-request-id");
    return { status, headers: told, bytes: content, text: decoded(content) };
  };
  const raw = (operation: "encrypt" | "decrypt", body: Uint8Array | string, by = SUPERUSER) =>
    ask(operation, { body, by, type: "application/octet-stream" });
  return { ask, raw, lines };
}

function decoded(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

const NO_CIPHERTEXT = (code: string) =>
  `{"version":0,"nonce":null,"ciphertext":null,"err":"${code}"}`;
const NO_PLAINTEXT = (code: string) => `{"plaintext":null,"err":"${code}"}`;

Deno.test("JSON encryption answers as the vector does, byte for byte but for the nonce", async () => {
  const { ask } = build();
  const made = await encryptUnder({ version: 1, bytes: KEY }, text("hello"), STUCK);
  const [nonce, ciphertext] = [made.nonce.toBase64(), made.ciphertext.toBase64()];
  const answer = await ask("encrypt", { body: '{"plaintext":"aGVsbG8=","algorithm":"AES-GCM"}' });
  assert.equal(answer.status, 200);
  assert.equal(
    answer.text,
    `{"version":1,"nonce":"${nonce}","ciphertext":"${ciphertext}"}`,
  );
  assert.equal(answer.headers.get("content-type"), "application/json");
  assert.equal(answer.headers.get("cache-control"), NO_STORE);
  assert.equal(answer.headers.get("content-length"), String(answer.bytes.length));
});

Deno.test("JSON decryption answers the vector, from base64 and from numbers", async () => {
  const { ask } = build();
  const forms = [
    { nonce: NONCE.toBase64(), ciphertext: SEALED.toBase64() },
    { nonce: [...NONCE], ciphertext: [...SEALED] },
  ];
  for (const form of forms) {
    const body = JSON.stringify({ version: 1, ...form, algorithm: "" });
    const answer = await ask("decrypt", { body });
    assert.deepEqual([answer.status, answer.text], [200, '{"plaintext":"aGVsbG8="}']);
  }
});

Deno.test("stream mode answers a blob like the vector's and takes that back, without headers about caching", async () => {
  const { raw } = build();
  const encrypted = await raw("encrypt", "hello");
  const made = await encryptUnder({ version: 1, bytes: KEY }, text("hello"), STUCK);
  assert.deepEqual([encrypted.status, encrypted.bytes], [200, joinBlob(made)]);
  assert.equal(encrypted.bytes.length, BLOB.length);
  const decrypted = await raw("decrypt", BLOB);
  assert.deepEqual([decrypted.status, decrypted.text], [200, "hello"]);
  for (const { headers, bytes } of [encrypted, decrypted]) {
    assert.deepEqual(Object.fromEntries(headers), {
      "content-type": "application/octet-stream",
      "content-length": String(bytes.length),
    });
  }
});

Deno.test("the two modes understand each other's ciphertexts", async () => {
  const { ask, raw } = build({ random: osRandom });
  const blob = (await raw("encrypt", "hello")).bytes;
  const [nonce, ciphertext] = [blob.slice(1, 13).toBase64(), blob.slice(13).toBase64()];
  const body = JSON.stringify({ version: blob[0], nonce, ciphertext });
  assert.equal((await ask("decrypt", { body })).text, '{"plaintext":"aGVsbG8="}');
  const made = JSON.parse((await ask("encrypt", { body: '{"plaintext":"aGVsbG8="}' })).text);
  const joined = Uint8Array.of(
    made.version,
    ...Uint8Array.fromBase64(made.nonce),
    ...Uint8Array.fromBase64(made.ciphertext),
  );
  assert.equal((await raw("decrypt", joined)).text, "hello");
});

Deno.test("an empty plaintext is legal in both modes", async () => {
  const { ask, raw } = build({ random: osRandom });
  for (const body of ['{"plaintext":""}', '{"plaintext":null}', '{"plaintext":[]}']) {
    const { version, nonce, ciphertext } = JSON.parse((await ask("encrypt", { body })).text);
    const back = await ask("decrypt", { body: JSON.stringify({ version, nonce, ciphertext }) });
    assert.deepEqual([back.status, back.text], [200, '{"plaintext":""}'], body);
  }
  const blob = await raw("encrypt", "");
  assert.deepEqual([blob.status, blob.bytes.length], [200, 29]);
  const back = await raw("decrypt", blob.bytes);
  assert.deepEqual([back.status, back.bytes.length], [200, 0]);
});

Deno.test("a plaintext that is absent or misspelt is not encrypted as an empty one", async () => {
  const { ask } = build();
  for (const body of ["{}", "null", '{"plain_text":"aGVsbG8="}', '{"text":"aGVsbG8=","key":""}']) {
    const { status, text } = await ask("encrypt", { body });
    assert.deepEqual([status, text], [400, NO_CIPHERTEXT("api_bad_request")], body);
  }
});

Deno.test("only the exact media type switches to stream mode", async () => {
  const { ask } = build();
  const body = '{"plaintext":"aGVsbG8="}';
  const others = [
    "application/octet-stream; charset=utf-8",
    "application/octet-stream;",
    "Application/Octet-Stream",
    "application/octet-stream, application/octet-stream",
    "text/plain",
  ];
  for (const type of others) {
    const answer = await ask("encrypt", { body, type });
    assert.match(answer.text, /^\{"version":1,/, type);
  }
});

Deno.test("refusals of JSON encryption have the zero answer and a code", async () => {
  const { ask } = build();
  const tooLong = JSON.stringify({ plaintext: new Uint8Array(LIMIT - 15).toBase64() });
  const rows: [Asked, number, string][] = [
    [{ body: "" }, 400, "api_bad_request"],
    [{ body: "{}x" }, 400, "api_bad_request"],
    [{ body: '{"plaintext":"aGVsbG8"}' }, 400, "api_bad_request"],
    [{ body: '{"plaintext":7}' }, 400, "api_bad_request"],
    [{ body: "{", by: STRANGER }, 400, "api_bad_request"],
    [{ body: "{}", by: STRANGER }, 401, "access_unauthorized"],
    [{ body: tooLong, by: STRANGER }, 401, "access_unauthorized"],
    [{ body: tooLong }, 400, "api_bad_request"],
  ];
  for (const [asked, status, code] of rows) {
    const answer = await ask("encrypt", asked);
    assert.deepEqual([answer.status, answer.text], [status, NO_CIPHERTEXT(code)]);
    assert.equal(answer.headers.get("cache-control"), NO_STORE);
  }
});

Deno.test("JSON decryption judges the caller first, then version, nonce, length and tag", async () => {
  const { ask } = build();
  const nonce = NONCE.toBase64();
  const long = new Uint8Array(LIMIT + 1).toBase64();
  const short = new Uint8Array(11).toBase64();
  const body = (parts: object) => JSON.stringify(parts);
  const rows: [Asked, number, string][] = [
    [{ body: "{", by: STRANGER }, 401, "access_unauthorized"],
    [{ body: "{" }, 400, "api_bad_request"],
    [{ body: "{}" }, 400, "api_bad_request"],
    [{ body: body({ version: 2, nonce, ciphertext: SEALED.toBase64() }) }, 400, "api_bad_request"],
    [{ body: body({ version: 257, nonce }) }, 400, "api_bad_request"],
    [{ body: body({ version: 1, nonce: short }) }, 400, "api_bad_request"],
    [{ body: body({ version: 1, nonce, ciphertext: long }) }, 400, "api_bad_request"],
    [{ body: body({ version: 1, nonce, ciphertext: "" }) }, 500, "api_internal_error"],
    [
      { body: body({ version: 1, nonce, ciphertext: BLOB.toBase64() }) },
      500,
      "api_internal_error",
    ],
  ];
  for (const [asked, status, code] of rows) {
    const answer = await ask("decrypt", asked);
    assert.deepEqual(
      [answer.status, answer.text],
      [status, NO_PLAINTEXT(code)],
      String(asked.body),
    );
  }
});

Deno.test("refusals of the cipher itself are plain text in stream mode", async () => {
  const { raw, lines } = build();
  const changed = BLOB.with(20, 0);
  const rows: [Uint8Array, string][] = [
    [new Uint8Array(0), "crypto_failed_to_read_version"],
    [Uint8Array.of(2), "crypto_unsupported_version"],
    [Uint8Array.of(0, ...NONCE, ...SEALED), "crypto_unsupported_version"],
    [BLOB.slice(0, 1), "crypto_failed_to_read_nonce"],
    [BLOB.slice(0, 12), "crypto_failed_to_read_nonce"],
    [BLOB.slice(0, 13), "decryption failed"],
    [changed, "decryption failed"],
  ];
  for (const [blob, expected] of rows) {
    const answer = await raw("decrypt", blob);
    assert.deepEqual([answer.status, answer.text], [400, `${expected}\n`]);
    assert.deepEqual(Object.fromEntries(answer.headers), {
      "content-type": "text/plain; charset=utf-8",
      "x-content-type-options": "nosniff",
      "content-length": String(expected.length + 1),
    });
  }
  assert.deepEqual(lines, []);
});

Deno.test("all other refusals of stream mode are JSON", async () => {
  const { raw } = build();
  const rows = [
    ["encrypt", "hello", STRANGER, 401, NO_CIPHERTEXT("access_unauthorized")],
    ["decrypt", "", STRANGER, 401, NO_PLAINTEXT("access_unauthorized")],
    ["encrypt", new Uint8Array(LIMIT - 15), SUPERUSER, 400, NO_CIPHERTEXT("api_bad_request")],
    [
      "encrypt",
      new Uint8Array(cipherBodyLimit(LIMIT) + 1),
      SUPERUSER,
      400,
      NO_CIPHERTEXT("api_bad_request"),
    ],
    [
      "decrypt",
      new Uint8Array(13 + LIMIT + 1).fill(1),
      SUPERUSER,
      400,
      NO_PLAINTEXT("api_bad_request"),
    ],
  ] as const;
  for (const [operation, body, by, status, expected] of rows) {
    const answer = await raw(operation, body, by);
    assert.deepEqual([answer.status, answer.text], [status, expected]);
    assert.equal(answer.headers.get("content-type"), "application/json");
  }
});

Deno.test("before there is a root key both modes answer 503 in JSON", async () => {
  const { ask, raw } = build({ isReady: false });
  const expected = NO_CIPHERTEXT("state_not_ready");
  assert.deepEqual([(await ask("encrypt", { body: "{}" })).status], [503]);
  const answer = await raw("encrypt", "hello");
  assert.deepEqual([answer.status, answer.text], [503, expected]);
});

Deno.test("without a cipher key stream mode says so in text, JSON mode is a failure; both are logged", async () => {
  const { ask, raw, lines } = build({ hasKey: false });
  for (const operation of ["encrypt", "decrypt"] as const) {
    const answer = await raw(operation, BLOB);
    assert.deepEqual([answer.status, answer.text], [500, "crypto_cipher_not_available\n"]);
  }
  const answer = await ask("encrypt", { body: '{"plaintext":""}' });
  assert.deepEqual([answer.status, answer.text], [500, NO_CIPHERTEXT("api_internal_error")]);
  assert.deepEqual(lines, ["operation_failed", "operation_failed", "operation_failed"]);
});

Deno.test("the longest plaintext goes through both modes and back, in every encoding", async () => {
  const { ask, raw } = build({ random: osRandom });
  const longest = osRandom(LIMIT - 16);
  const blob = await raw("encrypt", longest);
  assert.equal(blob.bytes.length, 13 + LIMIT);
  assert.deepEqual((await raw("decrypt", blob.bytes)).bytes, longest);
  for (const plaintext of [longest.toBase64(), [...longest]]) {
    const encrypted = await ask("encrypt", { body: JSON.stringify({ plaintext }) });
    assert.equal(encrypted.status, 200);
    const back = await ask("decrypt", { body: encrypted.text });
    assert.equal(back.text, JSON.stringify({ plaintext: longest.toBase64() }));
  }
});
