/** Rows of the database as rows of the port. */
import type {
  HeadRow,
  KekRow,
  KekState,
  KeyRow,
  PolicyRow,
  ShardScheme,
  StoreMeta,
  VersionRow,
} from "./port.ts";
import {
  bytes,
  bytesIfAny,
  integer,
  label,
  leniently,
  maybeInteger,
  type Row,
  text,
} from "./sqlite_column.ts";

const COMMITMENT_BYTES = 32;

/** The head in a row that was asked for. */
export function headOf(row: Row): HeadRow {
  return {
    path: text(row, "path"),
    revision: integer(row, "revision"),
    current: integer(row, "current"),
    isPurged: integer(row, "purged") === 1,
    expiresMs: maybeInteger(row, "expires_at"),
    kekGeneration: integer(row, "kek_generation"),
    sealed: bytes(row, "sealed"),
  };
}

/** How the columns of a row are read. */
interface Columns {
  readonly text: (row: Row, name: string) => string;
  readonly integer: (row: Row, name: string) => number;
  readonly bytes: (row: Row, name: string) => Uint8Array;
}

/** A row that was asked for: what it cannot hold is a failure of the question. */
const ALONE: Columns = { text, integer, bytes };
/** One of several: what it cannot hold must not keep anybody from the others. */
export const AMONG_OTHERS: Columns = { text: label, integer: leniently, bytes: bytesIfAny };

/** A policy, or the head of a cipher key. */
export function policyOf(row: Row, { text, integer, bytes } = ALONE): PolicyRow {
  return {
    name: text(row, "name"),
    revision: integer(row, "revision"),
    kekGeneration: integer(row, "kek_generation"),
    sealed: bytes(row, "sealed"),
  };
}

/** The version in a row that was asked for, beside its head. */
export function versionOf(row: Row): VersionRow {
  return {
    version: integer(row, "version"),
    kekGeneration: integer(row, "wrap_generation"),
    wrappedKey: bytes(row, "wrapped_key"),
    sealed: bytes(row, "value"),
    // Nothing rests on it: the time of a version stands in its head.
    createdAtMs: leniently(row, "created_at"),
  };
}

/** A generation that cannot be one fails where its key is unwrapped. */
export function kekOf(row: Row): KekRow {
  return {
    generation: leniently(row, "generation"),
    wrapped: bytesIfAny(row, "wrapped"),
    createdAtMs: leniently(row, "created_at"),
    reservedSeals: integer(row, "reserved_seals"),
    state: oneOf<KekState>(label(row, "state"), "active", "retired"),
  };
}

/** One version of a long-lived key. */
export function keyOf(row: Row, { text, integer, bytes } = ALONE): KeyRow {
  return {
    name: text(row, "name"),
    version: integer(row, "version"),
    kekGeneration: integer(row, "kek_generation"),
    wrapped: bytes(row, "wrapped"),
    createdAtMs: leniently(row, "created_at"),
    reservedSeals: integer(row, "reserved_seals"),
  };
}

/** The meta data of the store. */
export function metaOf(row: Row, formatVersion: number): StoreMeta {
  return {
    formatVersion,
    storeId: bytes(row, "store_id"),
    keyCheck: bytes(row, "key_check"),
    scheme: oneOf<ShardScheme>(text(row, "scheme"), "gf256", "p256"),
    shardSet: {
      setId: bytes(row, "set_id"),
      generation: integer(row, "set_generation"),
      threshold: integer(row, "threshold"),
      shares: integer(row, "shares"),
      commitments: commitmentsOf(bytes(row, "commitments")),
    },
    createdAtMs: integer(row, "created_at"),
  };
}

function commitmentsOf(joined: Uint8Array): Uint8Array[] {
  const count = joined.length / COMMITMENT_BYTES;
  return Array.from(
    { length: count },
    (_, i) => joined.slice(i * COMMITMENT_BYTES, (i + 1) * COMMITMENT_BYTES),
  );
}

/** The table's CHECK allows these two only. */
function oneOf<T extends string>(value: string, first: T, second: T): T {
  return value === first ? first : second;
}
