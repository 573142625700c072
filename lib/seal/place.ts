import { requireLength } from "../bytes/bytes.ts";
import { ID_BYTES } from "./derive.ts";
import { encodeTuple } from "./tuple.ts";

/** Format number of the tuples that sealed bytes are bound to. */
export const PLACE_FORMAT = 1;

/** What a row can be. A word is never reused or renamed, since every sealed byte is bound to its own. */
export type Table =
  /** A wrapped key-encryption key. */
  | "kek"
  /** The sealed head (metadata) of a secret. */
  | "head"
  /** The value of one version of a secret. */
  | "version"
  /** The wrapped data key of one version. */
  | "datakey"
  /** A policy. */
  | "policy"
  /** Facts about the store itself; `path` names the fact. */
  | "meta"
  /** A long-lived random key wrapped by a KEK (audit, checkpoint, cipher); `path` is its name. */
  | "key"
  /** What is known of a named cipher key: its id, its versions, which of them still decrypt. */
  | "keyhead"
  /** A record of the audit log. */
  | "audit";

/** Where a sealed row lies. Everything in it is authenticated, so that the row opens nowhere else. */
export interface SealBinding {
  /** 16 bytes. */
  readonly storeId: Uint8Array;
  readonly table: Table;
  /** Secret path, policy name, key name; empty where the table has only one row. */
  readonly path: string;
  /** Version, revision or number of the row, 0 where there is none. */
  readonly version: number;
  /** Generation of the KEK that seals the row. */
  readonly kekGeneration: number;
}

/**
 * SealBinding of bytes sealed by a data key. The KEK generation is no part of it: the data key's own wrapping is bound
 * to that, and re-wrapping it under the next KEK must leave the value as it is.
 */
export type ValuePlace = Omit<SealBinding, "kekGeneration">;

/** What a ciphertext is for: the second thing, beside its place, that keeps two kinds of it apart. */
export type Purpose = "kek" | "record" | "data-key" | "value";

/** AAD of a row sealed by a KEK (or, for a KEK, by the storage key). */
export function placeAad(purpose: Exclude<Purpose, "value">, place: SealBinding): Uint8Array {
  requireLength(place.storeId, ID_BYTES, "Store id");
  return encodeTuple([
    PLACE_FORMAT,
    purpose,
    place.storeId,
    place.table,
    place.path,
    place.version,
    place.kekGeneration,
  ]);
}

/** AAD of a value sealed by a data key. */
export function valueAad(place: ValuePlace): Uint8Array {
  requireLength(place.storeId, ID_BYTES, "Store id");
  return encodeTuple([
    PLACE_FORMAT,
    "value" satisfies Purpose,
    place.storeId,
    place.table,
    place.path,
    place.version,
  ]);
}
