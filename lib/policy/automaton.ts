import { type CharacterSet, hasCode, type Syntax } from "./syntax.ts";

/** Where a pattern must match. */
export type Mode =
  /** Anywhere in the text, as policies are searched. */
  | "search"
  /** The whole text, as `^(?:pattern)$`. */
  | "whole";

/** A node: it consumes one character, nothing, or nothing at the beginning or end of the text. */
type Node =
  | { readonly kind: "one"; readonly has: Uint8Array; readonly to: number }
  | { readonly kind: "fork"; readonly to: number[] }
  | { readonly kind: "begin" | "end"; readonly to: number }
  | { readonly kind: "done" };

/** A state of the determinized machine. */
interface State {
  /** Nodes reached, before following nodes that consume nothing. */
  readonly kernel: readonly number[];
  readonly isStart: boolean;
  readonly next: Map<number, number>;
  /** Nodes that consume a character. */
  readonly ready: readonly number[];
  readonly accepts: boolean;
}

const EVERYTHING: CharacterSet = (1n << 128n) - 1n;
const CODES = 128;
const TABLES = new Map<CharacterSet, Uint8Array>();

/** A set as a table by code, which is much faster to look up. There are few distinct sets. */
function tableOf(set: CharacterSet): Uint8Array {
  let table = TABLES.get(set);
  if (!table) {
    table = Uint8Array.from({ length: CODES }, (_, code) => hasCode(set, code) ? 1 : 0);
    if (TABLES.size < 1000) TABLES.set(set, table);
  }
  return table;
}

/**
 * A pattern as an automaton that reads a text character by character. States are created when first reached: their number
 * depends on the pattern and can be very large.
 */
export class Automaton {
  readonly #nodes: Node[] = [];
  readonly #states: State[] = [];
  readonly #known = new Map<string, number>();
  readonly #mode: Mode;
  readonly #done: number;
  readonly #first: number;
  /** The state before the first character. */
  readonly start: number;

  /** Builds the automaton of a pattern read by `readSyntax`. */
  constructor(syntax: Syntax, mode: Mode) {
    this.#mode = mode;
    this.#done = this.#add({ kind: "done" });
    const first = this.#build(syntax, this.#done);
    this.#first = mode === "whole" ? first : this.#anywhere(first);
    this.start = this.#state([this.#first], true);
  }

