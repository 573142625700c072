import { SpikeError } from "../error/error.ts";
import type { ShardSets } from "../api/result.ts";
import { type Call, inCall } from "../audit/mod.ts";
import {
  encodeManifest,
  encodeRecord,
  encodeSealed,
  isExported,
  type ManifestMessage,
  RECOVERY_MARK,
  type RecoveryManifest,
  SEAL_MARK,
} from "../recovery/mod.ts";
import { constantTimeEqual, wipe } from "../bytes/mod.ts";
import type { Store } from "../store/mod.ts";
import type { Logger } from "../telemetry/mod.ts";
import type { KeyControl } from "./key_control.ts";
import type { SharedPage } from "../shared_page/page.ts";
import type { RestoreCollection, RestoreProgress } from "./restore.ts";
import type { ChangeOutcome, ChangeRequest, ShardChange } from "./shard_change.ts";
import { recordIn, setOf } from "./successor.ts";
import type { Serial } from "../async/serial.ts";

/** How long threads may take to forget their keys. */
const FORGET_MS = 5_000;
/** How long a seal waits for the store before it drops the keys. */
const MARK_MS = 1_000;

/** The shard sets that the store knows. */
export type ManifestAnswer = ShardSets & { readonly manifest: ManifestMessage };

/** What operators do with the root key and its shards. */
export interface RecoveryPort {
  /** Every shard of the set in force. Unless the caller confirms later, they count as exported from now on. */
  recover(how: { confirms: boolean }): Promise<{
    shards: { index: number; bytes: Uint8Array }[];
    manifest: ManifestMessage;
  }>;
  /** Remembers that the shards of a set were exported. */
  confirmExport(input: { setId: Uint8Array; call: Call }): Promise<void>;
  /** What recognizes the shards of the sets that the store knows. */
  manifest(): Promise<ManifestAnswer>;
  /** Takes one shard. Once enough are collected, Nexus has its root key. */
  restore(index: number, shard: Uint8Array): Promise<RestoreProgress>;
  /** Drops all keys and takes none from keepers until it is unsealed or restored, restarts included. */
  seal(input: { reason: string; call: Call }): Promise<void>;
  /** Lets a sealed Nexus recover its root key from keepers again. */
  unseal(input: { call: Call }): Promise<void>;
  /** Replaces the shards, or the root key as well. */
  changeShards(request: ChangeRequest & { call: Call }): Promise<ChangeOutcome>;
}

/** What the port works with. */
export interface RecoveryPortOptions {
  /** The store that is opened and changed. */
  readonly store: Store;
  /** Holder of the root key. */
  readonly control: KeyControl;
  /** Publishes states to all threads. */
  readonly page: SharedPage;
  /** Collects shards that operators hand in. */
  readonly restore: RestoreCollection;
  /** Replaces the keepers' shards. */
  readonly change: Pick<ShardChange, "run">;
  /** Changes of the root key, one after the other. */
  readonly inTurn: Serial;
  /** Ends the loop's sleep: there may be something to do. */
  readonly wake: { now(): void };
  /** False where there are no keepers, and so no shards. */
  readonly hasShards: boolean;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Where events are logged. */
  readonly log: Logger;
}

/** The operations, each in its turn with all that changes the key's life. */
export function createRecoveryPort(options: RecoveryPortOptions): RecoveryPort {
  const { store, control, page, change, inTurn, wake, clock, log } = options;
  /** Whether the key in force was brought back by shards that people handed in. */
  const restored = { isByHand: false };
  const guarded = <T>(work: () => Promise<T>): Promise<T> => {
    refuseWithoutShards(options);
    return work();
  };
  const onBehalf = <T>(call: Call, work: () => Promise<T>): Promise<T> =>
    guarded(() => inCall(call, work));
  return {
    recover: ({ confirms }) => guarded(() => exportShards(options, confirms)),
    confirmExport: ({ setId, call }) =>
      onBehalf(call, async () => {
        const meta = await store.meta();
        if (!meta || !constantTimeEqual(meta.shardSet.setId, setId)) {
          throw new SpikeError("shard_set_changed", "Another shard set is in force by now");
        }
        await markExported(options, setId);
      }),
    manifest: () => guarded(() => tellManifest(options)),
    restore: (index, shard) =>
      wiping(shard, () =>
        guarded(() =>
          inTurn(async () => {
            if (page.state === "ready") {
              return await answerRestored(options, restored, index, shard);
            }
            if (!await store.meta()) throw noDatabase();
            const progress = await options.restore.add(index, shard);
            restored.isByHand = progress.restored;
            if (progress.restored) {
              wake.now();
              await endSeal(options);
            }
            return progress;
          })
        )),
    seal: ({ reason, call }) =>
      onBehalf(call, () =>
        inTurn(async () => {
          const mark = () => recordSeal(store, { reason, by: call.id, atMs: clock() });
          // While there is a key, the record of this change is proved, although the process may end before the next.
          const isMarked = page.state === "ready" && await isDoneWithin(mark(), MARK_MS);
          control.seal();
          log.error("sealed", { by: call.id, reason });
          // A thread that hangs does not serve, but still holds its keys.
          if (!await page.haveForgotten(FORGET_MS)) log.error("thread_remembers_keys");
          if (!isMarked) await mark();
        })),
    unseal: ({ call }) =>
      onBehalf(call, () =>
        inTurn(async () => {
          await store.write((tx) => tx.putMark(SEAL_MARK, undefined));
          if (page.state === "sealed") log.warn("unsealed", { by: call.id });
          control.unseal();
          wake.now();
        })),
    changeShards: ({ call, ...request }) =>
      onBehalf(call, async () => {
        log.warn("shard_change_asked", { by: call.id, kind: request.kind });
        try {
          return await change.run(request);
        } finally {
          wake.now();
        }
      }),
  };
}

