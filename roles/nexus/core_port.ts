import type { Call, RequestEntry, TailRequest } from "../../lib/audit/mod.ts";
import type { PeerLink } from "../../lib/mtls/mod.ts";
import type { KeyChange, KeyHead, KeySettings } from "../../lib/cipher/mod.ts";
import type { PatternMember } from "../../lib/policy/mod.ts";
import type { PolicyPut } from "../../lib/policy_store/mod.ts";
import type {
  CopyRequest,
  MetadataRequest,
  PurgeRequest,
  PutRequest,
  VersionsRequest,
} from "../../lib/secret/mod.ts";
import type { StoreReader } from "../../lib/store/mod.ts";
import type { NexusStatus } from "../../lib/api/mod.ts";
import type { ManifestMessage } from "../../lib/recovery/mod.ts";
import type { ChangeOutcome, ChangeRequest } from "./key/shard_change.ts";
import type { AuditKeys, AuditPage } from "./audit/auditing.ts";
import type { StoreVerified } from "./audit/store_verifier.ts";
import { BACKUP_METHODS, type BackupPort } from "./backup/backup_port.ts";

/** Answer to one restored shard. */
export interface RestoreProgress {
  readonly collected: number;
  readonly remaining: number;
  readonly restored: boolean;
  /** Of the set that is collected, when it is not the one in force. */
  readonly generation?: number;
}

/** What recognises the shards in force, and which sets came before. */
export interface ManifestAnswer {
  readonly manifest: ManifestMessage;
  /** Whether it was made from the root key; otherwise it is what the store says. */
  readonly isProved: boolean;
  /** Newest first; `opens` says whether t shards of that set still give the root key. */
  readonly past: readonly {
    readonly setId: string;
    readonly generation: number;
    readonly threshold: number;
    readonly opens: boolean;
  }[];
}

/** One generation of the key-encryption key. */
export interface KekStatus {
  readonly generation: number;
  readonly state: "active" | "retired";
  readonly createdAtMs: number;
  /** How often it may have sealed, rounded up. */
  readonly sealings: number;
}

/** What became of a secret: its current version, 0 when there is nothing to read. */
export interface Written {
  readonly version: number;
  /** Numbers that were named and of which nothing is known. */
  readonly missing?: readonly number[];
}

/** What a method is given that changes the store: who is behind it stands in `call`, nowhere else. */
type OnBehalf<I> = Omit<I, "author"> & { readonly call: Call };

/** Whether the author of a copy may not read what it copies. */
export interface IsBlind {
  readonly isBlind: boolean;
}

/**
 * What a request can ask of the one control and the one store writer, wherever it is served. Handlers reach
 * nothing singular but through this: direct calls without workers, batched messages with them.
 *
 * A method that changes the store takes one object with a member `call`, which its handler was given, and is made in
 * `core.ts` with `onBehalf(…)`: so the audit record of the change is written in the change's own transaction.
 */
export interface CorePort extends BackupPort {
  putSecret(input: OnBehalf<PutRequest>): Promise<Written>;
  deleteVersions(input: OnBehalf<VersionsRequest>): Promise<Written>;
  undeleteVersions(input: OnBehalf<VersionsRequest>): Promise<Written>;
  /** Once it resolves, the values are gone from the store, and so are their keys from every thread. */
  destroyVersions(input: OnBehalf<VersionsRequest>): Promise<Written>;
  /** As `destroyVersions`, of all that there is of a path. */
  purgeSecret(input: OnBehalf<PurgeRequest>): Promise<Written>;
  setMetadata(input: OnBehalf<MetadataRequest>): Promise<Written>;
  copySecret(input: OnBehalf<CopyRequest & IsBlind>): Promise<Written>;
  /** Answers the members whose patterns may find more than their author means. */
  putPolicy(policy: OnBehalf<PolicyPut>): Promise<{ unanchored: readonly PatternMember[] }>;
  /** False when there is no such policy. */
  deletePolicy(request: { name: string; call: Call }): Promise<boolean>;
  createCipherKey(change: OnBehalf<KeyChange>): Promise<KeyHead>;
  rotateCipherKey(change: OnBehalf<KeyChange>): Promise<KeyHead>;
  setCipherKey(settings: OnBehalf<KeySettings>): Promise<KeyHead>;
  /** Answers the number of the new version. */
  rotateDefaultKey(request: { call: Call }): Promise<number>;
  /**
   * Takes a block of encryptions under a version of a named cipher key, or of the default one; answers its size. A
   * key that is used enough gets a new version by that.
   */
  reserveEncryptions(version: number, name?: string): Promise<number>;
  /** The generations of the key-encryption key, ascending. */
  keks(): Promise<KekStatus[]>;
  /** Makes a new generation; what older ones seal follows by itself. */
  rotateKek(request: { call: Call }): Promise<KekStatus[]>;
  /** Takes the audit record of a request. Once it resolves, the record outlives this process. */
  record(entry: RequestEntry): Promise<void>;
  /** A page of the present audit log. */
  auditTail(request: TailRequest): Promise<AuditPage>;
  auditKeys(): Promise<AuditKeys>;
  /** Compares the store with the audit logs. */
  verifyStore(): Promise<StoreVerified>;
  status(wanted: { verbose: boolean }): Promise<NexusStatus>;
  /** Takes what was agreed with a caller, for the status. */
  notePeer(link: PeerLink): Promise<void>;
  /** Lower-case hex hash of the probe's plaintext. */
  verify(nonce: Uint8Array, ciphertext: Uint8Array): Promise<string>;
  /** Every shard of the set in force. Unless the caller confirms later, they count as exported from now on. */
  recover(how: { confirms: boolean }): Promise<{
    shards: { index: number; bytes: Uint8Array }[];
    manifest: ManifestMessage;
  }>;
  /** Remembers that the shards of a set were exported. */
  confirmExport(input: { setId: Uint8Array; call: Call }): Promise<void>;
  manifest(): Promise<ManifestAnswer>;
  restore(index: number, shard: Uint8Array): Promise<RestoreProgress>;
  /** Drops all keys and takes none from keepers until it is unsealed or restored, restarts included. */
  seal(input: { reason: string; call: Call }): Promise<void>;
  unseal(input: { call: Call }): Promise<void>;
  changeShards(request: ChangeRequest & { call: Call }): Promise<ChangeOutcome>;
}

/** The methods of `CorePort`, for the thread boundary. */
export const CORE_METHODS = [
  ...BACKUP_METHODS,
  "putSecret",
  "deleteVersions",
  "undeleteVersions",
  "destroyVersions",
  "purgeSecret",
  "setMetadata",
  "copySecret",
  "putPolicy",
  "deletePolicy",
  "createCipherKey",
  "rotateCipherKey",
  "setCipherKey",
  "rotateDefaultKey",
  "reserveEncryptions",
  "keks",
  "rotateKek",
  "record",
  "auditTail",
  "auditKeys",
  "verifyStore",
  "status",
  "notePeer",
  "verify",
  "recover",
  "confirmExport",
  "manifest",
  "restore",
  "seal",
  "unseal",
  "changeShards",
] as const satisfies readonly (keyof CorePort)[];

/** The methods of a store's reading side, for backends that live in one thread. */
export const READER_METHODS = [
  "meta",
  "revision",
  "keks",
  "keys",
  "key",
  "keyHeads",
  "keyHead",
  "sealedUnder",
  "head",
  "secret",
  "listPaths",
  "expiring",
  "policies",
  "policy",
  "mark",
  "outbox",
  "damagedVersions",
  "auditLogs",
  "close",
] as const satisfies readonly (keyof StoreReader)[];
