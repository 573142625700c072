import type { SecretValues } from "./name.ts";
import type { SecretNotFound } from "./reader.ts";
import type { MetadataChange } from "./version.ts";

/** What every mutation names. */
export interface Mutation {
  /** Path of the secret. */
  readonly path: string;
  /** SPIFFE ID of the caller. */
  readonly author: string;
  /**
   * The current version that the caller expects; 0 means that there is nothing to read, be it that the path was
   * never written, that all its versions are deleted, or that it has expired. Absent: no expectation.
   */
  readonly cas?: number;
}

/** A new version. */
export interface PutRequest extends Mutation {
  /** Text values by key; null is a value of its own. */
  readonly values: SecretValues;
  /** Values that are bytes and no text; no key may be in both. */
  readonly binary?: Readonly<Record<string, Uint8Array>>;
}

/** Versions to delete or undelete; see `version.ts` for the meaning of 0 and of none. */
export interface VersionsRequest extends Mutation {
  /** Version numbers. */
  readonly versions: readonly number[];
}

/** Removal of everything but the path and its highest number. */
export type PurgeRequest = Mutation;

/** Other metadata for a path. */
export interface MetadataRequest extends Mutation, MetadataChange {}

/** A version of `from` as a new version of `path`, to which `cas` refers. */
export interface CopyRequest extends Mutation {
  /** Path of the source. */
  readonly from: string;
  /** Of `from`; absent and 0 mean the current one. */
  readonly version?: number;
  /** Whether the versions of `from` are deleted then. */
  readonly isMove: boolean;
}

/** What a mutation led to. */
export interface SecretChanged {
  /** Discriminates from {@linkcode SecretNotFound}. */
  readonly found: true;
  /** Current version afterwards, 0 when there is nothing to read. */
  readonly version: number;
  /** Revision of the transaction. */
  readonly revision: number;
  /** Numbers that were deleted, undeleted, destroyed, or, by a put or purge, removed. */
  readonly affected: readonly number[];
  /** Numbers that were named and of which nothing is known: never given, or pruned. */
  readonly missing?: readonly number[];
}

/**
 * Changes secrets. All methods reject with `api_bad_request` for input that cannot be stored, `entity_conflict`
 * when `cas` does not hold, and `state_integrity_check` when the stored head is not what was stored.
 */
export interface SecretWriter {
  /** Stores a new version: one value and one head are sealed, however many versions there are. */
  put(request: PutRequest): Promise<SecretChanged>;
  /** Not found only when the path was never written. */
  delete(request: VersionsRequest): Promise<SecretChanged | SecretNotFound>;
  /** Not found when the path was never written, has expired, or nothing was undeleted. */
  undelete(request: VersionsRequest): Promise<SecretChanged | SecretNotFound>;
  /**
   * Makes values unreadable for good: once it resolves, their data keys are nowhere in the store's files. The
   * numbers stay. Not found only when the path was never written. Whoever repeats it repeats the promise.
   */
  destroy(request: VersionsRequest): Promise<SecretChanged | SecretNotFound>;
  /** As `destroy`, of all that is known of a path; only its name and highest number stay. */
  purge(request: PurgeRequest): Promise<SecretChanged | SecretNotFound>;
  /**
   * Not found when the path was never written, or when another expiry is wanted of one that has expired. Versions
   * beyond the number to keep go with the next put.
   */
  setMetadata(request: MetadataRequest): Promise<SecretChanged | SecretNotFound>;
  /**
   * Copies or moves one version in one transaction. A path that was not written before takes over custom metadata,
   * expiry and number of versions to keep. Not found when there is no such version to read.
   */
  copy(request: CopyRequest): Promise<SecretChanged | SecretNotFound>;
  /** Forgets every opened head. */
  clear(): void;
}
