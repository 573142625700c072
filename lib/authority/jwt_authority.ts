import { makeKeys } from "./key.ts";
import type { SpiffeId } from "../spiffe/id.ts";

/** Signs JWT-SVIDs of one trust domain, for development and tests. Its key lives in memory only. */
export interface JwtAuthority {
  /** A token that holds from now on. */
  issue(request: JwtRequest): Promise<string>;
  /** The JWK set with its public key, as an agent hands it out. */
  jwks(): Uint8Array;
}

/** What a token is to say. */
export interface JwtRequest {
  readonly id: SpiffeId;
  readonly audience: readonly string[];
  readonly ttlMs: number;
}

/** Makes an authority that signs with ES256. `clock` in milliseconds since the epoch. */
export async function createJwtAuthority(clock: () => number = Date.now): Promise<JwtAuthority> {
  const { privateKey, publicKey } = await makeKeys();
  const { kty, crv, x, y } = await crypto.subtle.exportKey("jwk", publicKey);
  const kid = crypto.randomUUID();
  return {
    jwks: () => encode({ keys: [{ kty, crv, x, y, kid, use: "jwt-svid" }] }),
    issue: async ({ id, audience, ttlMs }) => {
      const now = Math.floor(clock() / 1000);
      const header = { alg: "ES256", kid, typ: "JWT" };
      const claims = { sub: id, aud: audience, iat: now, exp: now + Math.ceil(ttlMs / 1000) };
      const signed = `${base64url(encode(header))}.${base64url(encode(claims))}`;
      const bytes = new TextEncoder().encode(signed);
      const hash = { name: "ECDSA", hash: "SHA-256" };
      const signature = await crypto.subtle.sign(hash, privateKey, bytes);
      return `${signed}.${base64url(new Uint8Array(signature))}`;
    },
  };
}

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function base64url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}
