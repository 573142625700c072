import { SpikeError } from "../../../lib/error/error.ts";
import type {
  ChangedLogStatus,
  NexusStatus,
  PeerStatus,
  SealStatus,
} from "../../../lib/api/status.ts";
import type { NexusSettings } from "../../../lib/config/mod.ts";
import {
  createMtlsClient,
  type MtlsClient,
  PeerLog,
  type SeenLink,
} from "../../../lib/mtls/mod.ts";
import { unanchoredPatterns } from "../../../lib/policy/mod.ts";
import {
  createKeeperClient,
  decodeSealed,
  SEAL_MARK,
  watchPosition,
} from "../../../lib/recovery/mod.ts";
import { type KeySlots, osRandom } from "../../../lib/seal/mod.ts";
import type { SecretChanged, SecretNotFound } from "../../../lib/secret/mod.ts";
import { hasRole, type SvidSource } from "../../../lib/spiffe/mod.ts";
import type { Store } from "../../../lib/store/mod.ts";
import { createLogger, health, meter } from "../../../lib/telemetry/mod.ts";
import { VERSION } from "../../../lib/version.ts";
import type { Auditing, Unproved } from "../../../lib/audit_store/auditing.ts";
import { type BackupPort, NO_BACKUPS } from "../../../lib/backup/backup_port.ts";
import { backupStatus } from "../../../lib/backup/backup_status.ts";
import { createCipherPort } from "./cipher_port.ts";
import type { CorePort, KekStatus, Written } from "./core_port.ts";
import { KekRotation } from "../../../lib/root_key/kek_rotation.ts";
import { ExpiryWatch } from "./expiry_watch.ts";
import { KeeperSync } from "../../../lib/root_key/keeper_sync.ts";
import { KeyControl } from "../../../lib/root_key/key_control.ts";
import type { SharedPage } from "../../../lib/shared_page/page.ts";
import { onBehalf } from "../../../lib/audit_store/on_behalf.ts";
import { createRecoveryPort, exportStatus } from "../../../lib/root_key/recovery_port.ts";
import { RestoreCollection } from "../../../lib/root_key/restore.ts";
import { scrubStore } from "../../../lib/audit_store/scrub.ts";
import { ShardChange } from "../../../lib/root_key/shard_change.ts";
import { createSerial, type Serial } from "../../../lib/async/serial.ts";
import { watchKeepers } from "../../../lib/root_key/watch.ts";
import { watchState } from "../../../lib/root_key/watch_state.ts";
import { Wake } from "../../../lib/async/wake.ts";
import { createWritersOnDemand, type Writers } from "../../../lib/root_key/writers.ts";

