import type {
  ChangedFile,
  Covered,
  LogKey,
  NoticeEntry,
  RequestEntry,
  Sign,
  Sink,
  TailRequest,
} from "../audit/mod.ts";
import type { AuditStatus } from "../api/status.ts";
import type { LockedKeyring } from "../seal/mod.ts";
import type { Store } from "../store/mod.ts";
import type { Logger } from "../telemetry/mod.ts";
import type { AuditKeys, AuditPage } from "../api/result.ts";
import type { StoreVerified } from "./store_verifier.ts";

/** The audit log of a Nexus, and the store whose changes it records. */
export interface Auditing {
  /** The store to write to: every transaction that changes something leaves its record in the same commit. */
  readonly store: Store;
  /** Records in the present log; 0 where there is none. */
  readonly size: number;
  /** Takes the record of a request. Resolves once it will outlive the process; rejects with `audit_unavailable`. */
  record(entry: RequestEntry): Promise<void>;
  /** Records and rows found since the start that this Nexus did not record. */
  readonly unproved: Unproved;
  /** Calls `work` when there is a root key, before anything else is written; see `restored`. */
  beforeFirstChange(work: () => Promise<void>): void;
  /**
   * There is a root key: from now on lines are proved and checkpoints are signed. Resolves before anything is served.
   */
  keyringOpened(ring: LockedKeyring): Promise<void>;
  /** The keyring was dropped; drop the log's keys too. */
  keyringDropped(): void;
  /** How many keys it holds. */
  readonly held: number;
  /** A page of the present log. */
  tail(request: TailRequest): Promise<AuditPage>;
  /** The public keys of all logs, and the newest checkpoint. Rejects with `root_key_missing` without a keyring. */
  keys(): Promise<AuditKeys>;
  /** Key and checkpoint to sign a statement about the store. Rejects with `root_key_missing` without a keyring. */
  attest(): Promise<Attestor>;
  /** Records that the store was restored from a backup, before anything else is written to it. */
  restored(detail: NoticeEntry["detail"]): Promise<void>;
  /** Compares the store with the logs; `pause` is awaited after each small step. See `verifyStore`. */
  verify(pause: () => Promise<void>): Promise<StoreVerified>;
  /** Drops requests that are past their time from full files, one file at most; `pause` as above. */
  retain(pause: () => Promise<void>): Promise<void>;
  /** Files of the log that were removed, replaced or truncated by others since it was opened. */
  changedFiles(): readonly ChangedFile[];
  /** Opens the sinks anew. */
  reopenSinks(): void;
  /** Brings everything to the disk. The store must still be open. */
  close(): Promise<void>;
}

/** Counts of records and rows that this Nexus did not record, or that nothing proves. */
export type Unproved = AuditStatus;

/** The key and the newest checkpoint of the present log. */
export interface Attestor {
  /** Public key of the present log. */
  readonly key: LogKey;
  /** Signs for the present log. */
  readonly sign: Sign;
  /** The newest over records that are on the disk; empty before the first. */
  readonly checkpoint: string;
}

export type { AuditKeys, AuditPage } from "../api/result.ts";

/**
 * Where the records of requests go: to the log; elsewhere, while the disk takes none, and to the log as soon as it
 * does; or nowhere, and then requests fail.
 */
export type RecordState = "written" | "elsewhere" | "refused";

/** Options of auditing. */
export interface AuditingOptions {
  /** Directory of the audit logs. */
  readonly directory: string;
  /** How long records may wait for a sync to disk, in milliseconds. */
  readonly syncMs: number;
  /** Members that are recorded as a keyed hash. */
  readonly covered: ReadonlySet<Covered>;
  /** The store whose changes are recorded. */
  readonly store: Store;
  /** Where events are logged. */
  readonly log: Logger;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Where records go besides the log. Default: nowhere. */
  readonly sinks?: readonly Sink[];
  /** 0: requests are kept for ever. Default 0. */
  readonly retentionMs?: number;
  /** Takes records that the log does not. Default: standard error. */
  readonly fallback?: (entry: RequestEntry) => Promise<void>;
  /** Called when the destination of records changes. */
  readonly onState?: (state: RecordState) => void;
}
