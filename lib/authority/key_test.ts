import assert from "node:assert/strict";
import { makeKeys } from "./key.ts";

const ECDSA = { name: "ECDSA", hash: "SHA-256" };
const text = new TextEncoder().encode("what is signed");

Deno.test("what the private key signs, the public key verifies, and no other pair's", async () => {
  const [a, b] = [await makeKeys(), await makeKeys()];
  const signature = await crypto.subtle.sign(ECDSA, a.privateKey, text);
  assert.equal(await crypto.subtle.verify(ECDSA, a.publicKey, signature, text), true);
  assert.equal(await crypto.subtle.verify(ECDSA, b.publicKey, signature, text), false);
});

Deno.test("a key follows from the random bytes alone, which are wiped", async () => {
  const drawn: Uint8Array[] = [];
  const source = (byte: number) => (length: number) => {
    const bytes = new Uint8Array(length).fill(byte);
    drawn.push(bytes);
    return bytes;
  };
  const rawOf = async (byte: number) => {
    const { publicKey } = await makeKeys(source(byte));
    return new Uint8Array(await crypto.subtle.exportKey("raw", publicKey)).toHex();
  };
  assert.equal(await rawOf(5), await rawOf(5));
  assert.notEqual(await rawOf(5), await rawOf(6));
  assert.ok(drawn.every((bytes) => bytes.length === 48 && bytes.every((byte) => byte === 0)));
});

Deno.test("both keys can be exported, in the forms that files and key sets take", async () => {
  const { privateKey, publicKey } = await makeKeys();
  assert.ok((await crypto.subtle.exportKey("pkcs8", privateKey)).byteLength > 100);
  const { kty, crv } = await crypto.subtle.exportKey("jwk", publicKey);
  assert.deepEqual([kty, crv], ["EC", "P-256"]);
});