export interface CoreOptions {
  readonly settings: NexusSettings;
  readonly source: SvidSource;
  readonly page: SharedPage;
  readonly rootSlots: KeySlots;
  readonly kekSlots: KeySlots;
  readonly cipherSlots: KeySlots;
  /** Whether the root key's memory is kept out of swap, where that is known. */
  readonly isLocked?: boolean;
  /** Records what is asked and what changes; everything here writes to its store. */
  readonly auditing: Auditing;
  /** Files of the audit log that somebody changed. */
  readonly changedLogs?: () => readonly ChangedLogStatus[];
  /** Absent where there is no database to copy. */
  readonly backups?: BackupPort;
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
  const { settings, page, auditing } = options;
  const { store } = auditing;
  const log = createLogger("nexus");
  const clock = Date.now;
  const control = new KeyControl({
    ...options,
    ...settings,
    store,
    keyringOpened: (ring) => auditing.keyringOpened(ring),
    keyringDropped: () => auditing.keyringDropped(),
    random: osRandom,
    clock,
    log,
    onComplaints: (complaints) => sync.complain(complaints),
  });
  const peers = new PeerLog();
  const transport = createKeeperTransport(options, peers);
  const inTurn = createSerial();
  const stopping = new AbortController();
  const wake = new Wake(stopping.signal);
  const keepers = settings.keeperPeers.map((url, i) =>
    createKeeperClient(transport, i + 1, url, { onPeer: watchPosition(i + 1, url, log) })
  );
  const sync = new KeeperSync({
    keepers,
    log,
    clock,
    shards: () => control.shards(),
    replaces: () => control.replaces,
    onNewerGeneration: (generation) =>
      void inTurn(() => Promise.resolve(control.standBack(generation))).then(() => wake.now()),
  });
  const restore = new RestoreCollection({
    threshold: async () => (await store.meta())?.shardSet.threshold ?? settings.threshold,
    recognise: (index, shard) => control.recognise(index, shard),
    offer: (candidates) => control.offer(candidates, { isByHand: true }),
    clock,
  });
  const isExported = async () => (await exportStatus(store)).exported;
  const change = new ShardChange({
    keepers,
    control,
    sync,
    inTurn,
    log,
    isExported,
  });
  const threshold = () => control.threshold ?? settings.threshold;
  watchState({ page, settings, sync, threshold, isExported });
  const writers = createWritersOnDemand(store, control, settings);
  const rotation = new KekRotation({
    store,
    page,
    control,
    writers,
    inTurn,
    wake: new Wake(stopping.signal),
    maxAgeMs: settings.kekMaxAgeMs,
    clock,
    log,
  });
  const expiry = new ExpiryWatch({
    store,
    page,
    wake: new Wake(stopping.signal),
    warningMs: settings.expiryWarningMs,
    clock,
    log,
  });
  const running: Promise<void>[] = [rotation.run(), expiry.run()];
  const random = Math.random;
  if (settings.backend === "memory") await control.startEphemeral();
  else {
    const mark = await store.mark(SEAL_MARK);
    if (mark) {
      control.seal();
      const { reason, by } = decodeSealed(mark);
      log.error("sealed_at_start", { reason, by });
    }
    const watch = { settings, page, control, sync, restore, inTurn, wake, clock, random, log };
    running.push(watchKeepers(watch));
    if (settings.scrubIntervalMs > 0) {
      running.push(scrubStore({
        intervalMs: settings.scrubIntervalMs,
        isReady: () => page.state === "ready",
        verify: (pause) => auditing.verify(pause),
        retain: (pause) => auditing.retain(pause),
        sleep: (ms) => sleepUnless(stopping.signal, ms),
        now: () => performance.now(),
        onFindings: tellFindings(),
        log,
      }));
    }
  }
  return {
    control,
    port: createPort({
      ...options,
      store,
      control,
      sync,
      restore,
      change,
      writers,
      rotation,
      inTurn,
      wake,
      peers,
      startedAtMs: clock(),
    }),
    stop: async () => {
      stopping.abort();
      sync.stop();
      await Promise.all(running);
      restore.clear();
      await transport.close();
      try {
        await auditing.close();
      } finally {
        await store.close();
        control.wipe();
      }
    },
  };
}

function createKeeperTransport({ settings, source }: CoreOptions, peers: PeerLog): MtlsClient {
  return createMtlsClient({
    source,
    isExpectedPeer: (id) => hasRole(id, "keeper", settings.trustRoots),
    peerName: "a SPIKE Keeper",
    timeouts: settings.callTimeouts,
    onPeer: (link) => peers.note(link, Date.now()),
  });
}

type PortDeps = CoreOptions & {
  readonly store: Store;
  readonly control: KeyControl;
  readonly sync: KeeperSync;
  readonly restore: RestoreCollection;
  readonly change: ShardChange;
  readonly writers: () => Writers;
  readonly rotation: KekRotation;
  readonly inTurn: Serial;
  readonly wake: Wake;
  readonly peers: PeerLog;
  readonly startedAtMs: number;
};

function createPort(deps: PortDeps): CorePort {
  const { store, control, settings, page, writers, rotation, inTurn, wake } = deps;
  const log = createLogger("nexus");
  return {
    putSecret: onBehalf(async (input) => written(await writers().secrets.put(input))),
    deleteVersions: onBehalf(async (input) => written(await writers().secrets.delete(input))),
    undeleteVersions: onBehalf(async (input) => written(await writers().secrets.undelete(input))),
    destroyVersions: onBehalf((input) =>
      forgetting(page, async () => written(await writers().secrets.destroy(input)))
    ),
    purgeSecret: onBehalf((input) =>
      forgetting(page, async () => written(await writers().secrets.purge(input)))
    ),
    setMetadata: onBehalf(async (input) => written(await writers().secrets.setMetadata(input))),
    copySecret: onBehalf(async (input) => {
      const { from, path: to, isMove, isBlind, author } = input;
      const done = written(await writers().secrets.copy(input));
      if (isBlind) log.warn("secret_copied_blind", { from, to, moved: String(isMove), author });
      return done;
    }),
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
      const isGone = await changing(page, () => writers().policies.delete(input.name));
      if (isGone) log.info("policy_deleted", { policy: input.name, author: input.author });
      return isGone;
    }),
    ...createCipherPort({ ...deps, writers, log }),
    keks: () => kekStatuses(store),
    rotateKek: onBehalf(async () => {
      await rotation.rotate("request");
      return await kekStatuses(store);
    }),
    record: (entry) => deps.auditing.record(entry),
    auditTail: (request) => deps.auditing.tail(request),
    auditKeys: () => deps.auditing.keys(),
    ...(deps.backups ?? NO_BACKUPS),
    verifyStore: () => deps.auditing.verify(nextTurn),
    status: async ({ verbose }) => ({
      ...await describe(deps),
      ...(verbose ? { peers: deps.peers.links.map(peerStatus) } : {}),
    }),
    notePeer: (link) => Promise.resolve(deps.peers.note(link, Date.now())),
    verify: (nonce, ciphertext) =>
      inTurn(async () => {
        try {
          return await control.prove(nonce, ciphertext);
        } finally {
          wake.now();
        }
      }),
    ...createRecoveryPort({
      ...deps,
      clock: Date.now,
      log,
      hasShards: settings.backend !== "memory",
    }),
  };
}

