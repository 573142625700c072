/** The rows that wait in the store for the log: a record, and the proof that this Nexus left it in this revision. */
import { constantTimeEqual } from "../bytes/bytes.ts";
import { encodeTuple } from "../seal/tuple.ts";
import type { ChangeEntry } from "./entry.ts";
import type { Mac } from "./line_mac.ts";

/** Number of the layout of an authenticated row. Rows of format 1 are the JSON alone. */
export const ROW_FORMAT = 2;

/** What a row is bound to, beside its record. */
export interface RowPlace {
  /** 16 bytes. */
  readonly storeId: Uint8Array;
  /** The log that it waits for, hex. */
  readonly log: string;
  /** The life of that log in which it was left; empty before the first. See `movesIn`. */
  readonly life: string;
  /** Revision of the transaction. */
  readonly revision: number;
}

/** A row, read and not authenticated yet. */
interface ParsedRow {
  readonly log: string;
  readonly life: string;
  /** Rows up to this revision were removed when this one was left. */
  readonly cleared: number;
  readonly mac: Uint8Array;
  readonly record: Uint8Array;
}

const START = /^2 ([0-9a-f]{32}) ([0-9a-f]{32}|-) (0|[1-9][0-9]{0,15}) ([0-9a-f]{32}) $/;
const MAX_START = 2 + 33 + 33 + 17 + 33;
const SPACE = 32;
const SPACES = 5;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** A record on its way through the outbox. */
export function encodeChange(entry: ChangeEntry): Uint8Array {
  return encoder.encode(JSON.stringify(entry));
}

/** Reads what {@linkcode encodeChange} made. */
export function decodeChange(record: Uint8Array): ChangeEntry {
  return JSON.parse(decoder.decode(record));
}

/** A row with its proof. Rows up to `cleared` are removed in the same transaction. */
export function protectRow(
  record: Uint8Array,
  place: RowPlace,
  cleared: number,
  mac: Mac,
): Uint8Array {
  const proof = mac(messageOf(place, cleared, record)).toHex();
  const start = encoder.encode(
    `${ROW_FORMAT} ${place.log} ${place.life || "-"} ${cleared} ${proof} `,
  );
  const row = new Uint8Array(start.length + record.length);
  row.set(start);
  row.set(record, start.length);
  return row;
}

/** The record of a row that was left at this place; undefined for every other row. */
export function openRow(
  row: Uint8Array,
  place: Omit<RowPlace, "life">,
  mac: Mac,
): { readonly record: Uint8Array; readonly life: string; readonly cleared: number } | undefined {
  const parsed = parseRow(row);
  if (parsed?.log !== place.log) return undefined;
  const { life, cleared, record } = parsed;
  const expected = mac(messageOf({ ...place, life }, cleared, record));
  return constantTimeEqual(expected, parsed.mac) ? { record, life, cleared } : undefined;
}

function parseRow(row: Uint8Array): ParsedRow | undefined {
  let at = -1;
  for (let i = 0; i < SPACES; i++) at = row.indexOf(SPACE, at + 1);
  if (at < 0 || at > MAX_START) return undefined;
  const [, log, life, cleared, mac] = START.exec(decoder.decode(row.subarray(0, at + 1))) ?? [];
  if (!log || !life || !mac || !Number.isSafeInteger(Number(cleared))) return undefined;
  return {
    log,
    life: life === "-" ? "" : life,
    cleared: Number(cleared),
    mac: Uint8Array.fromHex(mac),
    record: row.subarray(at + 1),
  };
}

function messageOf(place: RowPlace, cleared: number, record: Uint8Array): Uint8Array {
  const { storeId, log, life, revision } = place;
  return encodeTuple([ROW_FORMAT, "outbox", storeId, log, life, revision, cleared, record]);
}
