import { requireLength } from "../bytes/bytes.ts";
import { ID_BYTES } from "./derive.ts";
import { encodeTuple } from "./tuple.ts";

/** Format number of the tuples used as AAD. */
export const PLACE_FORMAT = 1;

/** Kinds of rows. A word is never reused or renamed, because sealed rows are bound to it. */
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
  /** Metadata of a named cipher key: its id, its versions, and which of them still decrypt. */
  | "keyhead"
  /** A record of the audit log. */
  | "audit";

/** The place of a sealed row. All members are authenticated, so the row opens only there. */
export interface SealBinding {
  /** 16 bytes. */
  readonly storeId: Uint8Array;
  /** Kind of row. */
  readonly table: Table;
  /** Secret path, policy name or key name; empty if the table has only one row. */
  readonly path: string;
  /** Version, revision or number of the row, 0 if it has none. */
  readonly version: number;
  /** Generation of the KEK that seals the row. */
  readonly kekGeneration: number;
}

/**
 * Binding of bytes sealed by a data key. It excludes the KEK generation: the wrapped data key is bound to it, and
 * re-wrapping under the next KEK must not change the value.
 */
export type ValuePlace = Omit<SealBinding, "kekGeneration">;

/** Purpose of a ciphertext, which separates kinds of ciphertexts at the same place. */
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
