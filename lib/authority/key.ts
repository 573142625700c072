import { osRandom } from "../seal/os_random.ts";

/** Algorithm of every key: ECDSA on P-256, signatures over SHA-256. */
export const KEY_ALGORITHM = { name: "ECDSA", namedCurve: "P-256" } as const;

/** Enough that the remainder modulo the group's order is as good as uniform (FIPS 186-5 appendix A.2.1). */
const SEED_BYTES = 48;

/**
 * A new pair of keys, made from `random`: Web Crypto would draw it from the runtime's generator, of which a copy of a
 * running machine has a copy. The curve's library is loaded by the first call.
 */
export async function makeKeys(
  random: (length: number) => Uint8Array = osRandom,
): Promise<CryptoKeyPair> {
  const { p256 } = await import("@noble/curves/nist.js");
  const seed = random(SEED_BYTES);
  const secret = p256.utils.randomSecretKey(seed);
  const point = new Uint8Array(p256.getPublicKey(secret, false));
  const [x, y, d] = [point.subarray(1, 33), point.subarray(33), secret].map(base64url);
  const { subtle } = crypto;
  const jwk = { kty: "EC", crv: KEY_ALGORITHM.namedCurve, x, y, d } as JsonWebKey;
  const privateKey = await subtle.importKey("jwk", jwk, KEY_ALGORITHM, true, ["sign"]);
  const publicKey = await subtle.importKey("raw", point, KEY_ALGORITHM, true, ["verify"]);
  seed.fill(0);
  secret.fill(0);
  return { privateKey, publicKey };
}

function base64url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}
