/** The lines of a log file. A record is a leaf of the tree; the other kinds of lines are not. */
import { MAC_BYTES } from "./line_mac.ts";
import { HASH_BYTES } from "./merkle.ts";
import type { RecordKind } from "./record_head.ts";

/** Number of the layout of a log file. Format 1 has no MACs, and its records do not bind their kind. */
export const FILE_FORMAT = 2;

/** First line of a file: which log it is a part of, and the tree that went before. */
export interface Header {
  /** Hex, 16 bytes. */
  readonly log: string;
  /** Number of the first record. */
  readonly first: number;
  /** Roots of the full subtrees over all records before it, largest first. */
  readonly roots: readonly Uint8Array[];
  /** Highest revision of a store's transaction recorded before it. */
  readonly revision: number;
  /** The newest life named before it; empty before the first. */
  readonly life: string;
  /** Absent in format 1. */
  readonly mac?: Uint8Array;
}

/** One line, read. */
export type Line =
  | { readonly kind: "header"; readonly header: Header }
  /** `mark` is the beginning of the leaf's hash, as it was written; format 1 has no MAC. */
  | {
    readonly kind: "record";
    readonly mark: string;
    readonly mac?: Uint8Array;
    readonly bytes: Uint8Array;
  }
  /** A record of format 1 that was dropped after its time; its leaf's hash is kept for ever. */
  | { readonly kind: "dropped"; readonly leaf: Uint8Array }
  /** A record of format 2 that was dropped: its kind and the hash of its bytes make its leaf. */
  | { readonly kind: "droppedBound"; readonly of: RecordKind; readonly digest: Uint8Array }
  | { readonly kind: "checkpoint"; readonly note: string }
  | { readonly kind: "damaged" };

/** Digits of a leaf's hash that stand before a record: they tell which one was changed, by accident at least. */
export const MARK_DIGITS = 16;

const NEWLINE = 10;
const DAMAGED = { kind: "damaged" } as const;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** The line of a header, with its newline. */
export function headerLine(header: Omit<Header, "mac">, mac: Uint8Array): Uint8Array {
  const { log, first, roots, revision, life } = header;
  const texts = roots.map((root) => root.toBase64());
  const told = { format: FILE_FORMAT, log, first, roots: texts, revision, life, mac: mac.toHex() };
  return encoder.encode(`h ${JSON.stringify(told)}\n`);
}

/** The line of a record, with its newline. */
export function recordLine(bytes: Uint8Array, leaf: Uint8Array, mac: Uint8Array): Uint8Array {
  const mark = leaf.subarray(0, MARK_DIGITS / 2).toHex();
  const start = encoder.encode(`m ${mark} ${mac.toHex()} `);
  const line = new Uint8Array(start.length + bytes.length + 1);
  line.set(start);
  line.set(bytes, start.length);
  line[line.length - 1] = NEWLINE;
  return line;
}

/** The line of a record of format 1 that was dropped, with its newline. */
export function droppedLine(leaf: Uint8Array): Uint8Array {
  return encoder.encode(`x ${leaf.toHex()}\n`);
}

/** The line of a record of format 2 that was dropped, with its newline. */
export function droppedBoundLine(kind: RecordKind, digest: Uint8Array): Uint8Array {
  return encoder.encode(`d ${kind} ${digest.toHex()}\n`);
}

/** The line of a checkpoint, with its newline. */
export function checkpointLine(note: string): Uint8Array {
  return encoder.encode(`c ${JSON.stringify(note)}\n`);
}

/** Reads a line, without its newline. */
export function parseLine(line: Uint8Array): Line {
  try {
    return readLine(line);
  } catch {
    return DAMAGED;
  }
}

const SPACE = 32;
const RECORD_START = 2 + MARK_DIGITS + 1;
const MAC_DIGITS = 2 * MAC_BYTES;
const DROPPED = /^(request|change|notice) ([0-9a-f]{64})$/;

function readLine(line: Uint8Array): Line {
  if (line[1] !== SPACE) return DAMAGED;
  const rest = () => decoder.decode(line.subarray(2));
  switch (String.fromCharCode(line[0] as number)) {
    case "r":
      return recordOf(line, RECORD_START);
    case "m": {
      const mac = Uint8Array.fromHex(
        decoder.decode(line.subarray(RECORD_START, RECORD_START + MAC_DIGITS)),
      );
      const record = recordOf(line, RECORD_START + MAC_DIGITS + 1);
      return mac.length === MAC_BYTES && record.kind === "record" ? { ...record, mac } : DAMAGED;
    }
    case "x": {
      const leaf = Uint8Array.fromHex(rest());
      return leaf.length === HASH_BYTES ? { kind: "dropped", leaf } : DAMAGED;
    }
    case "d": {
      const [, of, digest = ""] = DROPPED.exec(rest()) ?? [];
      if (!of) return DAMAGED;
      return { kind: "droppedBound", of: of as RecordKind, digest: Uint8Array.fromHex(digest) };
    }
    case "c": {
      const note: unknown = JSON.parse(rest());
      return typeof note === "string" ? { kind: "checkpoint", note } : DAMAGED;
    }
    case "h":
      return { kind: "header", header: headerOf(JSON.parse(rest())) };
    default:
      return DAMAGED;
  }
}

function recordOf(line: Uint8Array, start: number): Line {
  const mark = decoder.decode(line.subarray(2, RECORD_START - 1));
  const isRecord = /^[0-9a-f]{16}$/.test(mark) && line[RECORD_START - 1] === SPACE &&
    line[start - 1] === SPACE && line.length > start;
  return isRecord ? { kind: "record", mark, bytes: line.subarray(start) } : DAMAGED;
}

function headerOf(value: unknown): Header {
  const { format, log, first, roots, revision, life, mac }: Record<string, unknown> = Object(value);
  const isHeader = (format === 1 || format === FILE_FORMAT) && isName(log) &&
    isCount(first) && isCount(revision) && Array.isArray(roots);
  if (!isHeader) throw new TypeError("Not a header");
  const told = { log, first, revision, roots: roots.map(rootOf) };
  if (format === 1) return { ...told, life: "" };
  if (!isName(life) && life !== "") throw new TypeError("Not a header");
  return { ...told, life, mac: Uint8Array.fromHex(String(mac)) };
}

function isName(value: unknown): value is string {
  return typeof value === "string" && /^[0-9a-f]{32}$/.test(value);
}

function rootOf(value: unknown): Uint8Array {
  const root = Uint8Array.fromBase64(String(value));
  if (root.length !== HASH_BYTES) throw new TypeError("Not a root");
  return root;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** The bytes of a record as they stand in its line; undefined for a line of another kind. */
export function recordIn(line: Uint8Array): Uint8Array | undefined {
  const letter = String.fromCharCode(line[0] ?? 0);
  if (letter === "r") return line.subarray(RECORD_START);
  return letter === "m" ? line.subarray(RECORD_START + MAC_DIGITS + 1) : undefined;
}

/** The lines of `bytes` without their newlines, and what follows the last newline. */
export function splitLines(bytes: Uint8Array): { lines: Uint8Array[]; rest: Uint8Array } {
  const lines: Uint8Array[] = [];
  let from = 0;
  for (let to = bytes.indexOf(NEWLINE); to >= 0; to = bytes.indexOf(NEWLINE, from)) {
    lines.push(bytes.subarray(from, to));
    from = to + 1;
  }
  return { lines, rest: bytes.subarray(from) };
}
