import type { Call, Caller, Grant } from "./call.ts";

/** The names in a request: paths, versions, policies, keys. Never a value. */
export interface Subject {
  /** Secret path or reserved path. */
  readonly path?: string;
  /** Version number; absent for the current version. */
  readonly version?: number;
  /** Version numbers. */
  readonly versions?: readonly number[];
  /** Other names: policies, keys, the other path of a copy. */
  readonly names?: Readonly<Record<string, string | readonly string[]>>;
}

/** One request and its outcome. Every request leaves this record. */
export interface RequestEntry {
  /** ID of the request, also sent to the caller. */
  readonly correlation: string;
  /** The server that took the request. */
  readonly server: "nexus" | "keeper";
  /** The authenticated caller. */
  readonly caller: Caller;
  /** Name of the operation; null where the request is not a call of one. */
  readonly operation: string | null;
  /** What the request was about. */
  readonly subject: Subject;
  /** Absent when the caller was not authorized. */
  readonly grant?: Grant;
  /** HTTP status of the answer. */
  readonly status: number;
  /** Of the closed list; absent on success. */
  readonly code?: string;
  /** When it began, milliseconds since the epoch. */
  readonly timeMs: number;
  /** How long it took, microseconds. */
  readonly durationUs: number;
  /** Present where this entry sums up several denied requests of one caller since `timeMs`. */
  readonly sum?: RefusedSum;
}

/** A sum of denied requests. */
export interface RefusedSum {
  /** Number of refused requests. */
  readonly count: number;
  /** When the last of them came, milliseconds since the epoch. */
  readonly untilMs: number;
  /** Number of requests by kind: operation and error code. */
  readonly kinds: Readonly<Record<string, number>>;
}

/** One change of a transaction. The digest of the stored row lets a verification find it. */
export type Change =
  /** The head of a secret was stored. */
  | {
    readonly head: string;
    readonly current: number;
    readonly digest: string;
    /** Listings omit it. */
    readonly purged?: true;
  }
  /** A policy was stored, or removed. */
  | { readonly policy: string; readonly digest: string }
  | { readonly policy: string; readonly removed: true }
  /** A key-encryption key was stored, or removed. */
  | { readonly kek: number; readonly state: string }
  /** A version of a long-lived key was stored. */
  | { readonly key: string; readonly version: number }
  /** The head of a named cipher key was stored. */
  | { readonly keyHead: string; readonly digest: string }
  /** A mark was stored or removed. */
  | { readonly mark: string }
  /** Meta data of the store was stored. */
  | { readonly meta: readonly string[] };

/** The changes of one transaction, and the call that made them. */
export interface ChangeEntry {
  /** When the transaction ran, milliseconds since the epoch. */
  readonly timeMs: number;
  /** Revision of the transaction. */
  readonly revision: number;
  /** Absent for changes that the process made on its own, such as a key rotation. */
  readonly call?: Call;
  /** What the transaction changed, in order. */
  readonly changes: readonly Change[];
}

/** An event of the log or the store that matters to auditors. */
export interface NoticeEntry {
  /** When it was noticed, milliseconds since the epoch. */
  readonly timeMs: number;
  /** What was noticed. */
  readonly event:
    | "started"
    | "stopped"
    | "log_succeeded"
    | "tail_cut"
    | "key_loaded"
    | "records_unproved"
    | "changes_unrecorded"
    | "format_changed"
    | "store_rolled_back"
    | "store_restored"
    | "records_dropped";
  /** Fields of the event; never a secret. */
  readonly detail: Readonly<Record<string, string | number>>;
}

/** A record of the audit log. */
export type AuditEntry =
  | { readonly kind: "request"; readonly entry: RequestEntry }
  | { readonly kind: "change"; readonly entry: ChangeEntry }
  | { readonly kind: "notice"; readonly entry: NoticeEntry };
