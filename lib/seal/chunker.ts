/** A piece of a sequence of bytes. */
export interface Piece {
  readonly bytes: Uint8Array;
  readonly isLast: boolean;
}

/**
 * Cuts bytes that come in pieces of any size into pieces of `size`, of which the last may be shorter. It holds back a
 * full piece until more has come or the end has: only then it is known whether it is the last. No bytes make one empty
 * piece. A piece is the cutter's own memory, and overwritten when the next one is asked for.
 */
export class Chunker {
  readonly #held: Uint8Array;
  #length = 0;

  constructor(size: number) {
    this.#held = new Uint8Array(size);
  }

  /** Takes bytes in, and gives the pieces that they complete. To be iterated to its end before the next call. */
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

  /** Zeroes what is held. */
  wipe(): void {
    this.#held.fill(0);
  }
}
