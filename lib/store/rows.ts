import type {
  HeadRow,
  InitialMeta,
  KekRow,
  KeyRow,
  ListRequest,
  PolicyRow,
  StoredShardSet,
  VersionRow,
} from "./port.ts";

const STORE_ID_BYTES = 16;
const SET_ID_BYTES = 16;
const DIGEST_BYTES = 32;

/** A copy that shares no bytes with `row`. */
export function copyHead<R extends HeadRow | PolicyRow>(row: R): R {
  return { ...row, sealed: row.sealed.slice() };
}

/** A copy that shares no bytes with `row`. */
export function copyVersion(row: VersionRow): VersionRow {
  return { ...row, wrappedKey: row.wrappedKey.slice(), sealed: row.sealed.slice() };
}

/** A copy that shares no bytes with `row`. */
export function copyKek<R extends KekRow | KeyRow>(row: R): R {
  return { ...row, wrapped: row.wrapped.slice() };
}

/** A copy that shares no bytes with `meta`. */
export function copyMeta<M extends InitialMeta>(meta: M): M {
  return {
    ...meta,
    storeId: meta.storeId.slice(),
    keyCheck: meta.keyCheck.slice(),
    shardSet: copyShardSet(meta.shardSet),
  };
}

function copyShardSet(set: StoredShardSet): StoredShardSet {
  return { ...set, setId: set.setId.slice(), commitments: set.commitments.map((c) => c.slice()) };
}

/** Throws `RangeError` for meta data that is not valid; callers never pass such values, so it is a bug. */
export function requireMeta(meta: InitialMeta): void {
  requireBytes("store id", meta.storeId, STORE_ID_BYTES);
  requireBytes("key check", meta.keyCheck, DIGEST_BYTES);
  const { setId, generation, threshold, shares, commitments } = meta.shardSet;
  requireBytes("shard set id", setId, SET_ID_BYTES);
  if (!(generation >= 1 && threshold >= 1 && shares >= threshold && shares <= 255)) {
    throw new RangeError(`Shard set ${generation}/${threshold}/${shares} is not possible`);
  }
  if (commitments.length !== 0 && commitments.length !== shares) {
    throw new RangeError(`Shard set of ${shares} has ${commitments.length} commitments`);
  }
  for (const commitment of commitments) requireBytes("commitment", commitment, DIGEST_BYTES);
}

/** Throws `RangeError` unless the limit is at least 1. */
export function requireLimit(request: Pick<ListRequest, "limit">): void {
  if (!Number.isSafeInteger(request.limit) || request.limit < 1) {
    throw new RangeError(`Limit is ${request.limit}, at least 1 is expected`);
  }
}

function requireBytes(what: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) {
    throw new RangeError(`The ${what} is ${bytes.length} bytes long, ${length} are expected`);
  }
}
