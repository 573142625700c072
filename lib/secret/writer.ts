import { SpikeError } from "../api/error.ts";
import { type Keyring, type RandomSource, wipe } from "../seal/mod.ts";
import type { Store, StoreTx } from "../store/port.ts";
import { createSealBudget, type SealBudget } from "./budget.ts";
import { aheadOfStore } from "./damage.ts";
import { HeadSealer } from "./head_sealer.ts";
import type { Head } from "./head.ts";
import { parseWritablePath, requireValues, type SecretPath, type SecretValues } from "./name.ts";
import type { SecretNotFound } from "./reader.ts";
import { digestOf, sealNewVersion } from "./value_seal.ts";
import { encodeValues } from "./values.ts";
import {
  addVersion,
  deleteVersions,
  type History,
  nextNumber,
  undeleteVersions,
} from "./version.ts";

/** What every mutation names. */
interface Mutation {
  readonly path: string;
  /** SPIFFE ID of the caller. */
  readonly author: string;
  /**
   * The current version that the caller expects; 0 means none, be it that the path was never written or that
   * all its versions are deleted. Absent: no expectation.
   */
  readonly cas?: number;
}

/** A new version. */
export interface PutRequest extends Mutation {
  readonly values: SecretValues;
}

/** Versions to delete or undelete; see `version.ts` for the meaning of 0 and of none. */
export interface VersionsRequest extends Mutation {
  readonly versions: readonly number[];
}

/** What a mutation led to. */
export interface SecretChanged {
  readonly found: true;
  /** Current version afterwards, 0 when there is none. */
  readonly version: number;
  /** Revision of the transaction. */
  readonly revision: number;
  /** Numbers that were deleted, undeleted, or, by a put, removed. */
  readonly affected: readonly number[];
}

/** What is handed to `record`, to be stored in the same transaction. */
export interface MutationRecord {
  readonly action: "put" | "delete" | "undelete";
  readonly path: SecretPath;
  readonly author: string;
  readonly version: number;
  readonly affected: readonly number[];
  readonly revision: number;
  /** SHA-256 of the sealed head as stored. */
  readonly headDigest: Uint8Array;
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
  /** Not found when the path was never written, or nothing was undeleted. */
  undelete(request: VersionsRequest): Promise<SecretChanged | SecretNotFound>;
  /** Forgets every opened head. */
  clear(): void;
}

/** What a writer works with. */
export interface SecretWriterOptions {
  readonly store: Store;
  readonly keyring: Keyring;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly random: RandomSource;
  /** How many versions a path keeps, from its first put on. */
  readonly maxVersions: number;
  /** Shared by all who seal under a KEK. Default: one of the writer's own. */
  readonly budget?: SealBudget;
  /** Called inside each transaction that changed something; when it rejects, nothing is stored. */
  readonly record?: (tx: StoreTx, record: MutationRecord) => Promise<void>;
  /** How many opened heads are remembered. Default 4096. */
  readonly cacheLimit?: number;
}

const CACHE_LIMIT = 4096;

/**
 * Makes the writer; a store has one.
 *
 * @example
 * ```ts
 * const writer = createSecretWriter({ store, keyring, clock: Date.now, random: osRandom, maxVersions: 10 });
 * const { version } = await writer.put({ path: "db/creds", values: { user: "app" }, author, cas: 0 });
 * ```
 */
export function createSecretWriter(options: SecretWriterOptions): SecretWriter {
  if (!Number.isSafeInteger(options.maxVersions) || options.maxVersions < 1) {
    throw new SpikeError(
      "config_invalid",
      `Number of versions to keep is ${options.maxVersions}, at least 1 is expected`,
    );
  }
  return new StoreSecretWriter(options);
}

/** One mutation of one path, inside its transaction. */
interface Scene {
  readonly tx: StoreTx;
  readonly path: SecretPath;
  readonly author: string;
  readonly kekGeneration: number;
  readonly nowMs: number;
}

class StoreSecretWriter implements SecretWriter {
  readonly #options: SecretWriterOptions;
  readonly #budget: SealBudget;
  readonly #heads: HeadSealer;

  constructor(options: SecretWriterOptions) {
    this.#options = options;
    this.#budget = options.budget ?? createSealBudget(options);
    this.#heads = new HeadSealer(options.keyring, options.cacheLimit ?? CACHE_LIMIT);
  }

