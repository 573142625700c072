/**
 * The head of every ciphertext that says itself what it is: `00 "SPK" ‖ kind(1) ‖ key id(16) ‖ version(4,
 * big-endian)`. The first byte tells it from a blob of the default key, which begins with its version, from 1 on.
 */
import { SpikeError } from "../error/error.ts";

/** What follows a header. A number is never reused. */
export const CIPHER_KIND = { blob: 1, stream: 2 } as const;

/** What follows a header: one sealed blob, or a stream of chunks. */
export type CipherKind = keyof typeof CIPHER_KIND;

/** What a header says. */
export interface CipherHeader {
  readonly kind: CipherKind;
  /** 16 bytes; zeros stand for the default key. */
  readonly keyId: Uint8Array;
  /** Of the key, from 1 to 2^32 - 1. */
  readonly version: number;
}

/** Length of a key's id. */
export const KEY_ID_BYTES = 16;

const MAGIC = Uint8Array.of(0x00, 0x53, 0x50, 0x4b);
const KIND_AT = MAGIC.length;
const ID_AT = KIND_AT + 1;
const VERSION_AT = ID_AT + KEY_ID_BYTES;

/** Length of a header. */
export const CIPHER_HEADER_BYTES = VERSION_AT + 4;
/** Greatest version that a header can name. */
export const MAX_NAMED_VERSION = 2 ** 32 - 1;
/** Key id of the default key. */
export const DEFAULT_KEY_ID: Uint8Array = new Uint8Array(KEY_ID_BYTES);

/** Writes a header. */
export function encodeCipherHeader({ kind, keyId, version }: CipherHeader): Uint8Array {
  if (keyId.length !== KEY_ID_BYTES) throw new TypeError(`Key id is ${keyId.length} bytes long`);
  if (!Number.isInteger(version) || version < 1 || version > MAX_NAMED_VERSION) {
    throw new TypeError(`Version ${version} has no place in a header`);
  }
  const header = new Uint8Array(CIPHER_HEADER_BYTES);
  header.set(MAGIC);
  header[KIND_AT] = CIPHER_KIND[kind];
  header.set(keyId, ID_AT);
  new DataView(header.buffer).setUint32(VERSION_AT, version);
  return header;
}

/** Whether bytes begin as a header does, whatever follows. */
export function hasCipherMagic(bytes: Uint8Array): boolean {
  return bytes.length >= MAGIC.length && MAGIC.every((byte, i) => bytes[i] === byte);
}

/** Whether bytes begin as a stream does. */
export function isStream(bytes: Uint8Array): boolean {
  return hasCipherMagic(bytes) && bytes[KIND_AT] === CIPHER_KIND.stream;
}

/** Reads the header that `bytes` begin with. Throws `api_bad_request` for bytes that begin with none of this kind. */
export function decodeCipherHeader(bytes: Uint8Array, kind: CipherKind): CipherHeader {
  if (bytes.length < CIPHER_HEADER_BYTES || !hasCipherMagic(bytes)) {
    throw new SpikeError("api_bad_request", `Ciphertext does not begin with a header`, {
      hint: "It is cut short, or of the default key: then name no key",
    });
  }
  if (bytes[KIND_AT] !== CIPHER_KIND[kind]) {
    throw new SpikeError(
      "api_bad_request",
      `Ciphertext is of kind ${bytes[KIND_AT]}, expected ${CIPHER_KIND[kind]} (${kind})`,
      { hint: "A blob and a stream are decrypted in different ways" },
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, CIPHER_HEADER_BYTES);
  return { kind, keyId: bytes.slice(ID_AT, VERSION_AT), version: view.getUint32(VERSION_AT) };
}
