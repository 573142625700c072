/** A piece of a byte stream. */
export interface Piece {
  /** Valid until the next piece is requested. */
  readonly bytes: Uint8Array;
  /** Whether the stream ends with it. */
  readonly isLast: boolean;
}

/**
 * Splits a byte stream into pieces of `size` bytes; the last one may be shorter. A full piece is held back until more bytes
 * or the end arrive, because only then it is known whether it is the last one. An empty stream gives one empty piece. Each
 * piece is a view of internal memory that the next piece overwrites.
 */
export class Chunker {
  readonly #held: Uint8Array;
  #length = 0;

  /** `size` is the length of a full piece, bytes. */
  constructor(size: number) {
    this.#held = new Uint8Array(size);
  }

  /** Adds bytes and yields the pieces that they complete. Iterate to the end before the next call. */
  *push(bytes: Uint8Array): Generator<Piece> {
    for (let at = 0; at < bytes.length;) {
      if (this.#length === this.#held.length) {
        yield { bytes: this.#held, isLast: false };
        this.#length = 0;
      }
      const some = bytes.subarray(at, at + this.#held.length - this.#length);
      this.#held.set(some, this.#length);
      this.#length += some.length;
      at += some.length;
    }
  }

  /** The last piece. */
  end(): Piece {
    return { bytes: this.#held.subarray(0, this.#length), isLast: true };
  }

  /** Zeroes the held bytes. */
  wipe(): void {
    this.#held.fill(0);
  }
}
