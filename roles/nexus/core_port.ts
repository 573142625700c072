import type { Call, RequestEntry } from "../../lib/audit/mod.ts";
import type { PatternMember } from "../../lib/policy/mod.ts";
import type { PolicyPut } from "../../lib/policy_store/mod.ts";
import type { StoreReader } from "../../lib/store/mod.ts";
import type { NexusStatus } from "../../lib/api/mod.ts";

/** Answer to one restored shard. */
export interface RestoreProgress {
  readonly collected: number;
  readonly remaining: number;
  readonly restored: boolean;
}

/** What a method is given that changes the store: who is behind it stands in `call`, nowhere else. */
type OnBehalf<I> = Omit<I, "author"> & { readonly call: Call };

/**
 * What a request can ask of the one control and the one store writer, wherever it is served. Handlers reach
 * nothing singular but through this: direct calls without workers, batched messages with them.
 *
 * A method that changes the store takes one object with a member `call`, which its handler was given, and is made in
 * `core.ts` with `onBehalf(…)`: so the audit record of the change is written in the change's own transaction.
 */
export interface CorePort {
  putSecret(input: {
    path: string;
    values: Readonly<Record<string, string>> | null;
    cas?: number;
    call: Call;
  }): Promise<{ version: number }>;
  deleteVersions(input: {
    path: string;
    versions: readonly number[];
    cas?: number;
    call: Call;
  }): Promise<void>;
  undeleteVersions(input: {
    path: string;
    versions: readonly number[];
    cas?: number;
    call: Call;
  }): Promise<void>;
  /** Answers the members whose patterns may find more than their author means. */
  putPolicy(policy: OnBehalf<PolicyPut>): Promise<{ unanchored: readonly PatternMember[] }>;
  /** False when there is no such policy. */
  deletePolicy(request: { name: string; call: Call }): Promise<boolean>;
  /** Takes a block of encryptions under a version of the default cipher key; answers its size. */
  reserveEncryptions(version: number): Promise<number>;
  /** Takes the audit record of a request. Once it resolves, the record outlives this process. */
  record(entry: RequestEntry): Promise<void>;
  status(): Promise<NexusStatus>;
  /** Lower-case hex hash of the probe's plaintext. */
  verify(nonce: Uint8Array, ciphertext: Uint8Array): Promise<string>;
  /** Every shard of the present set, by index. */
  recover(): Promise<{ index: number; bytes: Uint8Array }[]>;
  restore(index: number, shard: Uint8Array): Promise<RestoreProgress>;
}

/** The methods of `CorePort`, for the thread boundary. */
export const CORE_METHODS = [
  "putSecret",
  "deleteVersions",
  "undeleteVersions",
  "putPolicy",
  "deletePolicy",
  "reserveEncryptions",
  "record",
  "status",
  "verify",
  "recover",
  "restore",
] as const satisfies readonly (keyof CorePort)[];

/** The methods of a store's reading side, for backends that live in one thread. */
export const READER_METHODS = [
  "meta",
  "revision",
  "keks",
  "keys",
  "head",
  "secret",
  "listPaths",
  "policies",
  "policy",
  "mark",
  "close",
] as const satisfies readonly (keyof StoreReader)[];
