import { SpikeError } from "../error/error.ts";
import { following } from "../bytes/following.ts";
import {
  CHUNK_BYTES,
  type ChunkCipher,
  Chunker,
  DEFAULT_KEY_ID,
  openStream,
  type RandomSource,
  readStreamHead,
  SEALED_CHUNK_BYTES,
  sealStream,
  STREAM_HEAD_BYTES,
} from "../seal/mod.ts";
import { wipe } from "../bytes/mod.ts";
import { newestVersion } from "./key_head.ts";
import { requireVersion, usable } from "./named_service.ts";
import type { KeyReader } from "./key_reader.ts";
import { type CipherKeys, MAX_AAD_BYTES } from "./service.ts";

/** Bytes in pieces of any size. A piece may be overwritten once the next one is asked for. */
export type ByteStream = AsyncIterable<Uint8Array>;

/** What is asked of a stream. */
export interface StreamRequest {
  /** Name of a key; empty for the default one. */
  readonly key: string;
  /** What it is bound to beside its key. */
  readonly aad: Uint8Array;
}

/** What a service works with. */
export interface StreamServiceOptions {
  /** The versions of the default key. */
  readonly defaultKeys: CipherKeys;
  /** Absent where Nexus has no named keys. */
  readonly namedKeys?: () => KeyReader;
  /** Waits until one more encryption under this version is accounted for. */
  readonly spend: (version: number, name?: string) => Promise<void>;
  /** Source of salts. */
  readonly random: RandomSource;
}

/**
 * Encrypts and decrypts streams, a chunk at a time. Both methods resolve once key and head are verified; a later failure
 * fails the iteration. Memory holds one chunk.
 */
export interface StreamService {
  /** Encrypts a stream under the newest version of the key. */
  encrypt(request: StreamRequest, plaintext: ByteStream): Promise<ByteStream>;
  /** Yields only authenticated pieces; the iteration ends normally only when the stream is complete. */
  decrypt(request: StreamRequest, stream: ByteStream): Promise<ByteStream>;
  /** Number of open streams; each holds a key. */
  readonly held: number;
  /** Wipes the keys of all open streams; they fail with `state_not_ready`. Call it on seal. */
  endAll(): void;
}

/** Makes the service; every thread that serves requests has one. */
export function createStreamService(options: StreamServiceOptions): StreamService {
  const underWay = new UnderWay();
  return {
    get held() {
      return underWay.size;
    },
    endAll: () => underWay.endAll(),
    async encrypt({ key: name, aad }, plaintext) {
      requireAad(aad);
      const life = underWay.life;
      const key = await keyFor(options, name);
      try {
        await options.spend(key.version, name === "" ? undefined : name);
        const sealer = sealStream(key, aad, options.random);
        const chunks = through(sealer, CHUNK_BYTES, plaintext);
        return underWay.during(life, sealer, sealed(sealer.head, chunks));
      } finally {
        wipe(key.bytes);
      }
    },
    async decrypt({ key: name, aad }, stream) {
      requireAad(aad);
      const { head, rest } = await takeHead(stream);
      const life = underWay.life;
      const key = await keyFor(options, name, head);
      try {
        const opener = openStream(key.bytes, head, aad);
        return underWay.during(life, opener, through(opener, SEALED_CHUNK_BYTES, rest));
      } finally {
        wipe(key.bytes);
      }
    },
  };
}

/** The ciphers of open streams, so that their keys can be wiped. */
class UnderWay {
  readonly #ciphers = new Set<ChunkCipher>();
  #life = 0;

  get size(): number {
    return this.#ciphers.size;
  }

  /** Another one after every `endAll`. */
  get life(): number {
    return this.#life;
  }

