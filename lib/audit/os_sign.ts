import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import type { Sign, Verify } from "./note.ts";

/** What precedes the 32 bytes of a seed in PKCS #8, and those of a public key in SPKI (RFC 8410 section 4 and 7). */
const PKCS8 = "302e020100300506032b657004220420";
const SPKI = "302a300506032b6570032100";

/** Signs under an Ed25519 seed. The runtime keeps a copy of the key until the signer is forgotten. */
export function signerOf(seed: Uint8Array): { sign: Sign; publicKey: Uint8Array } {
  const der = new Uint8Array(PKCS8.length / 2 + seed.length);
  der.setFromHex(PKCS8);
  der.set(seed, PKCS8.length / 2);
  const key = createPrivateKey(
    { key: der as unknown as KeyObject, format: "der", type: "pkcs8" } as never,
  );
  der.fill(0);
  const spki = createPublicKey(key).export({ format: "der", type: "spki" });
  return {
    sign: (message) => sign(null, message, key),
    publicKey: new Uint8Array(spki).slice(-32),
  };
}

/** Verifies Ed25519 signatures; the last key is remembered. */
export function nativeVerifier(): Verify {
  let last: { bytes: string; key: KeyObject } | undefined;
  return (publicKey, message, signature) => {
    const bytes = publicKey.toHex();
    if (last?.bytes !== bytes) last = { bytes, key: publicKeyOf(bytes) };
    return verify(null, message, last.key, signature);
  };
}

function publicKeyOf(hex: string): KeyObject {
  return createPublicKey(
    { key: Uint8Array.fromHex(SPKI + hex), format: "der", type: "spki" } as never,
  );
}
