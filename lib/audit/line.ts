/** The lines of a log file. A record is a leaf of the tree; the other kinds of lines are not. */
import { HASH_BYTES } from "./merkle.ts";

/** Number of the layout of a log file. */
export const FILE_FORMAT = 1;

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
}

/** One line, read. */
export type Line =
  | { readonly kind: "header"; readonly header: Header }
  /** `mark` is the beginning of the leaf's hash, as it was written. */
  | { readonly kind: "record"; readonly mark: string; readonly bytes: Uint8Array }
  /** A record that was dropped after its time; its leaf's hash is kept for ever. */
  | { readonly kind: "dropped"; readonly leaf: Uint8Array }
  | { readonly kind: "checkpoint"; readonly note: string }
  | { readonly kind: "damaged" };

/** Digits of a leaf's hash that stand before a record: they tell which one was changed, by accident at least. */
export const MARK_DIGITS = 16;

const NEWLINE = 10;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** The line of a header, with its newline. */
export function headerLine({ log, first, roots, revision }: Header): Uint8Array {
  const texts = roots.map((root) => root.toBase64());
  return encoder.encode(
    `h ${JSON.stringify({ format: FILE_FORMAT, log, first, roots: texts, revision })}\n`,
  );
}

/** The line of a record, with its newline. */
export function recordLine(bytes: Uint8Array, leaf: Uint8Array): Uint8Array {
  const start = encoder.encode(`r ${leaf.subarray(0, MARK_DIGITS / 2).toHex()} `);
  const line = new Uint8Array(start.length + bytes.length + 1);
  line.set(start);
  line.set(bytes, start.length);
  line[line.length - 1] = NEWLINE;
  return line;
}

/** The line of a record that was dropped, with its newline. */
export function droppedLine(leaf: Uint8Array): Uint8Array {
  return encoder.encode(`x ${leaf.toHex()}\n`);
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
    return { kind: "damaged" };
  }
}

const SPACE = 32;
const RECORD_START = 2 + MARK_DIGITS + 1;

function readLine(line: Uint8Array): Line {
  if (line[1] !== SPACE) return { kind: "damaged" };
  switch (String.fromCharCode(line[0] as number)) {
    case "r": {
      const mark = decoder.decode(line.subarray(2, RECORD_START - 1));
      const isRecord = /^[0-9a-f]{16}$/.test(mark) && line[RECORD_START - 1] === SPACE &&
        line.length > RECORD_START;
      return isRecord
        ? { kind: "record", mark, bytes: line.subarray(RECORD_START) }
        : { kind: "damaged" };
    }
    case "x": {
      const leaf = Uint8Array.fromHex(decoder.decode(line.subarray(2)));
      return leaf.length === HASH_BYTES ? { kind: "dropped", leaf } : { kind: "damaged" };
    }
    case "c": {
      const note: unknown = JSON.parse(decoder.decode(line.subarray(2)));
      return typeof note === "string" ? { kind: "checkpoint", note } : { kind: "damaged" };
    }
    case "h":
      return { kind: "header", header: headerOf(JSON.parse(decoder.decode(line.subarray(2)))) };
    default:
      return { kind: "damaged" };
  }
}

function headerOf(value: unknown): Header {
  const { format, log, first, roots, revision }: Record<string, unknown> = Object(value);
  const isHeader = format === FILE_FORMAT && typeof log === "string" &&
    /^[0-9a-f]{32}$/.test(log) && isCount(first) && isCount(revision) && Array.isArray(roots);
  if (!isHeader) throw new TypeError("Not a header");
  return { log, first, revision, roots: roots.map(rootOf) };
}

function rootOf(value: unknown): Uint8Array {
  const root = Uint8Array.fromBase64(String(value));
  if (root.length !== HASH_BYTES) throw new TypeError("Not a root");
  return root;
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
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
