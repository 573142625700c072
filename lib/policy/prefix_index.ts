import type { Shape } from "./shape.ts";

/** Finds all entries whose shape a text can match, without visiting the others. */
export class PrefixIndex<T> {
  readonly #exact = new Map<string, T[]>();
  readonly #prefixes = new Map<string, T[]>();
  /** Lengths of all prefixes, ascending. */
  readonly #lengths: readonly number[];

  /** Indexes entries by the shape of their pattern. */
  constructor(entries: readonly T[], shapeOf: (entry: T) => Shape) {
    const lengths = new Set<number>();
    for (const entry of entries) {
      const { kind, text } = shapeOf(entry);
      const map = kind === "exact" ? this.#exact : this.#prefixes;
      const list = map.get(text);
      if (list) list.push(entry);
      else map.set(text, [entry]);
      if (kind === "prefix") lengths.add(text.length);
    }
    this.#lengths = [...lengths].sort((a, b) => a - b);
  }

  /** Matching entries in lists, each in the order given. An entry is in at most one list. */
  candidates(text: string): (readonly T[])[] {
    const lists: (readonly T[])[] = [];
    const exact = this.#exact.get(text);
    if (exact) lists.push(exact);
    for (const length of this.#lengths) {
      if (length > text.length) break;
      const list = this.#prefixes.get(text.slice(0, length));
      if (list) lists.push(list);
    }
    return lists;
  }
}
