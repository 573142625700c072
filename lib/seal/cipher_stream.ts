/**
 * Streams: `header ‖ salt(32) ‖ chunk …`, for plaintexts that do not fit in memory. Each stream has its own key, derived
 * from the cipher key and the salt by HKDF, so that nonces can be counters. A chunk is 64 KiB of plaintext, sealed with
 * AES-256-GCM; only the last one may be shorter, and it alone has the last-chunk flag in its nonce (the STREAM
 * construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015). Header, salt and the caller's own data are the AAD of
 * every chunk. A modified, moved, dropped, repeated or foreign chunk is therefore detected, and so is a truncated end.
 */
import { SpikeError } from "../error/error.ts";
import { wipe } from "../bytes/bytes.ts";
import type { CipherKey } from "./cipher_blob.ts";
import {
  CIPHER_HEADER_BYTES,
  type CipherHeader,
  decodeCipherHeader,
  encodeCipherHeader,
} from "./cipher_header.ts";
import { deriveKey, LABEL } from "./derive.ts";
import { type BulkKey, importBulkKey, NONCE_BYTES, TAG_BYTES } from "./gcm.ts";
import { hedgedSalt, STREAM_SALT_BYTES } from "./hedge.ts";
import type { RandomSource } from "./random.ts";
import { encodeTuple } from "./tuple.ts";

/** Plaintext of a chunk that is not the last. */
export const CHUNK_BYTES = 65_536;
/** A sealed chunk that is not the last. */
export const SEALED_CHUNK_BYTES: number = CHUNK_BYTES + TAG_BYTES;
/** Length of header and salt, bytes. */
export const STREAM_HEAD_BYTES: number = CIPHER_HEADER_BYTES + STREAM_SALT_BYTES;
/** Most chunks of a stream: 256 TiB of plaintext. */
const MAX_CHUNKS = 2 ** 32;
const FORMAT = 1;

/** One direction of a stream. Pass chunks one after another, each after the previous one has settled. */
export interface ChunkCipher {
  /**
   * Processes the next chunk; none may follow the last one. The input must not change until the promise settles.
   *
   * @throws {SpikeError} crypto_decryption_failed for a chunk of wrong length or, when decrypting, one that is not the next
   */
  next(chunk: Uint8Array, isLast: boolean): Promise<Uint8Array>;
  /** Ends the stream at any point and drops its key. */
  close(): void;
}

/** A key version for sealing streams; `keyId` is 16 bytes, all zeros for the default key. */
export type StreamKey = CipherKey & { readonly keyId: Uint8Array };

/** Seals a stream: its head and its chunks. */
export interface StreamSealer extends ChunkCipher {
  /** Header and salt; send them before all chunks. */
  readonly head: Uint8Array;
}

/** Starts sealing a stream. */
export function sealStream(
  key: StreamKey,
  aad: Uint8Array,
  random: RandomSource,
): StreamSealer {
  return sealStreamSalted(key, aad, hedgedSalt(key.bytes, headerOf(key), aad, random));
}

/** As {@linkcode sealStream}, with a given salt of 32 bytes; only for {@linkcode sealStream} and the golden files. */
export function sealStreamSalted(key: StreamKey, aad: Uint8Array, salt: Uint8Array): StreamSealer {
  const head = new Uint8Array(STREAM_HEAD_BYTES);
  head.set(headerOf(key));
  head.set(salt, CIPHER_HEADER_BYTES);
  return { head, ...chunksOf(key.bytes, head, aad, "encrypt") };
}

function headerOf({ keyId, version }: StreamKey): Uint8Array {
  return encodeCipherHeader({ kind: "stream", keyId, version });
}

/**
 * Decodes the first `STREAM_HEAD_BYTES` bytes of a stream.
 *
 * @throws {SpikeError} api_bad_request if they are not the head of a stream
 */
export function readStreamHead(head: Uint8Array): CipherHeader {
  if (head.length !== STREAM_HEAD_BYTES) {
    throw new SpikeError("api_bad_request", "The stream ends within its head");
  }
  return decodeCipherHeader(head, "stream");
}

/** Starts opening a stream. `head` is its first {@linkcode STREAM_HEAD_BYTES} bytes. */
export function openStream(key: Uint8Array, head: Uint8Array, aad: Uint8Array): ChunkCipher {
  return chunksOf(key, head, aad, "decrypt");
}

/** Length of the sealed stream for a plaintext of `plaintextBytes`. */
export function sealedLength(plaintextBytes: number): number {
  const chunks = Math.max(1, Math.ceil(plaintextBytes / CHUNK_BYTES));
  return STREAM_HEAD_BYTES + plaintextBytes + chunks * TAG_BYTES;
}

/** Length of the plaintext in a stream of `streamBytes`; undefined if no stream has this length. */
export function openedLength(streamBytes: number): number | undefined {
  const body = streamBytes - STREAM_HEAD_BYTES;
  const chunks = Math.max(1, Math.ceil(body / SEALED_CHUNK_BYTES));
  const plaintext = body - chunks * TAG_BYTES;
  return plaintext >= 0 && sealedLength(plaintext) === streamBytes ? plaintext : undefined;
}

function chunksOf(
  cipherKey: Uint8Array,
  head: Uint8Array,
  callerAad: Uint8Array,
  work: "encrypt" | "decrypt",
): ChunkCipher {
  const bytes = deriveKey(cipherKey, head.subarray(CIPHER_HEADER_BYTES), LABEL.stream);
  let key: Promise<BulkKey> | undefined = importBulkKey(bytes).finally(() => wipe(bytes));
  const tagBytes = work === "decrypt" ? TAG_BYTES : 0;
  const aad = encodeTuple([FORMAT, "cipher-stream", head, callerAad]);
  let counter = 0;
  let isOver = false;
  return {
    async next(chunk, isLast) {
      if (isOver || !key) throw new Error("The stream is over");
      if (counter >= MAX_CHUNKS) throw new SpikeError("api_bad_request", "The stream is too long");
      requireLength(chunk.length - tagBytes, isLast, counter === 0);
      isOver = isLast;
      return await (await key)[work](nonceOf(counter++, isLast), chunk, aad);
    },
    close() {
      isOver = true;
      key = undefined;
    },
  };
}

/** A plaintext is split in exactly one way: full chunks, and a last one that is empty only if it is also the first. */
function requireLength(plaintextBytes: number, isLast: boolean, isFirst: boolean): void {
  const isRight = isLast
    ? plaintextBytes <= CHUNK_BYTES && (plaintextBytes > 0 || (isFirst && plaintextBytes === 0))
    : plaintextBytes === CHUNK_BYTES;
  if (isRight) return;
  throw new SpikeError("crypto_decryption_failed", "A chunk of the stream has a wrong length", {
    hint: "It was cut short or changed",
  });
}

function nonceOf(counter: number, isLast: boolean): Uint8Array {
  const nonce = new Uint8Array(NONCE_BYTES);
  new DataView(nonce.buffer).setUint32(NONCE_BYTES - 5, counter);
  nonce[NONCE_BYTES - 1] = isLast ? 1 : 0;
  return nonce;
}
