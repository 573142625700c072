/** The beginning of a record: members come in a fixed order, so that a million records are read byte by byte. */

/** What a record can be. */
export type RecordKind = "request" | "change" | "notice";

/** What the first members of a record say. */
export interface RecordHead {
  readonly format: 1 | 2;
  readonly n: number;
  /** Undefined for a word that no record has. */
  readonly kind: RecordKind | undefined;
}

const encoder = new TextEncoder();
const START = encoder.encode('{"format":');
const NUMBER = encoder.encode(',"n":');
const KIND = encoder.encode(',"kind":"');
const KINDS = (["request", "change", "notice"] as const).map((kind) =>
  [kind, encoder.encode(`${kind}",`)] as const
);
const [ZERO, NINE] = [48, 57];
const MAX_DIGITS = 16;

/** Reads the head of a record; undefined for bytes that do not begin as a record does. */
export function headOf(record: Uint8Array): RecordHead | undefined {
  const digit = record[START.length];
  const format = digit === ZERO + 1 ? 1 : digit === ZERO + 2 ? 2 : undefined;
  let at = START.length + 1;
  if (!format || !isAt(record, 0, START) || !isAt(record, at, NUMBER)) return undefined;
  at += NUMBER.length;
  let n = 0;
  const from = at;
  for (let byte = record[at] ?? 0; byte >= ZERO && byte <= NINE; byte = record[++at] ?? 0) {
    n = n * 10 + byte - ZERO;
  }
  const isNumber = at > from && at - from <= MAX_DIGITS && Number.isSafeInteger(n);
  if (!isNumber || !isAt(record, at, KIND)) return undefined;
  at += KIND.length;
  return { format, n, kind: KINDS.find(([, word]) => isAt(record, at, word))?.[0] };
}

function isAt(bytes: Uint8Array, at: number, wanted: Uint8Array): boolean {
  for (let i = 0; i < wanted.length; i++) if (bytes[at + i] !== wanted[i]) return false;
  return true;
}
