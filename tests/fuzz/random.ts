/** A small generator with a seed (mulberry32), so that a failure can be repeated. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** One of 2^32 whole numbers. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** A whole number from 0 to below `end`; 0 when there is none. */
  below(end: number): number {
    return end <= 0 ? 0 : this.next() % end;
  }

  pick<T>(list: readonly T[]): T {
    const item = list[this.below(list.length)];
    if (item === undefined) throw new Error("there is nothing to pick from");
    return item;
  }
}

/** The generator of one case: any case can be made again without those before it. */
export function randomOfCase(seed: number, index: number): Random {
  const mixed = Math.imul(seed ^ Math.imul(index + 1, 0x9e3779b1), 0x85ebca6b);
  return new Random(mixed ^ (mixed >>> 15));
}
