import type { Handlers } from "../../../lib/http/app.ts";
import { type ErrorCode, SpikeError } from "../../../lib/error/mod.ts";
import type { RawHandler, StreamHandler } from "../../../lib/http/raw.ts";
import { required } from "./required.ts";
import type {
  CipherService,
  NamedEncrypted,
  NamedService,
  StreamService,
} from "../../../lib/cipher/mod.ts";
import {
  type Encrypted,
  joinBlob,
  openedLength,
  sealedLength,
  splitBlob,
} from "../../../lib/seal/mod.ts";
import { wipe } from "../../../lib/bytes/mod.ts";

/** The operations of the encryption service. */
export type CipherOperation = "cipher.encrypt" | "cipher.decrypt" | "cipher.key.rewrap";

/** Services that encrypt and decrypt: under the default key, and under named keys where there are any. */
export interface Ciphers {
  readonly cipher: CipherService;
  readonly named: NamedService | undefined;
}

/** The same, with those for bodies of any length. */
export interface StreamCiphers extends Ciphers {
  readonly streams: StreamService;
}

/** Error code of the default key's service in JSON; in plain text the code stays as it is. */
const IN_JSON: { readonly [C in ErrorCode]?: ErrorCode } = {
  crypto_unsupported_version: "api_bad_request",
  crypto_failed_to_read_nonce: "api_bad_request",
  crypto_decryption_failed: "api_internal_error",
  crypto_cipher_not_available: "api_internal_error",
};

/**
 * Longest body that can carry a ciphertext of `limitBytes`: as numbers, the widest of its encodings, with room for
 * the rest of the message. The ciphertext's own length is checked later, after the caller is authorized.
 */
export function cipherBodyLimit(limitBytes: number): number {
  return limitBytes * 4 + 1024;
}

/** The operations in JSON. */
export function createCipherHandlers(ciphers: Ciphers): Handlers<CipherOperation> {
  const { cipher } = ciphers;
  return {
    "cipher.encrypt": async ({ plaintext: given, key, aad }) => {
      // Else a misspelt member would answer with the ciphertext of nothing.
      const plaintext = required("plaintext", given);
      try {
        return key === ""
          ? inParts(await renamed(() => cipher.encrypt(plaintext, aad)))
          : asBlob(await namedOf(ciphers).encrypt({ name: key, aad }, plaintext));
      } finally {
        wipe(plaintext);
      }
    },
    "cipher.decrypt": async ({ version, nonce, ciphertext, key, aad }) => {
      const plaintext = key === ""
        ? await renamed(() => cipher.decrypt({ version, nonce, ciphertext }, aad))
        : await namedOf(ciphers).decrypt({ name: key, aad }, ciphertext);
      const answer = { plaintext: plaintext.toBase64() };
      wipe(plaintext);
      return answer;
    },
    "cipher.key.rewrap": async ({ version, nonce, ciphertext, key, aad }) => {
      if (key !== "") return asBlob(await namedOf(ciphers).rewrap({ name: key, aad }, ciphertext));
      const plaintext = await renamed(() => cipher.decrypt({ version, nonce, ciphertext }, aad));
      try {
        return inParts(await renamed(() => cipher.encrypt(plaintext, aad)));
      } finally {
        wipe(plaintext);
      }
    },
  };
}

/** The same operations on plain bytes and blobs. */
export function createRawCipherHandlers(
  ciphers: Ciphers,
): { readonly [O in "cipher.encrypt" | "cipher.decrypt"]: RawHandler } {
  const { cipher } = ciphers;
  return {
    "cipher.encrypt": async (plaintext, _, { key, aad }) =>
      key === ""
        ? joinBlob(await cipher.encrypt(plaintext, aad))
        : (await namedOf(ciphers).encrypt({ name: key, aad }, plaintext)).blob,
    "cipher.decrypt": (blob, _, { key, aad }) =>
      key === ""
        ? cipher.decrypt(splitBlob(blob), aad)
        : namedOf(ciphers).decrypt({ name: key, aad }, blob),
  };
}

/** The same operations on streams. */
export function createStreamCipherHandlers(
  streams: StreamService,
): { readonly [O in "cipher.encrypt" | "cipher.decrypt"]: StreamHandler } {
  return {
    "cipher.encrypt": async (body, _, { length, ...request }) => ({
      bytes: await streams.encrypt(request, body),
      ...(length === undefined ? {} : { length: sealedLength(length) }),
    }),
    "cipher.decrypt": async (body, _, { length, ...request }) => {
      const opened = length === undefined ? undefined : openedLength(length);
      if (length !== undefined && opened === undefined) {
        throw new SpikeError("cipher_not_authentic", `A stream cannot have ${length} bytes`, {
          hint: "It was truncated, or is not an encrypted stream",
        });
      }
      const bytes = await streams.decrypt(request, body);
      return { bytes, ...(opened === undefined ? {} : { length: opened }) };
    },
  };
}

function inParts({ version, nonce, ciphertext }: Encrypted): unknown {
  return { version, nonce: nonce.toBase64(), ciphertext: ciphertext.toBase64() };
}

/** A ciphertext that describes itself has no separate nonce. */
function asBlob({ version, blob }: NamedEncrypted): unknown {
  return { version, ciphertext: blob.toBase64() };
}

function namedOf({ named }: Ciphers): NamedService {
  if (named) return named;
  throw new SpikeError("api_bad_request", "This Nexus has no named cipher keys", {
    hint: "A lite Nexus has only the default key; omit the name of the key",
  });
}

async function renamed<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof SpikeError ? IN_JSON[error.code] : undefined;
    if (code === undefined || !(error instanceof SpikeError)) throw error;
    throw new SpikeError(code, error.message, { cause: error });
  }
}
