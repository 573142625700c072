/** The parts of the core: the root key's life, keepers, restore, changes of shards, writers of the store. */
import type { ChangedLogStatus } from "../../../lib/api/status.ts";
import type { Auditing } from "../../../lib/audit_store/auditing.ts";
import type { BackupPort } from "../../../lib/backup/backup_port.ts";
import type { NexusSettings } from "../../../lib/config/mod.ts";
import type { SharedPage } from "../../../lib/shared_page/page.ts";
import { createSerial, type Serial } from "../../../lib/async/serial.ts";
import { Wake } from "../../../lib/async/wake.ts";
import { createMtlsClient, type MtlsClient, PeerLog } from "../../../lib/mtls/mod.ts";
import {
  type Complaint,
  createKeeperClient,
  type KeeperClient,
  watchPosition,
} from "../../../lib/recovery/mod.ts";
import { KekRotation } from "../../../lib/root_key/kek_rotation.ts";
import { KeeperSync } from "../../../lib/root_key/keeper_sync.ts";
import { KeyControl } from "../../../lib/root_key/key_control.ts";
import { exportStatus } from "../../../lib/root_key/recovery_port.ts";
import { RestoreCollection } from "../../../lib/root_key/restore.ts";
import { ShardChange } from "../../../lib/root_key/shard_change.ts";
import { createWritersOnDemand, type Writers } from "../../../lib/root_key/writers.ts";
import { type KeySlots, osRandom } from "../../../lib/seal/mod.ts";
import { hasRole, type SvidSource } from "../../../lib/spiffe/mod.ts";
import type { Store } from "../../../lib/store/mod.ts";
import type { Logger } from "../../../lib/telemetry/mod.ts";
import { ExpiryWatch } from "./expiry_watch.ts";

/** What a core is started with. */
export interface CoreOptions {
  readonly settings: NexusSettings;
  readonly source: SvidSource;
  readonly page: SharedPage;
  readonly rootSlots: KeySlots;
  readonly kekSlots: KeySlots;
  readonly cipherSlots: KeySlots;
  /** Whether the root key's memory is kept out of swap, where that is known. */
  readonly isLocked?: boolean;
  /** Records requests and changes; the core writes to its store. */
  readonly auditing: Auditing;
  /** Files of the audit log that were modified outside Nexus. */
  readonly changedLogs?: () => readonly ChangedLogStatus[];
  /** Absent where there is no database to copy. */
  readonly backups?: BackupPort;
}

/** What the core consists of. */
export interface CoreParts {
  readonly store: Store;
  readonly control: KeyControl;
  readonly sync: KeeperSync;
  readonly restore: RestoreCollection;
  readonly change: ShardChange;
  readonly writers: () => Writers;
  readonly rotation: KekRotation;
  readonly expiry: ExpiryWatch;
  /** Changes of the root key, one after the other. */
  readonly inTurn: Serial;
  /** Wakes the watch over the keepers. */
  readonly wake: Wake;
  readonly peers: PeerLog;
  readonly transport: MtlsClient;
  /** Whether the shards in force were exported. */
  readonly isExported: () => Promise<boolean>;
}

/** Makes the parts. None of them runs yet; `stopping` ends what they wait for. */
export function createParts(options: CoreOptions, stopping: AbortSignal, log: Logger): CoreParts {
  const { settings, page, auditing: { store } } = options;
  const clock = Date.now;
  const peers = new PeerLog();
  const transport = createKeeperTransport(options, peers);
  const keepers = connectKeepers(options, transport, log);
  const inTurn = createSerial();
  const wake = new Wake(stopping);
  const control = createControl(options, log, (complaints) => sync.complain(complaints));
  const sync = new KeeperSync({
    keepers,
    log,
    clock,
    shards: () => control.shards(),
    replaces: () => control.replaces,
    onNewerGeneration: (generation) =>
      void inTurn(() => Promise.resolve(control.standBack(generation))).then(() => wake.now()),
  });
  const isExported = async () => (await exportStatus(store)).exported;
  const writers = createWritersOnDemand(store, control, settings);
  const timed = { store, page, clock, log };
  return {
    store,
    control,
    sync,
    restore: createRestore(options, control),
    change: new ShardChange({ keepers, control, sync, inTurn, log, isExported }),
    writers,
    rotation: new KekRotation({
      ...timed,
      control,
      writers,
      inTurn,
      wake: new Wake(stopping),
      maxAgeMs: settings.kekMaxAgeMs,
    }),
    expiry: new ExpiryWatch({
      ...timed,
      wake: new Wake(stopping),
      warningMs: settings.expiryWarningMs,
    }),
    inTurn,
    wake,
    peers,
    transport,
    isExported,
  };
}

function createControl(
  options: CoreOptions,
  log: Logger,
  onComplaints: (complaints: readonly Complaint[]) => void,
): KeyControl {
  const { settings, auditing } = options;
  return new KeyControl({
    ...options,
    ...settings,
    store: auditing.store,
    keyringOpened: (ring) => auditing.keyringOpened(ring),
    keyringDropped: () => auditing.keyringDropped(),
    random: osRandom,
    clock: Date.now,
    log,
    onComplaints,
  });
}

function createRestore(
  { settings, auditing: { store } }: CoreOptions,
  control: KeyControl,
): RestoreCollection {
  return new RestoreCollection({
    threshold: async () => (await store.meta())?.shardSet.threshold ?? settings.threshold,
    recognise: (index, shard) => control.recognise(index, shard),
    offer: (candidates) => control.offer(candidates, { isByHand: true }),
    clock: Date.now,
  });
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

function connectKeepers(
  { settings }: CoreOptions,
  transport: MtlsClient,
  log: Logger,
): KeeperClient[] {
  return settings.keeperPeers.map((url, i) =>
    createKeeperClient(transport, i + 1, url, { onPeer: watchPosition(i + 1, url, log) })
  );
}
