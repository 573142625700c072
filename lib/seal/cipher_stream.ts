/**
 * Streams: `header ‖ salt(32) ‖ chunk …`, for plaintexts too large to be held. Each stream has a key of its own, from
 * the cipher key and the salt by HKDF, so that counters can serve as nonces. A chunk is 64 KiB of plaintext, sealed with
 * AES-256-GCM; only the last one may be shorter, and it alone has the last-chunk flag in its nonce (the STREAM
 * construction of Hoang, Reyhanitabar, Rogaway and Vizár, 2015). Header, salt and the caller's own data are the AAD of
 * every chunk. So no chunk can be changed, moved, dropped, repeated or taken from another stream, and no end be cut off.
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
export const SEALED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES;
/** What a stream begins with: header and salt. */
export const STREAM_HEAD_BYTES = CIPHER_HEADER_BYTES + STREAM_SALT_BYTES;
/** Most chunks of a stream: 256 TiB of plaintext. */
const MAX_CHUNKS = 2 ** 32;
const FORMAT = 1;

/** One direction of a stream. Chunks are handed in one after the other, each when the one before is done. */
export interface ChunkCipher {
  /** The next chunk; nothing may follow the last one. The input must not change until it settles. */
  next(chunk: Uint8Array, isLast: boolean): Promise<Uint8Array>;
  /** Ends the stream, however far it has come, and lets go of its key. */
  close(): void;
}

/** A version of a key that streams are sealed under. */
export type StreamKey = CipherKey & { readonly keyId: Uint8Array };

/** What begins a stream that is about to be sealed, and what seals its chunks. */
export interface StreamSealer extends ChunkCipher {
  /** Header and salt, to be sent before all chunks. */
  readonly head: Uint8Array;
}

/** Begins a stream under a version of a key; `keyId` of the default key is zeros. */
export function sealStream(
  key: StreamKey,
  aad: Uint8Array,
  random: RandomSource,
): StreamSealer {
  return sealStreamSalted(key, aad, hedgedSalt(key.bytes, headerOf(key), aad, random));
}

/** As {@linkcode sealStream}, with the 32 bytes of salt handed in: for it and the golden files alone. */
export function sealStreamSalted(key: StreamKey, aad: Uint8Array, salt: Uint8Array): StreamSealer {
  const head = new Uint8Array(STREAM_HEAD_BYTES);
  head.set(headerOf(key));
  head.set(salt, CIPHER_HEADER_BYTES);
  return { head, ...chunksOf(key.bytes, head, aad, "encrypt") };
}

function headerOf({ keyId, version }: StreamKey): Uint8Array {
  return encodeCipherHeader({ kind: "stream", keyId, version });
}

/** What a stream's first `STREAM_HEAD_BYTES` bytes say of its key. Throws `api_bad_request` when they are no head. */
export function readStreamHead(head: Uint8Array): CipherHeader {
  if (head.length !== STREAM_HEAD_BYTES) {
    throw new SpikeError("api_bad_request", "The stream ends within its head");
  }
  return decodeCipherHeader(head, "stream");
}

/** Opens a stream's chunks. Each call throws `crypto_decryption_failed` for a chunk that is not the next one. */
export function openStream(key: Uint8Array, head: Uint8Array, aad: Uint8Array): ChunkCipher {
  return chunksOf(key, head, aad, "decrypt");
}

/** Length of the stream that so long a plaintext becomes. */
export function sealedLength(plaintextBytes: number): number {
  const chunks = Math.max(1, Math.ceil(plaintextBytes / CHUNK_BYTES));
  return STREAM_HEAD_BYTES + plaintextBytes + chunks * TAG_BYTES;
}

/** Length of the plaintext in so long a stream; undefined when no stream is so long. */
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

/** Every plaintext has one way to be cut: full chunks, and a last one that is empty only if it is the first. */
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
