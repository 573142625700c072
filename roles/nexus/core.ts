import { SpikeError } from "../../lib/api/error.ts";
import type { NexusStatus } from "../../lib/api/mod.ts";
import { type Call, inCall, type RequestEntry } from "../../lib/audit/mod.ts";
import { reserveEncryptions } from "../../lib/cipher/mod.ts";
import type { NexusSettings } from "../../lib/config/mod.ts";
import { createMtlsClient, type MtlsClient } from "../../lib/mtls/mod.ts";
import { unanchoredPatterns } from "../../lib/policy/mod.ts";
import { createKeeperClient, watchPosition } from "../../lib/recovery/mod.ts";
import { type KeySlots, osRandom, wipe } from "../../lib/seal/mod.ts";
import type { SecretChanged, SecretNotFound } from "../../lib/secret/mod.ts";
import { hasRole, type SvidSource } from "../../lib/spiffe/mod.ts";
import type { Store } from "../../lib/store/mod.ts";
import { createLogger } from "../../lib/telemetry/mod.ts";
import { VERSION } from "../../lib/version.ts";
import type { CorePort, RestoreProgress } from "./core_port.ts";
import { KeeperSync } from "./keeper_sync.ts";
import { KeyControl } from "./key_control.ts";
import type { SharedPage } from "./page.ts";
import { RestoreCollection } from "./restore.ts";
import { createTurn, type InTurn } from "./turn.ts";
import { watchKeepers } from "./watch.ts";
import { Wake } from "./wake.ts";
import { createWritersOnDemand } from "./writers.ts";

export interface CoreOptions {
  readonly settings: NexusSettings;
  readonly source: SvidSource;
  readonly store: Store;
  readonly page: SharedPage;
  readonly rootSlots: KeySlots;
  readonly kekSlots: KeySlots;
  readonly cipherSlots: KeySlots;
  /** Takes the audit record of a request; see `CorePort.record`. */
  readonly record: (entry: RequestEntry) => Promise<void>;
}

/** The one control and store writer of a Nexus: the port for requests, and its end. */
export interface Core {
  readonly port: CorePort;
  readonly control: KeyControl;
  /** Ends the loops, waits for queued writes and zeroes all keys. */
  stop(): Promise<void>;
}

/**
 * Starts the control: recovery from keepers until there is a key, then the watch over them. Returns at once;
 * requests are answered with `state_not_ready` until the page says otherwise.
 */
export async function startCore(options: CoreOptions): Promise<Core> {
  const { settings, source, store, page } = options;
  const log = createLogger("nexus");
  const clock = Date.now;
  const control = new KeyControl({ ...options, ...settings, random: osRandom, clock, log });
  const transport = createKeeperTransport(settings, source);
  const inTurn = createTurn();
  const stopping = new AbortController();
  const wake = new Wake(stopping.signal);
  const sync = new KeeperSync({
    keepers: settings.keeperPeers.map((url, i) =>
      createKeeperClient(transport, i + 1, url, { onPeer: watchPosition(i + 1, url, log) })
    ),
    log,
    clock,
    shards: () => control.shards(),
    replaces: () => control.replaces,
    onNewerGeneration: (generation) =>
      void inTurn(() => Promise.resolve(control.standBack(generation))).then(() => wake.now()),
  });
  const restore = new RestoreCollection({
    threshold: async () => (await store.meta())?.shardSet.threshold ?? settings.threshold,
    isRight: (index, shard) => control.isCommittedShard(index, shard),
    offer: (candidates) => control.offer(candidates),
    clock,
  });
  const running: Promise<void>[] = [];
  const random = Math.random;
  if (settings.backend === "memory") await control.startEphemeral();
  else {
    const watch = { settings, page, control, sync, restore, inTurn, wake, clock, random, log };
    running.push(watchKeepers(watch));
  }
  return {
    control,
    port: createPort({
      ...options,
      control,
      sync,
      restore,
      inTurn,
      wake,
      startedAtMs: clock(),
      restored: { isByHand: false },
    }),
    stop: async () => {
      stopping.abort();
      sync.stop();
      await Promise.all(running);
      restore.clear();
      await transport.close();
      await store.close();
      control.wipe();
    },
  };
}

function createKeeperTransport(settings: NexusSettings, source: SvidSource): MtlsClient {
  return createMtlsClient({
    source,
    isExpectedPeer: (id) => hasRole(id, "keeper", settings.trustRoots),
    peerName: "a SPIKE Keeper",
    timeouts: settings.callTimeouts,
  });
}

type PortDeps = CoreOptions & {
  readonly control: KeyControl;
  readonly sync: KeeperSync;
  readonly restore: RestoreCollection;
  readonly inTurn: InTurn;
  readonly wake: Wake;
  readonly startedAtMs: number;
  /** Whether the key in force was brought back by shards that people handed in. */
  readonly restored: { isByHand: boolean };
};

