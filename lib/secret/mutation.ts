import type { SecretValues } from "./name.ts";
import type { SecretNotFound } from "./reader.ts";
import type { MetadataChange } from "./version.ts";

/** Members of every mutation. */
export interface Mutation {
  /** Path of the secret. */
  readonly path: string;
  /** SPIFFE ID of the caller. */
  readonly author: string;
  /**
   * Compare-and-set: the current version that the caller expects. 0 means that nothing is readable: the path was never
   * written, all its versions are deleted, or it has expired. Absent: no check.
   */
  readonly cas?: number;
}

/** A new version. */
export interface PutRequest extends Mutation {
  /** Text values by key; null is a value of its own. */
  readonly values: SecretValues;
  /** Values that are bytes, not text; no key may be in both members. */
  readonly binary?: Readonly<Record<string, Uint8Array>>;
}

/** Versions to delete, undelete or destroy; see `version.ts` for the meaning of 0 and of an empty list. */
export interface VersionsRequest extends Mutation {
  /** Version numbers. */
  readonly versions: readonly number[];
}

/** Removal of everything but the path and its highest number. */
export type PurgeRequest = Mutation;

/** Changes metadata of a path. */
export interface MetadataRequest extends Mutation, MetadataChange {}

/** A version of `from` as a new version of `path`, to which `cas` refers. */
export interface CopyRequest extends Mutation {
  /** Path of the source. */
  readonly from: string;
  /** Version of `from`; absent and 0 mean the current one. */
  readonly version?: number;
  /** Whether the versions of `from` are deleted afterwards. */
  readonly isMove: boolean;
}

/** Result of a mutation. */
export interface SecretChanged {
  /** Discriminates from {@linkcode SecretNotFound}. */
  readonly found: true;
  /** Current version afterwards, 0 when there is nothing to read. */
  readonly version: number;
  /** Revision of the transaction. */
  readonly revision: number;
  /** Numbers that were deleted, undeleted, destroyed, or, by a put or purge, removed. */
  readonly affected: readonly number[];
  /** Requested numbers that do not exist: never assigned, or pruned. */
  readonly missing?: readonly number[];
}

/**
 * Changes secrets.
 *
 * @throws {SpikeError} all methods reject with `api_bad_request` for input that cannot be stored, `entity_conflict`
 * when `cas` is not the current version, and `state_integrity_check` when the head is not what was stored
 */
export interface SecretWriter {
  /** Stores a new version. Seals one value and one head, regardless of the number of versions. */
  put(request: PutRequest): Promise<SecretChanged>;
  /** Soft-deletes versions. Not found only when the path was never written. */
  delete(request: VersionsRequest): Promise<SecretChanged | SecretNotFound>;
  /** Restores soft-deleted versions. Not found when the path was never written, has expired, or nothing was undeleted. */
  undelete(request: VersionsRequest): Promise<SecretChanged | SecretNotFound>;
  /**
   * Removes values permanently: once it resolves, the files of the store no longer contain their data keys. The numbers
   * stay. Not found only when the path was never written. Repeating it is safe and removes leftovers again.
   */
  destroy(request: VersionsRequest): Promise<SecretChanged | SecretNotFound>;
  /** Destroys everything about a path except its name and highest version number. */
  purge(request: PurgeRequest): Promise<SecretChanged | SecretNotFound>;
  /**
   * Sets metadata. Not found when the path was never written, or when the request sets the expiry of an expired path.
   * The next put removes versions beyond the number to keep.
   */
  setMetadata(request: MetadataRequest): Promise<SecretChanged | SecretNotFound>;
  /**
   * Copies or moves one version in one transaction. A path that was not written before inherits custom metadata,
   * expiry and number of versions to keep. Not found when the version cannot be read.
   */
  copy(request: CopyRequest): Promise<SecretChanged | SecretNotFound>;
  /** Drops every cached head. */
  clear(): void;
}
