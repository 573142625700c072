import type { SpikeError } from "../error/error.ts";
import { isDamage } from "./damage.ts";
import { type Keyring, openRecord, sealRecord } from "./keyring.ts";
import type { SealBinding, Table } from "./place.ts";
import type { RandomSource } from "./random.ts";

/** A row that is sealed as a whole under a KEK, and found by its name. */
export interface NamedRow {
  readonly name: string;
  /** Revision of the write transaction that stored it. */
  readonly revision: number;
  readonly kekGeneration: number;
  readonly sealed: Uint8Array;
}

/** What such a row says of itself, inside. */
type Named = Pick<NamedRow, "name" | "revision">;

/** What is the same for all rows of one table. */
export interface RowFormat<T extends Named> {
  readonly table: Table;
  readonly encode: (record: T) => Uint8Array;
  /** Throws `state_integrity_check`. */
  readonly decode: (plaintext: Uint8Array) => T;
  /** The refusal of a row that is not what was stored. */
  readonly damaged: (name: string, cause?: unknown) => SpikeError;
}

/** Seals a row, bound to its store, its table, its name and the generation. */
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

/** Opens a row. Throws what the format says of a row that is not what was stored. */
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
