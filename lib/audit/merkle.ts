import { sha256 } from "@noble/hashes/sha2.js";
import type { Hash } from "./bounded.ts";

export type { Hash } from "./bounded.ts";

/** Bytes of a hash: SHA-256. */
export const HASH_BYTES = 32;

const LEAF = 0;
const NODE = 1;

/** Hash of a leaf (RFC 9162 section 2.1.1). */
export function leafHash(record: Uint8Array, hash: Hash = sha256): Uint8Array {
  const input = new Uint8Array(1 + record.length);
  input[0] = LEAF;
  input.set(record, 1);
  return hash(input);
}

/** Hash of an inner node (RFC 9162 section 2.1.1). */
export function nodeHash(left: Uint8Array, right: Uint8Array, hash: Hash = sha256): Uint8Array {
  const input = new Uint8Array(1 + 2 * HASH_BYTES);
  input[0] = NODE;
  input.set(left, 1);
  input.set(right, 1 + HASH_BYTES);
  return hash(input);
}

/**
 * The right edge of a growing tree: the roots of the full subtrees that it is made of, largest first. That is all it
 * takes to append, and to know the root at any time.
 */
export class Frontier {
  readonly #hash: Hash;
  readonly #roots: Uint8Array[];
  #size: number;

  constructor(size = 0, roots: readonly Uint8Array[] = [], hash: Hash = sha256) {
    if (!Number.isSafeInteger(size) || size < 0 || roots.length !== bitsSet(size)) {
      throw new RangeError(`A tree of ${size} leaves is not made of ${roots.length} subtrees`);
    }
    this.#hash = hash;
    this.#roots = [...roots];
    this.#size = size;
  }

  get size(): number {
    return this.#size;
  }

  /** Roots of the full subtrees, largest first. */
  get roots(): readonly Uint8Array[] {
    return this.#roots;
  }

  /** Takes the hash of the next leaf. */
  append(leaf: Uint8Array): void {
    let root = leaf;
    // As many subtrees become one as the size ends in ones.
    for (let rest = this.#size; rest % 2 === 1; rest = (rest - 1) / 2) {
      root = nodeHash(this.#roots.pop() as Uint8Array, root, this.#hash);
    }
    this.#roots.push(root);
    this.#size++;
  }

  /** The Merkle tree hash (RFC 9162 section 2.1.1). */
  root(): Uint8Array {
    const last = this.#roots.at(-1);
    if (last === undefined) return this.#hash(new Uint8Array());
    return this.#roots.slice(0, -1).reduceRight(
      (right, left) => nodeHash(left, right, this.#hash),
      last,
    );
  }

  /** Another one that grows on its own. */
  copy(): Frontier {
    return new Frontier(this.#size, this.#roots, this.#hash);
  }
}

/** How many full subtrees a tree of `size` leaves is made of. */
export function bitsSet(size: number): number {
  let count = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2;
  return count;
}

/** Hash of the subtree over leaves `from` to `to`, both counted from 0, the latter excluded. */
export type RangeHash = (from: number, to: number) => Uint8Array;

/** {@linkcode RangeHash} over leaf hashes in memory; full subtrees are computed once. */
export function rangeHashOf(leaves: readonly Uint8Array[], hash: Hash = sha256): RangeHash {
  const known = new Map<string, Uint8Array>();
  const range: RangeHash = (from, to) => {
    if (to - from === 1) return leaves[from] as Uint8Array;
    if (to === from) return hash(new Uint8Array());
    const key = `${from}-${to}`;
    const before = known.get(key);
    if (before) return before;
    const middle = from + splitOf(to - from);
    const root = nodeHash(range(from, middle), range(middle, to), hash);
    known.set(key, root);
    return root;
  };
  return range;
}

/** The largest power of two below `count` (RFC 9162 section 2.1.1). */
function splitOf(count: number): number {
  let split = 1;
  while (split * 2 < count) split *= 2;
  return split;
}

/** Proof that leaf `index` is in the tree of `size` leaves (RFC 9162 section 2.1.3.1). */
export function inclusionProof(index: number, size: number, range: RangeHash): Uint8Array[] {
  if (!(index >= 0 && index < size)) {
    throw new RangeError(`Leaf ${index} is not in a tree of ${size} leaves`);
  }
  const path = (at: number, from: number, to: number): Uint8Array[] => {
    if (to - from === 1) return [];
    const middle = from + splitOf(to - from);
    return at < middle
      ? [...path(at, from, middle), range(middle, to)]
      : [...path(at, middle, to), range(from, middle)];
  };
  return path(index, 0, size);
}

/** Proof that the tree of `first` leaves is the beginning of that of `second` (RFC 9162 section 2.1.4.1). */
export function consistencyProof(first: number, second: number, range: RangeHash): Uint8Array[] {
  if (!(first >= 1 && first <= second)) {
    throw new RangeError(`A tree of ${first} leaves is no beginning of one of ${second}`);
  }
  const sub = (count: number, from: number, to: number, isWhole: boolean): Uint8Array[] => {
    if (count === to - from) return isWhole ? [] : [range(from, to)];
    const split = splitOf(to - from);
    return count <= split
      ? [...sub(count, from, from + split, isWhole), range(from + split, to)]
      : [...sub(count - split, from + split, to, false), range(from, from + split)];
  };
  return sub(first, 0, second, true);
}

/** A tree as a checkpoint names it. */
export interface TreeHead {
  /** Number of leaves. */
  readonly size: number;
  /** Root hash, 32 bytes (RFC 9162 section 2.1.1). */
  readonly root: Uint8Array;
}

/** Whether `proof` shows that the leaf is at `index` of the tree (RFC 9162 section 2.1.3.2). */
export function verifyInclusion(
  leaf: Uint8Array,
  index: number,
  tree: TreeHead,
  proof: readonly Uint8Array[],
): boolean {
  if (!(index >= 0 && index < tree.size)) return false;
  let [fn, sn] = [index, tree.size - 1];
  let root = leaf;
  for (const node of proof) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      root = nodeHash(node, root);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else root = nodeHash(root, node);
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && isEqual(root, tree.root);
}

/** Whether `proof` shows that `first` is the beginning of `second` (RFC 9162 section 2.1.4.2). */
export function verifyConsistency(
  first: TreeHead,
  second: TreeHead,
  proof: readonly Uint8Array[],
): boolean {
  if (first.size < 1 || first.size > second.size) return false;
  if (first.size === second.size) return proof.length === 0 && isEqual(first.root, second.root);
  const path = isPowerOfTwo(first.size) ? [first.root, ...proof] : [...proof];
  const start = path.shift();
  if (start === undefined) return false;
  let [fn, sn] = [first.size - 1, second.size - 1];
  while (fn % 2 === 1) [fn, sn] = [half(fn), half(sn)];
  let [old, young] = [start, start];
  for (const node of path) {
    if (sn === 0) return false;
    if (fn % 2 === 1 || fn === sn) {
      old = nodeHash(node, old);
      young = nodeHash(node, young);
      while (fn % 2 === 0 && fn !== 0) [fn, sn] = [half(fn), half(sn)];
    } else young = nodeHash(young, node);
    [fn, sn] = [half(fn), half(sn)];
  }
  return sn === 0 && isEqual(old, first.root) && isEqual(young, second.root);
}

function half(count: number): number {
  return Math.floor(count / 2);
}

function isPowerOfTwo(count: number): boolean {
  return bitsSet(count) === 1;
}

/** Not constant-time: roots are public. */
export function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