function createPort(deps: PortDeps): CorePort {
  const { store, control, settings, page, inTurn, wake } = deps;
  const writers = createWritersOnDemand(store, control, settings);
  const log = createLogger("nexus");
  return {
    putSecret: onBehalf(async (input) => {
      const { version } = await writers().secrets.put(input);
      return { version };
    }),
    deleteVersions: onBehalf(async (input) => assertFound(await writers().secrets.delete(input))),
    undeleteVersions: onBehalf(async (input) =>
      assertFound(await writers().secrets.undelete(input))
    ),
    putPolicy: onBehalf(async (input) => {
      const policy = await changing(page, () => writers().policies.put(input));
      const unanchored = unanchoredPatterns(policy);
      const fields = { policy: policy.name, author: input.author };
      if (unanchored.length > 0) {
        log.warn("policy_unanchored", { ...fields, members: unanchored.join(",") });
      } else log.info("policy_put", fields);
      return { unanchored };
    }),
    deletePolicy: onBehalf(async (input) => {
      const isGone = await changing(page, () => writers().policies.delete(input));
      if (isGone) log.info("policy_deleted", { policy: input.name, author: input.author });
      return isGone;
    }),
    reserveEncryptions: (version) => reserveEncryptions(store, version),
    record: deps.record,
    status: async () => describe(deps, await store.meta()),
    verify: (nonce, ciphertext) =>
      inTurn(async () => {
        try {
          return await control.prove(nonce, ciphertext);
        } finally {
          wake.now();
        }
      }),
    recover: () => {
      refuseWithoutKeepers(settings);
      if (page.state !== "ready") {
        throw new SpikeError(
          "recovery_failed",
          `This Nexus is ${page.state}, it has no shards yet`,
        );
      }
      const shards = control.shards();
      return Promise.resolve(shards.map(({ stamp, bytes }) => ({ index: stamp.index, bytes })));
    },
    restore: (index, shard) =>
      wiping(shard, () =>
        inTurn(async () => {
          refuseWithoutKeepers(settings);
          if (page.state === "ready") return await answerRestored(deps, index, shard);
          if (!await store.meta()) {
            throw new SpikeError(
              "api_bad_request",
              "There is no database whose root key could be restored",
              {
                hint: "Put the database back first, or run spike bootstrap for a new one",
              },
            );
          }
          const progress = await deps.restore.add(index, shard);
          if (progress.restored) wake.now();
          deps.restored.isByHand = progress.restored;
          return progress;
        })),
  };
}

/**
 * A working key is never replaced. But the custodian who brings one shard more than it took hears that the key is
 * restored, not that something is wrong.
 */
async function answerRestored(
  { control, restored, store }: PortDeps,
  index: number,
  shard: Uint8Array,
): Promise<RestoreProgress> {
  if (restored.isByHand && await control.isCommittedShard(index, shard)) {
    const collected = (await store.meta())?.shardSet.threshold ?? 0;
    return { collected, remaining: 0, restored: true };
  }
  throw new SpikeError(
    "state_already_initialized",
    "This Nexus has its root key; nothing was changed",
  );
}

/**
 * A method that changes the store for a caller. Whatever `work` writes is recorded with the call, and `author` is who
 * made it.
 */
function onBehalf<I extends { readonly call: Call }, T>(
  work: (input: Omit<I, "call"> & { readonly author: string }) => Promise<T>,
): (input: I) => Promise<T> {
  return ({ call, ...input }) => inCall(call, () => work({ ...input, author: call.id }));
}

/** Zeroes `bytes` when the work is over, however it ends. */
async function wiping<T>(bytes: Uint8Array, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    wipe(bytes);
  }
}

/** Changes policies, then tells all threads, even if it failed: what became of a failed commit is not known. */
async function changing<T>(page: SharedPage, change: () => Promise<T>): Promise<T> {
  try {
    return await change();
  } finally {
    page.publishPolicies();
  }
}

function assertFound(outcome: SecretChanged | SecretNotFound): void {
  if (outcome.found) return;
  throw new SpikeError("api_not_found", `There is no such secret or version (${outcome.reason})`);
}

function refuseWithoutKeepers(settings: NexusSettings): void {
  if (settings.backend !== "memory") return;
  throw new SpikeError("api_bad_request", "A Nexus with a memory store has no recovery shards");
}

function describe(
  { settings, page, sync, control, startedAtMs }: PortDeps,
  meta: Awaited<ReturnType<Store["meta"]>>,
): NexusStatus {
  const set = meta?.shardSet;
  return {
    version: VERSION,
    state: page.state,
    backend: settings.backend,
    initialized: meta !== undefined,
    ...(meta ? { storeId: meta.storeId.toHex() } : {}),
    keepers: settings.backend === "memory" ? [] : [...sync.statuses],
    threshold: set?.threshold ?? settings.threshold,
    shares: set?.shares ?? settings.shares,
    ...(control.generation === undefined ? {} : { generation: control.generation }),
    since: new Date(startedAtMs).toISOString(),
  };
}
