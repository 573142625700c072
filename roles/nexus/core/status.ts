/** The answer to a status request. */
import type {
  ChangedLogStatus,
  NexusStatus,
  PeerStatus,
  SealStatus,
} from "../../../lib/api/status.ts";
import type { Auditing, Unproved } from "../../../lib/audit_store/auditing.ts";
import { backupStatus } from "../../../lib/backup/backup_status.ts";
import type { NexusSettings } from "../../../lib/config/mod.ts";
import type { PeerLog, SeenLink } from "../../../lib/mtls/mod.ts";
import { decodeSealed, SEAL_MARK } from "../../../lib/recovery/mod.ts";
import type { KeeperSync } from "../../../lib/root_key/keeper_sync.ts";
import type { KeyControl } from "../../../lib/root_key/key_control.ts";
import { exportStatus } from "../../../lib/root_key/recovery_port.ts";
import type { SharedPage } from "../../../lib/shared_page/page.ts";
import type { Store } from "../../../lib/store/mod.ts";
import { VERSION } from "../../../lib/version.ts";

/** Where the status comes from. */
export interface StatusSources {
  readonly settings: NexusSettings;
  readonly store: Store;
  readonly page: SharedPage;
  readonly sync: KeeperSync;
  readonly control: KeyControl;
  readonly auditing: Auditing;
  readonly peers: PeerLog;
  readonly startedAtMs: number;
  /** Whether the root key's memory is kept out of swap, where that is known. */
  readonly isLocked?: boolean;
  /** Files of the audit log that were modified outside Nexus. */
  readonly changedLogs?: () => readonly ChangedLogStatus[];
}

/** The status of this Nexus; with `verbose`, also the peers of its connections. */
export async function describe(
  sources: StatusSources,
  { verbose }: { readonly verbose: boolean },
): Promise<NexusStatus> {
  const { settings, store, page, changedLogs, auditing, startedAtMs, isLocked, peers } = sources;
  const changed = changedLogs?.() ?? [];
  const mark = page.state === "sealed" ? await store.mark(SEAL_MARK) : undefined;
  return {
    version: VERSION,
    state: page.state,
    backend: settings.backend,
    ...await describeShards(sources),
    ...await backupStatus(store),
    ...(changed.length > 0 ? { changedLogs: changed } : {}),
    ...(mark ? { sealed: toSealStatus(mark) } : {}),
    ...(isAnything(auditing.unproved) ? { audit: auditing.unproved } : {}),
    since: new Date(startedAtMs).toISOString(),
    ...(isLocked === undefined ? {} : { memoryLocked: isLocked }),
    ...(verbose ? { peers: peers.links.map(peerStatus) } : {}),
  };
}

/** The members about the store and the shards of its root key. A memory store has no shards. */
async function describeShards({ settings, store, sync, control }: StatusSources) {
  const meta = await store.meta();
  const set = meta?.shardSet;
  const generation = control.generation ?? set?.generation;
  const hasShards = settings.backend !== "memory";
  return {
    initialized: meta !== undefined,
    ...(meta ? { storeId: meta.storeId.toHex() } : {}),
    keepers: hasShards ? [...sync.statuses] : [],
    threshold: set?.threshold ?? settings.threshold,
    shares: set?.shares ?? settings.shares,
    ...(generation === undefined ? {} : { generation }),
    ...(hasShards && meta ? { recovery: await exportStatus(store) } : {}),
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
