import { createHash, type Hash } from "node:crypto";

/** Hashes of a file and of its chunks, so that damage is found and located. */
export interface FileDigest {
  /** Length of the file in bytes. */
  readonly bytes: number;
  /** SHA-256 of the whole, hex, as `sha256sum` prints it. */
  readonly sha256: string;
  /** A multiple of the page size; the last chunk may be shorter. */
  readonly chunkBytes: number;
  /** SHA-256 of each chunk, hex. */
  readonly chunks: readonly string[];
}

/** Chunks of a manifest, at most. Up to here each page of a database has a hash of its own. */
export const MOST_CHUNKS = 4096;
const PIECE_BYTES = 1024 * 1024;

/** The smallest chunks that a file of this size has at most {@linkcode MOST_CHUNKS} of. */
export function chunkBytesFor(bytes: number, pageBytes: number): number {
  let chunkBytes = pageBytes;
  while (bytes > chunkBytes * MOST_CHUNKS) chunkBytes *= 2;
  return chunkBytes;
}

/** Hashes bytes that come in pieces of any size. */
export class Digester {
  readonly #chunkBytes: number;
  readonly #whole: Hash = createHash("sha256");
  readonly #chunks: string[] = [];
  #chunk: Hash = createHash("sha256");
  #inChunk = 0;
  #bytes = 0;

  /** Digests a file in chunks of `chunkBytes` bytes. */
  constructor(chunkBytes: number) {
    this.#chunkBytes = chunkBytes;
  }

  /** Takes the next piece. */
  update(piece: Uint8Array): void {
    this.#whole.update(piece);
    this.#bytes += piece.length;
    let rest = piece;
    while (rest.length > 0) {
      const some = rest.subarray(0, this.#chunkBytes - this.#inChunk);
      this.#chunk.update(some);
      this.#inChunk += some.length;
      rest = rest.subarray(some.length);
      if (this.#inChunk === this.#chunkBytes) this.#endChunk();
    }
  }

  /** No more pieces. */
  end(): FileDigest {
    if (this.#inChunk > 0) this.#endChunk();
    return {
      bytes: this.#bytes,
      sha256: this.#whole.digest("hex"),
      chunkBytes: this.#chunkBytes,
      chunks: this.#chunks,
    };
  }

  #endChunk(): void {
    this.#chunks.push(this.#chunk.digest("hex"));
    this.#chunk = createHash("sha256");
    this.#inChunk = 0;
  }
}

/** Hashes a file, without holding more than a piece of it. */
export function digestFile(path: string, chunkBytes: number): FileDigest {
  const digester = new Digester(chunkBytes);
  using file = Deno.openSync(path, { read: true });
  const piece = new Uint8Array(PIECE_BYTES);
  for (let read = file.readSync(piece); read !== null; read = file.readSync(piece)) {
    digester.update(piece.subarray(0, read));
  }
  return digester.end();
}
