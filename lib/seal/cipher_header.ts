/**
 * The header of self-describing ciphertexts: `00 "SPK" ‖ kind(1) ‖ key id(16) ‖ version(4, big-endian)`. The first byte
 * distinguishes them from a blob of the default key, which begins with a version from 1 on.
 */
import { SpikeError } from "../error/error.ts";

/** Codes of the kinds of ciphertext. A number is never reused. */
export const CIPHER_KIND = { blob: 1, stream: 2 } as const;

/** Kind of ciphertext after a header: one sealed blob, or a stream of chunks. */
export type CipherKind = keyof typeof CIPHER_KIND;

/** A decoded header. */
export interface CipherHeader {
  /** What follows the header. */
  readonly kind: CipherKind;
  /** 16 bytes; all zeros for the default key. */
  readonly keyId: Uint8Array;
  /** Version of the key, from 1 to 2^32 - 1. */
  readonly version: number;
}

/** Length of a key id, bytes. */
export const KEY_ID_BYTES = 16;

const MAGIC = Uint8Array.of(0x00, 0x53, 0x50, 0x4b);
const KIND_AT = MAGIC.length;
const ID_AT = KIND_AT + 1;
const VERSION_AT = ID_AT + KEY_ID_BYTES;

/** Length of a header, bytes. */
export const CIPHER_HEADER_BYTES: number = VERSION_AT + 4;
/** Highest key version in a header. */
export const MAX_NAMED_VERSION = 2 ** 32 - 1;
/** Key id of the default key. */
export const DEFAULT_KEY_ID: Uint8Array = new Uint8Array(KEY_ID_BYTES);

/**
 * Encodes a header.
 *
 * @throws {TypeError} for a key id or version out of range
 */
export function encodeCipherHeader({ kind, keyId, version }: CipherHeader): Uint8Array {
  if (keyId.length !== KEY_ID_BYTES) throw new TypeError(`Key id is ${keyId.length} bytes long`);
  if (!Number.isInteger(version) || version < 1 || version > MAX_NAMED_VERSION) {
    throw new TypeError(`Version ${version} does not fit in a header`);
  }
  const header = new Uint8Array(CIPHER_HEADER_BYTES);
  header.set(MAGIC);
  header[KIND_AT] = CIPHER_KIND[kind];
  header.set(keyId, ID_AT);
  new DataView(header.buffer).setUint32(VERSION_AT, version);
  return header;
}

/** Whether bytes begin with the magic of a header. */
export function hasCipherMagic(bytes: Uint8Array): boolean {
  return bytes.length >= MAGIC.length && MAGIC.every((byte, i) => bytes[i] === byte);
}

/** Whether bytes begin with the header of a stream. */
export function isStream(bytes: Uint8Array): boolean {
  return hasCipherMagic(bytes) && bytes[KIND_AT] === CIPHER_KIND.stream;
}

/**
 * Decodes the header at the start of `bytes`.
 *
 * @throws {SpikeError} api_bad_request if there is no header of this kind
 */
export function decodeCipherHeader(bytes: Uint8Array, kind: CipherKind): CipherHeader {
  if (bytes.length < CIPHER_HEADER_BYTES || !hasCipherMagic(bytes)) {
    throw new SpikeError("api_bad_request", `Ciphertext does not begin with a header`, {
      hint: "It is truncated, or was encrypted under the default key: then do not name a key",
    });
  }
  if (bytes[KIND_AT] !== CIPHER_KIND[kind]) {
    throw new SpikeError(
      "api_bad_request",
      `Ciphertext is of kind ${bytes[KIND_AT]}, expected ${CIPHER_KIND[kind]} (${kind})`,
      { hint: "Blobs and streams are decrypted by different requests" },
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, CIPHER_HEADER_BYTES);
  return { kind, keyId: bytes.slice(ID_AT, VERSION_AT), version: view.getUint32(VERSION_AT) };
}
