import assert from "node:assert/strict";
import fc from "fast-check";
import { type CipherKey, osRandom } from "../seal/mod.ts";
import { type CipherKeys, createCipherService } from "./service.ts";

const LIMIT = 256;

function build(options: { versions?: number; isGone?: boolean } = {}) {
  const { versions = 1 } = options;
  const stored = Array.from({ length: versions }, () => osRandom(32));
  const copies: CipherKey[] = [];
  const spent: number[] = [];
  const keys: CipherKeys = {
    current: versions,
    copy: (version) => {
      const bytes = stored[version - 1]?.slice();
      if (!bytes || options.isGone) return undefined;
      copies.push({ version, bytes });
      return { version, bytes };
    },
  };
  const spend = (version: number) => Promise.resolve(void spent.push(version));
  const service = createCipherService({ keys, spend, limitBytes: LIMIT, random: osRandom });
  const older = createCipherService({
    keys: { ...keys, current: 1 },
    spend,
    limitBytes: LIMIT,
    random: osRandom,
  });
  return { service, older, copies, spent };
}

Deno.test("what was encrypted is decrypted, each encryption spends one", async () => {
  const { service, spent } = build();
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: LIMIT - 16 }), async (plaintext) => {
      const encrypted = await service.encrypt(plaintext);
      assert.equal(encrypted.version, 1);
      assert.equal(encrypted.nonce.length, 12);
      assert.equal(encrypted.ciphertext.length, plaintext.length + 16);
      assert.deepEqual(await service.decrypt(encrypted), plaintext);
    }),
    { numRuns: 40 },
  );
  assert.equal(spent.length, 40);
});

Deno.test("the longest plaintext can be decrypted, one byte more is refused and spends nothing", async () => {
  const { service, spent } = build();
  const encrypted = await service.encrypt(new Uint8Array(LIMIT - 16));
  assert.equal((await service.decrypt(encrypted)).length, LIMIT - 16);
  await assert.rejects(service.encrypt(new Uint8Array(LIMIT - 15)), {
    code: "api_bad_request",
    message: "Plaintext is 241 bytes long, at most 240 are allowed",
  });
  assert.equal(spent.length, 1);
});

Deno.test("decryption judges version, nonce, length and tag in this order", async () => {
  const { service } = build();
  const nonce = new Uint8Array(12);
  const long = new Uint8Array(LIMIT + 1);
  const rows = [
    [{ version: 0, nonce: new Uint8Array(11), ciphertext: long }, "crypto_unsupported_version"],
    [{ version: 2, nonce, ciphertext: long }, "crypto_unsupported_version"],
    [{ version: 1, nonce: new Uint8Array(11), ciphertext: long }, "crypto_failed_to_read_nonce"],
    [{ version: 1, nonce: new Uint8Array(13), ciphertext: long }, "crypto_failed_to_read_nonce"],
    [{ version: 1, nonce, ciphertext: long }, "api_bad_request"],
    [{ version: 1, nonce, ciphertext: new Uint8Array(LIMIT) }, "crypto_decryption_failed"],
    [{ version: 1, nonce, ciphertext: new Uint8Array(0) }, "crypto_decryption_failed"],
  ] as const;
  for (const [encrypted, code] of rows) await assert.rejects(service.decrypt(encrypted), { code });
});

Deno.test("new ciphertexts are of the newest version, old ones stay readable", async () => {
  const { service, older, spent } = build({ versions: 2 });
  const plaintext = Uint8Array.of(1, 2, 3);
  const old = await older.encrypt(plaintext);
  assert.equal(old.version, 1);
  const fresh = await service.encrypt(plaintext);
  assert.equal(fresh.version, 2);
  assert.deepEqual(await service.decrypt(old), plaintext);
  await assert.rejects(service.decrypt({ ...fresh, version: 1 }), {
    code: "crypto_decryption_failed",
  });
  assert.deepEqual(spent, [1, 2]);
});

Deno.test("every copy of the key is wiped, also after a failure", async () => {
  const { service, copies } = build();
  const encrypted = await service.encrypt(new Uint8Array(5));
  await assert.rejects(service.decrypt({ ...encrypted, nonce: new Uint8Array(12) }));
  assert.equal(copies.length, 2);
  for (const { bytes } of copies) assert.ok(bytes.every((byte) => byte === 0));
});

Deno.test("without a key nothing is encrypted and nothing decrypted", async () => {
  for (const { service } of [build({ versions: 0 }), build({ isGone: true })]) {
    const refusal = { code: "crypto_cipher_not_available" };
    await assert.rejects(service.encrypt(new Uint8Array(1)), refusal);
    const encrypted = { version: 1, nonce: new Uint8Array(12), ciphertext: new Uint8Array(16) };
    await assert.rejects(service.decrypt(encrypted), refusal);
  }
});