/** Lets probes and metrics tell what the last comparison has found. */
function tellFindings(): (findings: number) => void {
  let last = 0;
  health.add(() => last > 0 ? ["store_unexpected"] : []);
  return (findings) => {
    last = findings;
    meter.set("spike_scrub_findings", {}, findings);
  };
}

/** True when everything ends, at once. */
function sleepUnless(stopping: AbortSignal, ms: number): Promise<boolean> {
  if (stopping.aborted) return Promise.resolve(true);
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      resolve(true);
    };
    const timer = setTimeout(() => {
      stopping.removeEventListener("abort", end);
      resolve(false);
    }, ms);
    stopping.addEventListener("abort", end, { once: true });
  });
}

/** Lets everybody else have a turn. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Changes policies, then tells all threads, even if it failed: what became of a failed commit is not known. */
async function changing<T>(page: SharedPage, change: () => Promise<T>): Promise<T> {
  try {
    return await change();
  } finally {
    page.publishPolicies();
  }
}

/** Destroys something, then makes all threads forget, even if it failed: what became of it is not known. */
async function forgetting<T>(page: SharedPage, destroy: () => Promise<T>): Promise<T> {
  try {
    return await destroy();
  } finally {
    page.publishForget();
  }
}

function written(outcome: SecretChanged | SecretNotFound): Written {
  if (outcome.found) {
    const { version, missing = [] } = outcome;
    return missing.length > 0 ? { version, missing } : { version };
  }
  const { reason: why } = outcome;
  const reason = why === "expired" ? { reason: why } : {};
  throw new SpikeError("api_not_found", `There is no such secret or version (${why})`, reason);
}

async function kekStatuses(store: Store): Promise<KekStatus[]> {
  return (await store.keks()).map(({ generation, state, createdAtMs, reservedSeals }) => ({
    generation,
    state,
    createdAtMs,
    sealings: reservedSeals,
  }));
}

async function describe(
  { settings, store, page, sync, control, startedAtMs, isLocked, auditing, changedLogs }: PortDeps,
): Promise<NexusStatus> {
  const meta = await store.meta();
  const set = meta?.shardSet;
  const generation = control.generation ?? set?.generation;
  const hasShards = settings.backend !== "memory";
  const changed = changedLogs?.() ?? [];
  const mark = page.state === "sealed" ? await store.mark(SEAL_MARK) : undefined;
  return {
    version: VERSION,
    state: page.state,
    backend: settings.backend,
    initialized: meta !== undefined,
    ...(meta ? { storeId: meta.storeId.toHex() } : {}),
    keepers: hasShards ? [...sync.statuses] : [],
    threshold: set?.threshold ?? settings.threshold,
    shares: set?.shares ?? settings.shares,
    ...(generation === undefined ? {} : { generation }),
    ...(hasShards && meta ? { recovery: await exportStatus(store) } : {}),
    ...await backupStatus(store),
    ...(changed.length > 0 ? { changedLogs: changed } : {}),
    ...(mark ? { sealed: toSealStatus(mark) } : {}),
    ...(isAnything(auditing.unproved) ? { audit: auditing.unproved } : {}),
    since: new Date(startedAtMs).toISOString(),
    ...(isLocked === undefined ? {} : { memoryLocked: isLocked }),
  };
}

function isAnything(counts: Unproved): boolean {
  return Object.values(counts).some((count) => count > 0);
}

function toSealStatus(mark: Uint8Array): SealStatus {
  const { reason, by, atMs } = decodeSealed(mark);
  return { reason, by, since: new Date(atMs).toISOString() };
}

function peerStatus({ lastSeenMs, ...link }: SeenLink): PeerStatus {
  return { ...link, lastSeen: new Date(lastSeenMs).toISOString() };
}
