import { SpikeError } from "../error/error.ts";
import {
  decodeRecord,
  encodeRecord,
  FIRST_RECORD,
  RECOVERY_MARK,
  type RecoveryRecord,
  type ShardSet,
  shardsOf,
  storeCheck,
  withSuccessor,
} from "../recovery/mod.ts";
import { constantTimeEqual, wipe } from "../bytes/mod.ts";
import { deriveStorageKey, type RandomSource, unwrapKek, wrapKek } from "../seal/mod.ts";
import type { Store, StoreMeta, StoreTx } from "../store/mod.ts";

/** The set that is to follow the one in force. Nothing rests on it until it is committed. */
export interface Successor {
  /** Id of the set that it follows. */
  readonly follows: Uint8Array;
  /** The new shard set. */
  readonly set: ShardSet;
  /** Whether it is the first set of a new root key. */
  readonly isNewRoot: boolean;
}

/** What a commit is made of. Neither key is changed or wiped. */
export interface CommitOptions {
  readonly store: Store;
  readonly successor: Successor;
  /** The root key in force, 32 bytes. */
  readonly root: Uint8Array;
  /** The root key of the successor, which is the same one unless `isNewRoot`. */
  readonly next: Uint8Array;
  readonly random: RandomSource;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Called when all is written: from then on a failure leaves open whether the commit happened. */
  readonly onWritten: () => void;
}

/**
 * Puts a successor in force in one transaction: its key check, what recognises its shards and, for a new root key,
 * every KEK wrapped anew. Answers the number of KEKs. Before it, the old shards open the store; after it, the new.
 *
 * @throws SpikeError `shard_set_changed` when another set is in force by now
 */
export async function commitSuccessor(options: CommitOptions): Promise<number> {
  const { store, successor, root, next, clock, onWritten } = options;
  return await store.write(async (tx) => {
    const meta = await tx.meta();
    if (!meta || !constantTimeEqual(meta.shardSet.setId, successor.follows)) throw overtaken();
    const { storeId } = meta;
    const keks = successor.isNewRoot
      ? await rewrapKeks(tx, { storeId, root, next, random: options.random })
      : 0;
    const { scheme, setId, generation, threshold, shares } = successor.set;
    const made = shardsOf(next, successor.set, storeId);
    const commitments = made.map(({ stamp }) => stamp.commitment);
    wipe(...made.map(({ bytes }) => bytes));
    await tx.changeMeta({
      scheme,
      shardSet: { setId, generation, threshold, shares, commitments },
      keyCheck: storeCheck(next, { storeId, set: successor.set, commitments }),
    });
    const change = { isNewRoot: successor.isNewRoot, atMs: clock() };
    const record = withSuccessor(await recordIn(tx), setOf(meta), change);
    await tx.putMark(RECOVERY_MARK, encodeRecord(record));
    onWritten();
    return keks;
  });
}

/** The set in force according to the store. */
export function setOf({ scheme, shardSet }: StoreMeta): ShardSet & StoreMeta["shardSet"] {
  return { ...shardSet, scheme };
}

/** A store's record of its sets; one that cannot be read counts as absent. */
export async function recordIn(store: Pick<StoreTx, "mark">): Promise<RecoveryRecord> {
  const mark = await store.mark(RECOVERY_MARK);
  try {
    return mark ? decodeRecord(mark) : FIRST_RECORD;
  } catch (error) {
    if (error instanceof SpikeError) return FIRST_RECORD;
    throw error;
  }
}

interface Rewrap {
  readonly storeId: Uint8Array;
  readonly root: Uint8Array;
  readonly next: Uint8Array;
  readonly random: RandomSource;
}

/** The cost of a rotation: one opening and one sealing for each KEK, however much they have sealed. */
async function rewrapKeks(tx: StoreTx, { storeId, root, next, random }: Rewrap): Promise<number> {
  const before = deriveStorageKey(root, storeId);
  const after = deriveStorageKey(next, storeId);
  try {
    const rows = await tx.keks();
    for (const row of rows) {
      const kek = unwrapKek(before, storeId, row.generation, row.wrapped);
      const wrapped = wrapKek(after, storeId, row.generation, kek, random);
      wipe(kek);
      await tx.putKek({ ...row, wrapped });
    }
    return rows.length;
  } finally {
    wipe(before, after);
  }
}

function overtaken(): SpikeError {
  return new SpikeError("shard_set_changed", "Another shard set is in force by now", {
    hint: "Check `spike status`, then repeat the command if it still applies",
  });
}
