import { SpikeError } from "../error/error.ts";
import { constantTimeEqual, wipe } from "../bytes/mod.ts";
import {
  NAMED_OVERHEAD,
  openNamed,
  type RandomSource,
  readNamedHeader,
  sealNamed,
  TAG_BYTES,
} from "../seal/mod.ts";
import { type KeyHead, newestVersion } from "./key_head.ts";
import type { KeyReader } from "./key_reader.ts";
import { MAX_AAD_BYTES } from "./service.ts";

/** The key to use, and the additional data. */
export interface NamedRequest {
  /** Name of the key. */
  readonly name: string;
  /** Additional authenticated data of the caller; empty for none. */
  readonly aad: Uint8Array;
}

/** Result of an encryption. */
export interface NamedEncrypted {
  /** Version of the key. */
  readonly version: number;
  /** The ciphertext with header, nonce and tag. */
  readonly blob: Uint8Array;
}

/**
 * Encrypts and decrypts under named keys.
 *
 * @throws {SpikeError} all methods reject with `api_not_found` for a key that does not exist, `cipher_key_retired` for a
 * retired one, and `api_bad_request` for more bytes than the limit allows
 */
export interface NamedService {
  /** Encrypts under the newest version with AES-256-GCM. */
  encrypt(request: NamedRequest, plaintext: Uint8Array): Promise<NamedEncrypted>;
  /**
   * Rejects with `api_bad_request` for bytes without a header, `crypto_unsupported_version` for a version that the key
   * has not, or has left behind, and `cipher_not_authentic` for everything else that does not decrypt. The caller
   * wipes the plaintext.
   */
  decrypt(request: NamedRequest, blob: Uint8Array): Promise<Uint8Array>;
  /** Decrypts and encrypts anew under the newest version; the plaintext does not leave Nexus. */
  rewrap(request: NamedRequest, blob: Uint8Array): Promise<NamedEncrypted>;
}

/** What a service works with. */
export interface NamedServiceOptions {
  /** The reader of this thread. */
  readonly keys: () => KeyReader;
  /** Waits until one more encryption under this version is accounted for. */
  readonly spend: (name: string, version: number) => Promise<void>;
  /** Longest plaintext with its tag, in bytes. */
  readonly limitBytes: number;
  /** Source of nonces. */
  readonly random: RandomSource;
}

/** Makes the service; every thread that serves requests has one. */
export function createNamedService(options: NamedServiceOptions): NamedService {
  const encrypt: NamedService["encrypt"] = async ({ name, aad }, plaintext) => {
    requireSize("Plaintext", plaintext, options.limitBytes - TAG_BYTES);
    requireSize("Additional data", aad, MAX_AAD_BYTES);
    const head = await usable(options, name);
    const version = newestVersion(head);
    await options.spend(name, version);
    const bytes = await options.keys().copy(head, version);
    try {
      const blob = await sealNamed({ id: head.id, version, bytes }, plaintext, aad, options.random);
      return { version, blob };
    } finally {
      wipe(bytes);
    }
  };
  const decrypt: NamedService["decrypt"] = async ({ name, aad }, blob) => {
    requireSize("Ciphertext", blob, options.limitBytes - TAG_BYTES + NAMED_OVERHEAD);
    requireSize("Additional data", aad, MAX_AAD_BYTES);
    const head = await usable(options, name);
    const header = readNamedHeader(blob);
    requireVersion(head, header);
    const bytes = await options.keys().copy(head, header.version);
    try {
      return await openNamed(bytes, blob, aad);
    } catch (cause) {
      throw notAuthentic(name, cause);
    } finally {
      wipe(bytes);
    }
  };
  return {
    encrypt,
    decrypt,
    async rewrap(request, blob) {
      const plaintext = await decrypt(request, blob);
      try {
        return await encrypt(request, plaintext);
      } finally {
        wipe(plaintext);
      }
    },
  };
}

/** The head of a key that may be used. */
export async function usable(
  { keys }: Pick<NamedServiceOptions, "keys">,
  name: string,
): Promise<KeyHead> {
  const head = await keys().head(name);
  if (!head.isRetired) return head;
  throw new SpikeError("cipher_key_retired", `Cipher key ${name} is retired`, {
    hint: `Reactivate it with: spike cipher key set ${name} --retired false`,
  });
}

/** Throws unless a ciphertext's header names this key and a version of it that still decrypts. */
export function requireVersion(
  head: KeyHead,
  { keyId, version }: { readonly keyId: Uint8Array; readonly version: number },
): void {
  if (!constantTimeEqual(keyId, head.id)) {
    throw new SpikeError(
      "cipher_not_authentic",
      `Ciphertext was encrypted with a key other than ${head.name}`,
      { hint: "Name the key that it was encrypted with" },
    );
  }
  const newest = newestVersion(head);
  if (version >= head.minVersion && version <= newest) return;
  throw new SpikeError(
    "crypto_unsupported_version",
    `Ciphertext is of version ${version} of key ${head.name}, expected ${head.minVersion} to ${newest}`,
    { hint: "Lower the minimum version of the key, then rewrap the ciphertext" },
  );
}

function requireSize(what: string, bytes: Uint8Array, limit: number): void {
  if (bytes.length <= limit) return;
  throw new SpikeError(
    "api_bad_request",
    `${what} is ${bytes.length} bytes long, at most ${limit} are allowed`,
    { hint: "Encrypt long data as a stream", reason: "too_long" },
  );
}

function notAuthentic(name: string, cause: unknown): unknown {
  if (!(cause instanceof SpikeError) || cause.code !== "crypto_decryption_failed") return cause;
  return new SpikeError("cipher_not_authentic", `Ciphertext does not decrypt under key ${name}`, {
    hint: "It was changed, or encrypted with other additional data",
    cause,
  });
}
