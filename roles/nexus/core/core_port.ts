import type { Call, RequestEntry, TailRequest } from "../../../lib/audit/mod.ts";
import type { PeerLink } from "../../../lib/mtls/mod.ts";
import type { KeyChange, KeyHead, KeySettings } from "../../../lib/cipher/mod.ts";
import type { PatternMember } from "../../../lib/policy/mod.ts";
import type { PolicyPut } from "../../../lib/policy_store/mod.ts";
import type {
  CopyRequest,
  MetadataRequest,
  PurgeRequest,
  PutRequest,
  VersionsRequest,
} from "../../../lib/secret/mod.ts";
import type { StoreReader } from "../../../lib/store/mod.ts";
import type { KekInfo, NexusStatus, Written as WrittenAnswer } from "../../../lib/api/mod.ts";
import type { RecoveryPort } from "../../../lib/root_key/recovery_port.ts";
import { methodsOf } from "../../../lib/process/call.ts";
import type { AuditKeys, AuditPage } from "../../../lib/audit_store/auditing.ts";
import type { StoreVerified } from "../../../lib/audit_store/store_verifier.ts";
import type { BackupPort } from "../../../lib/backup/backup_port.ts";

/** One generation of the key-encryption key, with its time in milliseconds since the epoch. */
export type KekStatus = Omit<KekInfo, "createdTime"> & { readonly createdAtMs: number };

/** What a change answers; Nexus always knows the current version. */
export type Written = WrittenAnswer & { readonly version: number };

/** Input of a method that changes the store: its author is in `call` and nowhere else. */
type OnBehalf<I> = Omit<I, "author"> & { readonly call: Call };

/** Whether the author of a copy has no `read` on its source. */
export interface IsBlind {
  readonly isBlind: boolean;
}

/**
 * What requests can call in the core, the one holder of the root key and writer of the store. Handlers reach the core
 * only through this: by direct calls without workers, by batched messages with them.
 *
 * A method that changes the store takes one object with a member `call`, which its handler was given, and is made in
 * `port.ts` with `onBehalf(…)`: so the audit record of the change is written in the change's own transaction.
 */
export interface CorePort extends BackupPort, RecoveryPort {
  putSecret(input: OnBehalf<PutRequest>): Promise<Written>;
  deleteVersions(input: OnBehalf<VersionsRequest>): Promise<Written>;
  undeleteVersions(input: OnBehalf<VersionsRequest>): Promise<Written>;
  /** Once it resolves, the values are gone from the store, and so are their keys from every thread. */
  destroyVersions(input: OnBehalf<VersionsRequest>): Promise<Written>;
  /** As `destroyVersions`, for everything stored at a path. */
  purgeSecret(input: OnBehalf<PurgeRequest>): Promise<Written>;
  setMetadata(input: OnBehalf<MetadataRequest>): Promise<Written>;
  copySecret(input: OnBehalf<CopyRequest & IsBlind>): Promise<Written>;
  /** Answers the members whose patterns may match more than intended. */
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
  /** Makes a new generation; rows under older ones are rewrapped in the background. */
  rotateKek(request: { call: Call }): Promise<KekStatus[]>;
  /** Takes the audit record of a request. Once it resolves, the record outlives this process. */
  record(entry: RequestEntry): Promise<void>;
  /** A page of the present audit log. */
  auditTail(request: TailRequest): Promise<AuditPage>;
  auditKeys(): Promise<AuditKeys>;
  /** Compares the store with the audit logs. */
  verifyStore(): Promise<StoreVerified>;
  status(wanted: { verbose: boolean }): Promise<NexusStatus>;
  /** Notes the TLS parameters of a caller's connection, for the status. */
  notePeer(link: PeerLink): Promise<void>;
  /** Lower-case hex hash of the probe's plaintext. */
  verify(nonce: Uint8Array, ciphertext: Uint8Array): Promise<string>;
}

/** The methods of `CorePort`, for the thread boundary. */
export const CORE_METHODS = methodsOf<CorePort>({
  beginBackup: true,
  readBackup: true,
  endBackup: true,
  confirmBackup: true,
  putSecret: true,
  deleteVersions: true,
  undeleteVersions: true,
  destroyVersions: true,
  purgeSecret: true,
  setMetadata: true,
  copySecret: true,
  putPolicy: true,
  deletePolicy: true,
  createCipherKey: true,
  rotateCipherKey: true,
  setCipherKey: true,
  rotateDefaultKey: true,
  reserveEncryptions: true,
  keks: true,
  rotateKek: true,
  record: true,
  auditTail: true,
  auditKeys: true,
  verifyStore: true,
  status: true,
  notePeer: true,
  verify: true,
  recover: true,
  confirmExport: true,
  manifest: true,
  restore: true,
  seal: true,
  unseal: true,
  changeShards: true,
});

/** The methods of a store's reading side, for backends that live in one thread. */
export const READER_METHODS = methodsOf<StoreReader>({
  meta: true,
  revision: true,
  keks: true,
  keys: true,
  key: true,
  keyHeads: true,
  keyHead: true,
  sealedUnder: true,
  head: true,
  secret: true,
  listPaths: true,
  expiring: true,
  policies: true,
  policy: true,
  mark: true,
  outbox: true,
  damagedVersions: true,
  auditLogs: true,
  close: true,
});