  async put(request: PutRequest): Promise<SecretChanged> {
    requireValues(request.values);
    const plaintext = encodeValues(request.values);
    try {
      return await this.#mutate(request, 2, (scene, head) => this.#put(scene, head, plaintext));
    } finally {
      wipe(plaintext);
    }
  }

  delete(request: VersionsRequest): Promise<SecretChanged | SecretNotFound> {
    return this.#mutate(request, 1, async (scene, head) => {
      if (head === undefined) return notFound("path");
      const deletion = { atMs: scene.nowMs, by: scene.author };
      const { history, affected } = deleteVersions(head, request.versions, deletion);
      if (affected.length === 0) return unchanged(scene, head);
      return await this.#store(scene, "delete", history, affected);
    });
  }

  undelete(request: VersionsRequest): Promise<SecretChanged | SecretNotFound> {
    return this.#mutate(request, 1, async (scene, head) => {
      if (head === undefined) return notFound("path");
      const { history, affected } = undeleteVersions(head, request.versions, scene.nowMs);
      if (affected.length === 0) return notFound("version");
      return await this.#store(scene, "undelete", history, affected);
    });
  }

  clear(): void {
    this.#heads.clear();
  }

  /** Reads, decides and writes one path in one transaction. `seals` is how often `change` seals under the KEK. */
  async #mutate<T>(
    request: Mutation,
    seals: number,
    change: (scene: Scene, head: Head | undefined) => Promise<T>,
  ): Promise<T> {
    const { author, cas } = request;
    const path = parseWritablePath(request.path);
    const kekGeneration = await this.#budget.take(seals);
    return await this.#options.store.write(async (tx) => {
      const row = await tx.head(path);
      const head = row && this.#heads.open(row);
      if (row && row.revision >= tx.revision) {
        throw aheadOfStore(path, row.revision, tx.revision - 1);
      }
      requireExpected(path, cas, head?.current ?? 0);
      const nowMs = this.#options.clock();
      return await change({ tx, path, author, kekGeneration, nowMs }, head);
    });
  }

  async #put(
    scene: Scene,
    head: Head | undefined,
    plaintext: Uint8Array,
  ): Promise<SecretChanged> {
    const { tx, path, author, kekGeneration, nowMs } = scene;
    const version = nextNumber(head);
    const { keyring, random } = this.#options;
    const place = { storeId: keyring.storeId, path, version };
    const kek = { generation: kekGeneration, bytes: keyring.kek(kekGeneration) };
    const blobs = await sealNewVersion(place, kek, plaintext, random);
    const info = { createdMs: nowMs, author, digest: digestOf(blobs.sealed) };
    const { history, affected } = addVersion(head, info, this.#options.maxVersions);
    const changed = await this.#store(scene, "put", history, affected);
    await tx.insertVersion(path, { version, kekGeneration, createdAtMs: nowMs, ...blobs });
    await tx.deleteVersions(path, affected);
    return changed;
  }

  async #store(
    scene: Scene,
    action: MutationRecord["action"],
    history: History,
    affected: readonly number[],
  ): Promise<SecretChanged> {
    const { tx, path, author, kekGeneration } = scene;
    const { revision } = tx;
    const row = this.#heads.seal(
      path,
      { ...history, revision },
      kekGeneration,
      this.#options.random,
    );
    await tx.putHead(row);
    const version = history.current;
    const headDigest = digestOf(row.sealed);
    const record = { action, path, author, version, affected, revision, headDigest };
    await this.#options.record?.(tx, record);
    return { found: true, version, revision, affected };
  }
}

function requireExpected(path: SecretPath, cas: number | undefined, current: number): void {
  if (cas === undefined || cas === current) return;
  if (!Number.isSafeInteger(cas) || cas < 0) {
    throw new SpikeError(
      "api_bad_request",
      `Expected version is ${cas}, not a whole number from 0`,
    );
  }
  throw new SpikeError(
    "entity_conflict",
    `Secret ${path} is at version ${current}, the request expects ${cas}`,
    { hint: "Read it again and repeat the change" },
  );
}

function notFound(reason: SecretNotFound["reason"]): SecretNotFound {
  return { found: false, reason };
}

function unchanged(scene: Scene, head: Head): SecretChanged {
  return { found: true, version: head.current, revision: scene.tx.revision, affected: [] };
}