  endAll(): void {
    this.#life++;
    for (const cipher of this.#ciphers) cipher.close();
    this.#ciphers.clear();
  }

  /** The pieces of a stream whose key is of this life; once that is over they fail, begun or not. */
  async *during(
    life: number,
    cipher: ChunkCipher,
    pieces: ByteStream,
  ): AsyncGenerator<Uint8Array> {
    const assertHeld = () => {
      if (life === this.#life) return;
      throw new SpikeError("state_not_ready", "Nexus no longer holds its keys");
    };
    assertHeld();
    this.#ciphers.add(cipher);
    try {
      for await (const piece of pieces) {
        assertHeld();
        yield piece;
      }
    } catch (error) {
      assertHeld();
      throw error;
    } finally {
      this.#ciphers.delete(cipher);
      cipher.close();
    }
  }
}

interface StreamKey {
  readonly keyId: Uint8Array;
  readonly version: number;
  readonly bytes: Uint8Array;
}

/** The key that encrypts, or the one that a stream's head names. The caller wipes it. */
async function keyFor(
  options: StreamServiceOptions,
  name: string,
  head?: Uint8Array,
): Promise<StreamKey> {
  const header = head && readStreamHead(head);
  if (name === "") return defaultKey(options.defaultKeys, header);
  const { namedKeys } = options;
  if (!namedKeys) throw new SpikeError("api_bad_request", "This Nexus has no named cipher keys");
  const known = await usable({ keys: namedKeys }, name);
  if (header) requireVersion(known, header);
  const version = header?.version ?? newestVersion(known);
  return { keyId: known.id, version, bytes: await namedKeys().copy(known, version) };
}

function defaultKey(
  keys: CipherKeys,
  header: { readonly keyId: Uint8Array; readonly version: number } | undefined,
): StreamKey {
  const { current } = keys;
  const version = header?.version ?? current;
  if (header && !header.keyId.every((byte) => byte === 0)) {
    throw new SpikeError("cipher_not_authentic", "The stream was encrypted with a named key", {
      hint: "Name the key that it was encrypted with",
    });
  }
  if (current > 0 && (version < 1 || version > current)) {
    throw new SpikeError(
      "crypto_unsupported_version",
      `Stream has key version ${version}, expected 1 to ${current}`,
    );
  }
  const key = current > 0 ? keys.copy(version) : undefined;
  if (key) return { keyId: DEFAULT_KEY_ID, ...key };
  throw new SpikeError("crypto_cipher_not_available", "No cipher key is available");
}

function requireAad(aad: Uint8Array): void {
  if (aad.length <= MAX_AAD_BYTES) return;
  throw new SpikeError(
    "api_bad_request",
    `Additional data is ${aad.length} bytes long, at most ${MAX_AAD_BYTES} are allowed`,
  );
}

async function* sealed(head: Uint8Array, chunks: ByteStream): AsyncGenerator<Uint8Array> {
  yield head;
  yield* chunks;
}

async function* through(
  cipher: ChunkCipher,
  size: number,
  source: ByteStream,
): AsyncGenerator<Uint8Array> {
  const chunker = new Chunker(size);
  try {
    for await (const bytes of source) {
      for (const { bytes: chunk } of chunker.push(bytes)) yield await oneOf(cipher, chunk, false);
    }
    yield await oneOf(cipher, chunker.end().bytes, true);
  } finally {
    chunker.wipe();
  }
}

async function oneOf(cipher: ChunkCipher, chunk: Uint8Array, isLast: boolean): Promise<Uint8Array> {
  try {
    return await cipher.next(chunk, isLast);
  } catch (cause) {
    if (!(cause instanceof SpikeError) || cause.code !== "crypto_decryption_failed") throw cause;
    throw new SpikeError("cipher_not_authentic", "The stream is not what was encrypted", {
      hint: "It was changed or cut short, or encrypted with other additional data",
      cause,
    });
  }
}

/** Splits the head off a stream. The head of a stream that ends early is returned short. */
async function takeHead(stream: ByteStream): Promise<{ head: Uint8Array; rest: ByteStream }> {
  const pieces = stream[Symbol.asyncIterator]();
  const head = new Uint8Array(STREAM_HEAD_BYTES);
  let length = 0;
  let rest: Uint8Array = new Uint8Array(0);
  while (length < head.length) {
    const { value, done } = await pieces.next();
    if (done) break;
    const some = value.subarray(0, head.length - length);
    head.set(some, length);
    length += some.length;
    rest = value.subarray(some.length);
  }
  return { head: head.subarray(0, length), rest: following(rest, pieces) };
}
