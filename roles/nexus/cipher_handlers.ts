import type { Handlers } from "../../lib/api/app.ts";
import { type ErrorCode, SpikeError } from "../../lib/api/mod.ts";
import type { RawHandler } from "../../lib/api/raw.ts";
import type { CipherService } from "../../lib/cipher/mod.ts";
import { joinBlob, splitBlob, wipe } from "../../lib/seal/mod.ts";

/** The operations of the encryption service. */
export type CipherOperation = "cipher.encrypt" | "cipher.decrypt";

/** What a failure of the service is called in JSON; in plain text it keeps its own name. */
const IN_JSON: { readonly [C in ErrorCode]?: ErrorCode } = {
  crypto_unsupported_version: "api_bad_request",
  crypto_failed_to_read_nonce: "api_bad_request",
  crypto_decryption_failed: "api_internal_error",
  crypto_cipher_not_available: "api_internal_error",
};

/**
 * Longest body that can carry a ciphertext of `limitBytes`: as numbers, the widest of its encodings, with room for
 * the rest of the message. What the ciphertext itself may measure is judged later, after the caller.
 */
export function cipherBodyLimit(limitBytes: number): number {
  return limitBytes * 4 + 1024;
}

/** The operations in JSON. */
export function createCipherHandlers(cipher: CipherService): Handlers<CipherOperation> {
  return {
    "cipher.encrypt": async ({ plaintext }) => {
      const { version, nonce, ciphertext } = await named(() => cipher.encrypt(plaintext))
        .finally(() => wipe(plaintext));
      return { version, nonce: nonce.toBase64(), ciphertext: ciphertext.toBase64() };
    },
    "cipher.decrypt": async ({ version, nonce, ciphertext }) => {
      const plaintext = await named(() => cipher.decrypt({ version, nonce, ciphertext }));
      const answer = { plaintext: plaintext.toBase64() };
      wipe(plaintext);
      return answer;
    },
  };
}

/** The same operations on plain bytes and blobs. */
export function createRawCipherHandlers(
  cipher: CipherService,
): { readonly [O in CipherOperation]: RawHandler } {
  return {
    "cipher.encrypt": async (plaintext) => joinBlob(await cipher.encrypt(plaintext)),
    "cipher.decrypt": (blob) => cipher.decrypt(splitBlob(blob)),
  };
}

async function named<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof SpikeError ? IN_JSON[error.code] : undefined;
    if (code === undefined || !(error instanceof SpikeError)) throw error;
    throw new SpikeError(code, error.message, { cause: error });
  }
}
