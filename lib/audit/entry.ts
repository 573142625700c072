import type { Caller, Grant } from "./call.ts";

/** What a request was about, as far as it names things. Never a value. */
export interface Subject {
  readonly path?: string;
  readonly version?: number;
  readonly versions?: readonly number[];
  /** What else it names: policies, keys, the other path of a copy. */
  readonly names?: Readonly<Record<string, string | readonly string[]>>;
}

/** One request and what became of it: the record that every request leaves, whatever its outcome. */
export interface RequestEntry {
  readonly correlation: string;
  readonly server: "nexus" | "keeper";
  readonly caller: Caller;
  /** Null for what is no call of an operation. */
  readonly operation: string | null;
  readonly subject: Subject;
  /** Absent when nobody was let through. */
  readonly grant?: Grant;
  readonly status: number;
  /** Of the closed list; absent on success. */
  readonly code?: string;
  /** When it began, milliseconds since the epoch. */
  readonly timeMs: number;
  /** How long it took, microseconds. */
  readonly durationUs: number;
}
