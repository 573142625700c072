import type { KEEPER_STATES, NEXUS_STATES } from "../telemetry/state.ts";

export { KEEPER_STATES, NEXUS_STATES } from "../telemetry/state.ts";

/** What can become of a file of the audit log while Nexus runs. */
export const LOG_CHANGES = ["removed", "replaced", "truncated"] as const;

/** Where a Nexus keeps its secrets. */
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
  /** RFC 3339; absent when it never answered. */
  readonly lastSeen?: string;
}

/** What is known of recovery exports. */
export interface RecoveryStatus {
  /** Whether the shards in force were exported since they were made. */
  readonly exported: boolean;
  /** RFC 3339. */
  readonly exportedAt?: string;
}

/** The last backup that arrived whole. */
export interface BackupStatus {
  /** RFC 3339: when it was begun. */
  readonly at: string;
  /** Revision of the store in the backup. */
  readonly revision: number;
  /** Of the database. */
  readonly bytes: number;
  /** Of the database, hex. */
  readonly sha256: string;
}

/** From which backup the store was put back last. */
export interface RestoredStatus {
  /** RFC 3339. */
  readonly at: string;
  /** RFC 3339: when the backup was made. */
  readonly from: string;
  /** Revision of the store in the backup. */
  readonly revision: number;
  /** How often the store was put back. */
  readonly restores: number;
  /** Of the backup, hex. */
  readonly sha256: string;
}

/** Who has sealed a Nexus, when, and why. */
export interface SealStatus {
  /** The reason that the operator gave. */
  readonly reason: string;
  /** SPIFFE ID of the operator. */
  readonly by: string;
  /** RFC 3339. */
  readonly since: string;
}

/** What was agreed with a peer on connections of late. */
export interface PeerStatus {
  /** SPIFFE ID of the peer. */
  readonly id: string;
  /** Whether the peer came to Nexus, or Nexus went to it. */
  readonly side: "accepted" | "made";
  /** TLS version, such as `TLSv1.3`. */
  readonly protocol: string;
  /** Cipher suite. */
  readonly cipher: string;
  /** RFC 3339. */
  readonly lastSeen: string;
}

/** What a Nexus has found in its audit log and store since it started that it did not record. */
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

/** A file of the audit log that somebody changed while Nexus ran. */
export interface ChangedLogStatus {
  /** Name of the log. */
  readonly log: string;
  /** Below the directory of the logs. */
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
  /** Lower-case hex; absent as long as there is no store. */
  readonly storeId?: string;
  /** Whether there is a store that belongs to a root key. */
  readonly initialized: boolean;
  /** All configured keepers, by index. */
  readonly keepers: readonly KeeperStatus[];
  /** Number of shards that rebuild the root key. */
  readonly threshold: number;
  /** Number of shards. */
  readonly shares: number;
  /** Of the shards that are in force. */
  readonly generation?: number;
  /** Whether people were given the shards in force; absent where there are none. */
  readonly recovery?: RecoveryStatus;
  /** Absent when none is known. */
  readonly backup?: BackupStatus;
  /** Absent when it never was. */
  readonly restored?: RestoredStatus;
  /** Absent when there is none. */
  readonly changedLogs?: readonly ChangedLogStatus[];
  /** Why it is sealed; absent when it is not. */
  readonly sealed?: SealStatus;
  /** Absent when nothing was found. */
  readonly audit?: AuditStatus;
  /** RFC 3339: when this process started. */
  readonly since: string;
  /** Whether the memory of keys is kept out of swap. */
  readonly memoryLocked?: boolean;
  /** Only when it was asked for. */
  readonly peers?: readonly PeerStatus[];
}
