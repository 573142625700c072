import type { Call, Caller, Grant } from "./call.ts";

/** What a request was about, as far as it names things. Never a value. */
export interface Subject {
  /** Secret path or reserved path. */
  readonly path?: string;
  /** Version number; absent for the current version. */
  readonly version?: number;
  /** Version numbers. */
  readonly versions?: readonly number[];
  /** What else it names: policies, keys, the other path of a copy. */
  readonly names?: Readonly<Record<string, string | readonly string[]>>;
}

/** One request and what became of it: the record that every request leaves, whatever its outcome. */
export interface RequestEntry {
  /** ID of the request, also sent to the caller. */
  readonly correlation: string;
  /** The server that took the request. */
  readonly server: "nexus" | "keeper";
  /** The authenticated caller. */
  readonly caller: Caller;
  /** Null for what is no call of an operation. */
  readonly operation: string | null;
  /** What the request was about. */
  readonly subject: Subject;
  /** Absent when nobody was let through. */
  readonly grant?: Grant;
  /** HTTP status of the answer. */
  readonly status: number;
  /** Of the closed list; absent on success. */
  readonly code?: string;
  /** When it began, milliseconds since the epoch. */
  readonly timeMs: number;
  /** How long it took, microseconds. */
  readonly durationUs: number;
  /** Where this stands for several refused requests of one caller, from `timeMs` on, that were not recorded singly. */
  readonly sum?: RefusedSum;
}

/** Refused requests in sum. */
export interface RefusedSum {
  /** Number of refused requests. */
  readonly count: number;
  /** When the last of them came, milliseconds since the epoch. */
  readonly untilMs: number;
  /** How many there were of each kind: what was asked for, and the code of the refusal. */
  readonly kinds: Readonly<Record<string, number>>;
}

/** One thing that a transaction changed. What is stored of it is told by its digest, so that it can be looked for. */
export type Change =
  /** The head of a secret was stored. */
  | {
    readonly head: string;
    readonly current: number;
    readonly digest: string;
    /** It is listed no more. */
    readonly purged?: true;
  }
  /** A policy was stored, or removed. */
  | { readonly policy: string; readonly digest: string }
  | { readonly policy: string; readonly removed: true }
  /** A key-encryption key was stored, or removed. */
  | { readonly kek: number; readonly state: string }
  /** A version of a long-lived key was stored. */
  | { readonly key: string; readonly version: number }
  /** What is known of a named cipher key was stored. */
  | { readonly keyHead: string; readonly digest: string }
  /** A note in the clear was left, or removed. */
  | { readonly mark: string }
  /** What the store says of itself was made or changed. */
  | { readonly meta: readonly string[] };

/** What one transaction changed, and on whose behalf. */
export interface ChangeEntry {
  /** When the transaction ran, milliseconds since the epoch. */
  readonly timeMs: number;
  /** Revision of the transaction. */
  readonly revision: number;
  /** Absent for what the process did of its own accord. */
  readonly call?: Call;
  /** What the transaction changed, in order. */
  readonly changes: readonly Change[];
}

/** Something about the log or the store that whoever reads the log has to know. */
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

/** What is recorded. */
export type AuditEntry =
  | { readonly kind: "request"; readonly entry: RequestEntry }
  | { readonly kind: "change"; readonly entry: ChangeEntry }
  | { readonly kind: "notice"; readonly entry: NoticeEntry };