  /** The character sets that it distinguishes, as tables by code. */
  get tables(): ReadonlySet<Uint8Array> {
    return new Set(this.#nodes.flatMap((node) => node.kind === "one" ? [node.has] : []));
  }

  /** The state after one more character, given by its code. */
  step(state: number, code: number): number {
    const from = this.#at(state);
    const known = from.next.get(code);
    if (known !== undefined) return known;
    const kernel = new Set<number>();
    for (const index of from.ready) {
      const node = this.#nodes[index];
      if (node?.kind === "one" && node.has[code] === 1) kernel.add(node.to);
    }
    const to = this.#state([...kernel].sort((a, b) => a - b), false);
    from.next.set(code, to);
    return to;
  }

  /** Whether a text that ends here matches. */
  accepts(state: number): boolean {
    return this.#at(state).accepts;
  }

  /**
   * Number of nodes that a stateless matcher visits while reading `text`; the same on every call. Counting stops above
   * `limit` and where the match is found.
   */
  visits(text: string, limit: number): number {
    const seenAt = new Int32Array(this.#nodes.length).fill(-1);
    let open = [this.#first];
    let count = 0;
    for (let i = 0; i < text.length && open.length > 0 && count <= limit; i++) {
      const code = text.charCodeAt(i);
      const next: number[] = [];
      for (let at = open.pop(); at !== undefined; at = open.pop()) {
        if (seenAt[at] === i) continue;
        seenAt[at] = i;
        count++;
        const node = this.#nodes[at];
        if (node?.kind === "one") {
          if (node.has[code] === 1) next.push(node.to);
        } else if (node?.kind === "fork") open.push(...node.to);
        else if (node?.kind === "begin" && i === 0) open.push(node.to);
        else if (node?.kind === "done" && this.#mode === "search") return count;
      }
      open = next;
    }
    return count;
  }

  /** Whether no continuation from here can match, as far as known without lookahead. */
  isHopeless(state: number): boolean {
    return this.#at(state).kernel.length === 0;
  }

  /** Whether every continuation from here matches, as far as known without lookahead. */
  isSettled(state: number): boolean {
    return this.#mode === "search" && this.#at(state).kernel[0] === this.#done;
  }

  #at(state: number): State {
    const found = this.#states[state];
    if (!found) throw new Error(`There is no state ${state}`);
    return found;
  }

  #add(node: Node): number {
    return this.#nodes.push(node) - 1;
  }

  /** Lets the match begin after any character, unless it can begin only at the start of the text. */
  #anywhere(first: number): number {
    const later = [...this.#closure([first], false, true)].map((index) => this.#nodes[index]?.kind);
    if (!later.includes("one") && !later.includes("done")) return first;
    const fork = { kind: "fork" as const, to: [first] };
    const begin = this.#add(fork);
    fork.to.push(this.#add({ kind: "one", has: tableOf(EVERYTHING), to: begin }));
    return begin;
  }

  /** Adds nodes for `syntax` in front of `next`; returns the first one. */
  #build(syntax: Syntax, next: number): number {
    switch (syntax.kind) {
      case "one":
        return this.#add({ kind: "one", has: tableOf(syntax.of), to: next });
      case "begin":
      case "end":
        return this.#add({ kind: syntax.kind, to: next });
      case "sequence":
        return syntax.parts.reduceRight((to, part) => this.#build(part, to), next);
      case "either":
        return this.#add({
          kind: "fork",
          to: syntax.parts.map((part) => this.#build(part, next)),
        });
      case "repeat":
        return this.#repeat(syntax, next);
    }
  }

  #repeat({ part, min, max }: Extract<Syntax, { kind: "repeat" }>, next: number): number {
    let to = next;
    if (max === Infinity) {
      const fork = { kind: "fork" as const, to: [next] };
      to = this.#add(fork);
      fork.to.push(this.#build(part, to));
    } else {
      for (let i = min; i < max; i++) {
        to = this.#add({ kind: "fork", to: [this.#build(part, to), next] });
      }
    }
    for (let i = 0; i < min; i++) to = this.#build(part, to);
    return to;
  }

  #state(kernel: readonly number[], isStart: boolean): number {
    const reached = this.#closure(kernel, isStart, false);
    // A match stays a match, whatever follows.
    const isFound = this.#mode === "search" && reached.has(this.#done);
    const settled = isFound ? [this.#done] : kernel;
    const key = `${isStart && !isFound ? "^" : ""}${settled.join()}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const ready = [...reached].filter((index) => this.#nodes[index]?.kind === "one");
    const accepts = isFound || this.#closure(kernel, isStart, true).has(this.#done);
    const state: State = { kernel: settled, isStart, next: new Map(), ready, accepts };
    const index = this.#states.push(state) - 1;
    if (isFound) { for (let code = 0; code < CODES; code++) state.next.set(code, index); }
    this.#known.set(key, index);
    return index;
  }

  /** All nodes that can be reached without another character. */
  #closure(kernel: readonly number[], isStart: boolean, isEnd: boolean): Set<number> {
    const reached = new Set<number>();
    const open = [...kernel];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (reached.has(at)) continue;
      reached.add(at);
      const node = this.#nodes[at];
      if (node?.kind === "fork") open.push(...node.to);
      else if (node?.kind === "begin" && isStart) open.push(node.to);
      else if (node?.kind === "end" && isEnd) open.push(node.to);
    }
    return reached;
  }
}
