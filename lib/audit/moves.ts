import { headOf } from "./record_head.ts";

/** What a record says about the state of its log. */
export interface Moves {
  /** Of the last transaction that counts as recorded from here on. */
  readonly revision?: number;
  /**
   * 16 bytes, hex: drawn when the key of the log is loaded, and named by what waits in the store from then on. A row
   * of an earlier life, or of a copy of the log that went on by itself, does not name it.
   */
  readonly life?: string;
}

const START_BYTES = 200;
const decoder = new TextDecoder();
const CHANGE = /"kind":"change","time":\d+,"revision":(\d+)/;
const REVISION =
  /"event":"(?:store_rolled_back|changes_unrecorded|format_changed)","detail":\{"from":\d+,"to":(\d+)/;
const LIFE = /"event":"key_loaded","detail":\{"life":"([0-9a-f]{32})"/;

/** Reads it from the bytes of a record; empty for the many that say nothing of it. */
export function movesIn(record: Uint8Array): Moves {
  const kind = headOf(record)?.kind;
  if (kind === undefined || kind === "request") return {};
  const start = decoder.decode(record.subarray(0, START_BYTES));
  const [, revision] = (kind === "change" ? CHANGE : REVISION).exec(start) ?? [];
  if (revision !== undefined) return { revision: Number(revision) };
  const [, life] = kind === "notice" ? LIFE.exec(start) ?? [] : [];
  return life === undefined ? {} : { life };
}
