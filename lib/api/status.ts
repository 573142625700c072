import type { KEEPER_STATES, NEXUS_STATES } from "../telemetry/state.ts";

export { KEEPER_STATES, NEXUS_STATES } from "../telemetry/state.ts";

/** Changes of an audit log file while Nexus runs. */
export const LOG_CHANGES = ["removed", "replaced", "truncated"] as const;

/** Where Nexus stores secrets. */
export const BACKENDS = ["sqlite", "memory", "lite"] as const;

/** One keeper as Nexus sees it. */
export interface KeeperStatus {
  /** Position in the configuration, from 1. */
  readonly index: number;
  /** `https://` URL from the configuration. */
  readonly url: string;
  /** Result of the last probe. */
  readonly state: typeof KEEPER_STATES[number];
  /** Why the keeper is in this state, for example the error of the last call. */
  readonly detail?: string;
  /** Time of the last answer, RFC 3339; absent without one. */
  readonly lastSeen?: string;
}

/** State of the recovery export. */
export interface RecoveryStatus {
  /** Whether the shards in force were exported. */
  readonly exported: boolean;
  /** RFC 3339. */
  readonly exportedAt?: string;
}

/** The last complete backup. */
export interface BackupStatus {
  /** When it started, RFC 3339. */
  readonly at: string;
  /** Revision of the store in the backup. */
  readonly revision: number;
  /** Size of the database in bytes. */
  readonly bytes: number;
  /** SHA-256 of the database, hex. */
  readonly sha256: string;
}

/** The backup from which the store was last restored. */
export interface RestoredStatus {
  /** RFC 3339. */
  readonly at: string;
  /** When the backup was made, RFC 3339. */
  readonly from: string;
  /** Revision of the store in the backup. */
  readonly revision: number;
  /** Number of restores of this store. */
  readonly restores: number;
  /** SHA-256 of the backup, hex. */
  readonly sha256: string;
}

/** Who sealed Nexus, when, and why. */
export interface SealStatus {
  /** The reason that the operator gave. */
  readonly reason: string;
  /** SPIFFE ID of the operator. */
  readonly by: string;
  /** RFC 3339. */
  readonly since: string;
}

/** TLS parameters of the last connection with a peer. */
export interface PeerStatus {
  /** SPIFFE ID of the peer. */
  readonly id: string;
  /** Whether Nexus accepted or made the connection. */
  readonly side: "accepted" | "made";
  /** TLS version, such as `TLSv1.3`. */
  readonly protocol: string;
  /** Cipher suite. */
  readonly cipher: string;
  /** RFC 3339. */
  readonly lastSeen: string;
}

/** What Nexus found in its audit log and store since it started and did not write itself. */
export interface AuditStatus {
  /** Lines of the log that were changed or added, and set aside. */
  readonly setAside: number;
  /** Records of processes that ended before they had the root key, set aside. */
  readonly withoutKey: number;
  /** Waiting records that were rejected. */
  readonly rejected: number;
  /** Changes without a record. */
  readonly unrecorded: number;
}

/** A file of the audit log that was changed outside Nexus while it ran. */
export interface ChangedLogStatus {
  /** Name of the log. */
  readonly log: string;
  /** Path below the directory of the logs. */
  readonly file: string;
  /** What happened to the file. */
  readonly change: typeof LOG_CHANGES[number];
}

/** Body of the answer to `/v1/status`. */
export interface NexusStatus {
  /** Version of the program. */
  readonly version: string;
  /** State of this Nexus. */
  readonly state: typeof NEXUS_STATES[number];
  /** Where this Nexus keeps its secrets. */
  readonly backend: typeof BACKENDS[number];
  /** ID of the store, lower-case hex; absent without a store. */
  readonly storeId?: string;
  /** Whether the store is initialised. */
  readonly initialized: boolean;
  /** All configured keepers, by index. */
  readonly keepers: readonly KeeperStatus[];
  /** Number of shards that rebuild the root key. */
  readonly threshold: number;
  /** Number of shards. */
  readonly shares: number;
  /** Generation of the shards in force. */
  readonly generation?: number;
  /** State of the recovery export; absent without shards. */
  readonly recovery?: RecoveryStatus;
  /** The last complete backup; absent when unknown. */
  readonly backup?: BackupStatus;
  /** Absent for a store that was never restored. */
  readonly restored?: RestoredStatus;
  /** Changed audit log files; absent without any. */
  readonly changedLogs?: readonly ChangedLogStatus[];
  /** Present while Nexus is sealed. */
  readonly sealed?: SealStatus;
  /** Absent without findings. */
  readonly audit?: AuditStatus;
  /** When this process started, RFC 3339. */
  readonly since: string;
  /** Whether the memory of keys is locked, so that it is never swapped. */
  readonly memoryLocked?: boolean;
  /** Present only in a verbose status. */
  readonly peers?: readonly PeerStatus[];
}