/** Answers the shards. Without a promise to confirm later they count as exported with this answer. */
async function exportShards(
  options: RecoveryPortOptions,
  confirms: boolean,
): ReturnType<RecoveryPort["recover"]> {
  const { page, control, clock } = options;
  if (page.state !== "ready") {
    const reason = page.state === "sealed" ? { reason: page.state } : {};
    throw new SpikeError(
      "recovery_failed",
      `This Nexus is ${page.state}, it has no shards yet`,
      reason,
    );
  }
  const shards = control.shards();
  const manifest = manifestOf(shards, clock());
  if (!confirms) await markExported(options, manifest.setId);
  return {
    shards: shards.map(({ stamp, bytes }) => ({ index: stamp.index, bytes })),
    manifest: encodeManifest(manifest),
  };
}

function manifestOf(
  shards: ReturnType<KeyControl["shards"]>,
  exportedAtMs: number,
): RecoveryManifest {
  const stamp = shards[0]?.stamp;
  if (!stamp?.storeId) throw new Error("Shards in force are stamped with their store");
  const { storeId, scheme, setId, generation, threshold, shares } = stamp;
  const commitments = shards.map((shard) => shard.stamp.commitment);
  return { storeId, scheme, setId, generation, threshold, shares, commitments, exportedAtMs };
}

/** Lasting, since it ends a warning. */
async function markExported(
  { store, clock, log }: RecoveryPortOptions,
  setId: Uint8Array,
): Promise<void> {
  await store.write(async (tx) => {
    const record = { ...await recordIn(tx), exported: { setId, atMs: clock() } };
    await tx.putMark(RECOVERY_MARK, encodeRecord(record));
  });
  log.warn("recovery_shards_exported", { set: setId.toHex() });
}

/**
 * The manifest of the shards in force. With the root key loaded it is made from the key, which proves what the store
 * states; otherwise it is read from the store.
 */
async function tellManifest(options: RecoveryPortOptions): ReturnType<RecoveryPort["manifest"]> {
  const { store, page, control, clock } = options;
  const record = await recordIn(store);
  const past = record.past.map(({ setId, generation, threshold, rootEpoch }) => ({
    setId: setId.toHex(),
    generation,
    threshold,
    opens: rootEpoch === record.rootEpoch,
  }));
  if (page.state === "ready") {
    const shards = control.shards();
    const manifest = manifestOf(shards, clock());
    wipe(...shards.map(({ bytes }) => bytes));
    return { manifest: encodeManifest(manifest), isProved: true, past };
  }
  const meta = await store.meta();
  if (!meta) throw noDatabase();
  const manifest = { ...setOf(meta), storeId: meta.storeId, exportedAtMs: clock() };
  return { manifest: encodeManifest(manifest), isProved: false, past };
}

/**
 * A loaded key is never replaced. A custodian who hands in one shard more than were needed gets the answer that the
 * key is restored, not an error.
 */
async function answerRestored(
  { control, store }: RecoveryPortOptions,
  restored: { readonly isByHand: boolean },
  index: number,
  shard: Uint8Array,
): Promise<RestoreProgress> {
  if (restored.isByHand && (await control.recognise(index, shard)).kind === "right") {
    const collected = (await store.meta())?.shardSet.threshold ?? 0;
    return { collected, remaining: 0, restored: true };
  }
  throw new SpikeError(
    "state_already_initialized",
    "This Nexus has its root key; nothing was changed",
  );
}

/** The key is restored even if removing the mark fails: a mark that stays only makes the next start a sealed one. */
async function endSeal({ store, log }: RecoveryPortOptions): Promise<void> {
  try {
    if (!await store.mark(SEAL_MARK)) return;
    await store.write((tx) => tx.putMark(SEAL_MARK, undefined));
    log.warn("unsealed", { by: "recovery shards" });
  } catch (error) {
    log.error("seal_not_ended", { detail: error instanceof Error ? error.message : "unknown" });
  }
}

/** Whether it succeeds in time. A store that hangs or fails must not keep keys in memory. */
async function isDoneWithin(work: Promise<void>, ms: number): Promise<boolean> {
  const over = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => over.resolve(false), ms);
  try {
    return await Promise.race([work.then(() => true, () => false), over.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Without the mark the next start would bring the keys back, so a failure of the last attempt is told. */
async function recordSeal(
  store: Store,
  sealed: Parameters<typeof encodeSealed>[0],
): Promise<void> {
  await store.write(async (tx) => {
    // The first seal counts.
    if (!await tx.mark(SEAL_MARK)) await tx.putMark(SEAL_MARK, encodeSealed(sealed));
  });
}

/** The members of the status about exports. */
export async function exportStatus(
  store: Store,
): Promise<{ readonly exported: boolean; readonly exportedAt?: string }> {
  const meta = await store.meta();
  const record = await recordIn(store);
  if (!meta || !isExported(record, meta.shardSet.setId)) return { exported: false };
  return { exported: true, exportedAt: new Date(record.exported?.atMs ?? 0).toISOString() };
}

/** Zeroes `bytes` when the work is over, however it ends. */
async function wiping<T>(bytes: Uint8Array, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    wipe(bytes);
  }
}

function refuseWithoutShards({ hasShards }: RecoveryPortOptions): void {
  if (hasShards) return;
  throw new SpikeError("api_bad_request", "A Nexus with a memory store has no recovery shards");
}

function noDatabase(): SpikeError {
  return new SpikeError(
    "api_bad_request",
    "There is no database whose root key could be restored",
    { hint: "Restore the database first, or run spike bootstrap for a new one" },
  );
}
