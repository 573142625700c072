import { isDamage } from "./damage.ts";
import { type Keyring, openRecord, sealRecord } from "./keyring.ts";
import type { SealBinding, Table } from "./place.ts";
import type { RandomSource } from "./random.ts";

/** A row that is sealed as a whole under a KEK and stored by its name. */
export interface NamedRow {
  /** Key of the row, in plaintext. */
  readonly name: string;
  /** Revision of the write transaction that stored it. */
  readonly revision: number;
  /** Generation of the KEK that seals the row. */
  readonly kekGeneration: number;
  /** The sealed record. */
  readonly sealed: Uint8Array;
}

/** The part of a row that is repeated in the sealed record. */
export type Named = Pick<NamedRow, "name" | "revision">;

/** Format of the rows of one table. */
export interface RowFormat<T extends Named> {
  /** Table that the rows are bound to. */
  readonly table: Table;
  /** Serializes a record. */
  readonly encode: (record: T) => Uint8Array;
  /** Parses a record; throws `state_integrity_check`. */
  readonly decode: (plaintext: Uint8Array) => T;
  /** Creates the error for a damaged row. */
  readonly damaged: (name: string, cause?: unknown) => Error;
}

/** Seals a row, bound to its store, table, name and KEK generation. */
export function sealRow<T extends Named>(
  { table, encode }: RowFormat<T>,
  keyring: Keyring,
  record: T,
  { kekGeneration, random }: { readonly kekGeneration: number; readonly random: RandomSource },
): NamedRow {
  const { name, revision } = record;
  const place = placeOf(keyring, table, name, kekGeneration);
  const sealed = sealRecord(keyring.kek(kekGeneration), place, encode(record), random);
  return { name, revision, kekGeneration, sealed };
}

/**
 * Opens a row.
 *
 * @throws {SpikeError} the error of `damaged` for a row that was modified
 */
export function openRow<T extends Named>(
  { table, decode, damaged }: RowFormat<T>,
  keyring: Keyring,
  { name, revision, kekGeneration, sealed }: NamedRow,
): T {
  try {
    const place = placeOf(keyring, table, name, kekGeneration);
    const record = decode(openRecord(keyring.kek(kekGeneration), place, sealed));
    if (record.name !== name || record.revision !== revision) throw damaged(name);
    return record;
  } catch (reason) {
    throw isDamage(reason) ? damaged(name, reason) : reason;
  }
}

function placeOf(
  { storeId }: Keyring,
  table: Table,
  name: string,
  kekGeneration: number,
): SealBinding {
  return { storeId, table, path: name, version: 0, kekGeneration };
}
