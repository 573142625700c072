import { SpikeError } from "../error/error.ts";
import { type Keyring, type RandomSource } from "../seal/mod.ts";
import { wipe } from "../bytes/mod.ts";
import type { Store, StoreTx } from "../store/port.ts";
import { createSealBudget, type SealBudget } from "./budget.ts";
import { aheadOfStore } from "./damage.ts";
import { HeadSealer } from "./head_sealer.ts";
import type { Head } from "./head.ts";
import type {
  CopyRequest,
  MetadataRequest,
  Mutation,
  PurgeRequest,
  PutRequest,
  SecretChanged,
  SecretWriter,
  VersionsRequest,
} from "./mutation.ts";
import {
  MAX_MAX_VERSIONS,
  parseSecretPath,
  parseWritablePath,
  requireCustom,
  requireReadable,
  requireValues,
  type SecretPath,
} from "./name.ts";
import type { SecretNotFound } from "./reader.ts";
import { ValueOpener } from "./value_opener.ts";
import { digestOf, sealNewVersion } from "./value_seal.ts";
import { encodePairs } from "./values.ts";
import {
  addVersion,
  changeMetadata,
  deleteVersions,
  destroyVersions,
  findLive,
  type History,
  isExpired,
  isOutOfReach,
  isPurged,
  missingIn,
  nextNumber,
  purgedHistory,
  readableCurrent,
  undeleteVersions,
} from "./version.ts";

/** Dependencies of a writer. */
export interface SecretWriterOptions {
  /** Holds the rows. */
  readonly store: Store;
  /** Seals and opens the rows. */
  readonly keyring: Keyring;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Source of keys and nonces. */
  readonly random: RandomSource;
  /** Number of versions that a new path keeps. */
  readonly maxVersions: number;
  /** Shared by all code that seals under a KEK. Default: a budget of this writer. */
  readonly budget?: SealBudget;
  /** Number of opened heads in the cache. Default 4096. */
  readonly cacheLimit?: number;
}

const CACHE_LIMIT = 4096;

/**
 * Creates the writer; a store has one.
 *
 * @throws {SpikeError} `config_invalid` for a number of versions below 1
 *
 * @example
 * ```ts ignore
 * const writer = createSecretWriter({ store, keyring, clock: Date.now, random: osRandom, maxVersions: 10 });
 * const { version } = await writer.put({ path: "db/creds", values: { user: "app" }, author, cas: 0 });
 * ```
 */
export function createSecretWriter(options: SecretWriterOptions): SecretWriter {
  if (!Number.isSafeInteger(options.maxVersions) || options.maxVersions < 1) {
    throw new SpikeError(
      "config_invalid",
      `Number of versions to keep is ${options.maxVersions}, expected at least 1`,
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
  readonly #values: ValueOpener;

  constructor(options: SecretWriterOptions) {
    this.#options = options;
    this.#budget = options.budget ?? createSealBudget(options);
    this.#heads = new HeadSealer(options.keyring, options.cacheLimit ?? CACHE_LIMIT);
    // Its cache is cleared after each copy.
    this.#values = new ValueOpener(options.keyring, 1);
  }

  async put(request: PutRequest): Promise<SecretChanged> {
    const { values, binary = {} } = request;
    requireValues(values, binary);
    const plaintext = encodePairs({ values, binary });
    try {
      return await this.#mutate(request, 2, (scene, head) => this.#put(scene, head, plaintext));
    } finally {
      wipe(plaintext);
    }
  }

  delete(request: VersionsRequest): Promise<SecretChanged | SecretNotFound> {
    return this.#changeVersions(request, async (scene, head) => {
      const deletion = { atMs: scene.nowMs, by: scene.author };
      const { history, affected } = deleteVersions(head, request.versions, deletion);
      if (affected.length === 0) return unchanged(scene, head);
      return await this.#store(scene, history, affected);
    });
  }

  undelete(request: VersionsRequest): Promise<SecretChanged | SecretNotFound> {
    return this.#changeVersions(request, async (scene, head) => {
      const { history, affected } = undeleteVersions(head, request.versions, scene.nowMs);
      if (affected.length === 0) {
        const hasExpired = isOutOfReach(head, request.versions, scene.nowMs);
        return notFound(hasExpired ? "expired" : "version");
      }
      return await this.#store(scene, history, affected);
    });
  }

  async destroy(request: VersionsRequest): Promise<SecretChanged | SecretNotFound> {
    const answer = await this.#changeVersions(request, async (scene, head) => {
      const destruction = { atMs: scene.nowMs, by: scene.author };
      const { history, affected } = destroyVersions(head, request.versions, destruction);
      if (affected.length === 0) return unchanged(scene, head);
      const changed = await this.#store(scene, history, affected);
      await scene.tx.destroyVersions(scene.path, affected);
      return changed;
    });
    if (answer.found) await this.#options.store.forgetRemoved();
    return answer;
  }

  async purge(request: PurgeRequest): Promise<SecretChanged | SecretNotFound> {
    const answer = await this.#mutate(request, 1, async (scene, head) => {
      if (head === undefined) return notFound("path");
      if (isPurged(head)) return unchanged(scene, head);
      const affected = head.versions.map(({ number }) => number);
      const changed = await this.#store(scene, purgedHistory(head), affected);
      await scene.tx.destroyVersions(scene.path, "all");
      return changed;
    });
    if (answer.found) await this.#options.store.forgetRemoved();
    return answer;
  }

  async setMetadata(request: MetadataRequest): Promise<SecretChanged | SecretNotFound> {
    requireMaxVersions(request.maxVersions);
    requireExpiry(request.expiresMs);
    requireCustom(request.custom ?? {});
    requireReadable(request.custom ?? {});
    return await this.#change(request, async (scene, head) => {
      // A later expiry would make expired versions readable again.
      const isTooLate = request.expiresMs !== undefined && isExpired(head, scene.nowMs);
      if (isTooLate) return notFound("expired");
      const history = changeMetadata(head, request, scene.nowMs);
      requireCustom(history.custom);
      return await this.#store(scene, history, []);
    });
  }

  async copy(request: CopyRequest): Promise<SecretChanged | SecretNotFound> {
    const from = request.isMove ? parseWritablePath(request.from) : parseSecretPath(request.from);
    if (request.isMove && from === request.path) throw movedOntoItself(from);
    try {
      return await this.#mutate(
        request,
        3,
        (scene, head) => this.#copy(scene, head, from, request),
      );
    } finally {
      this.#values.clear();
    }
  }

  clear(): void {
    this.#heads.clear();
    this.#values.clear();
  }

  /** Changes versions of an existing path, and reports numbers that do not exist. */
  #changeVersions(
    request: VersionsRequest,
    change: (scene: Scene, head: Head) => Promise<SecretChanged | SecretNotFound>,
  ): Promise<SecretChanged | SecretNotFound> {
    return this.#change(request, async (scene, head) => {
      const changed = await change(scene, head);
      const missing = missingIn(head, request.versions);
      return changed.found && missing.length > 0 ? { ...changed, missing } : changed;
    });
  }

  /** Changes an existing path. */
  #change(
    request: Mutation,
    change: (scene: Scene, head: Head) => Promise<SecretChanged | SecretNotFound>,
  ): Promise<SecretChanged | SecretNotFound> {
    return this.#mutate(request, 1, async (scene, head) => {
      return head === undefined || isPurged(head) ? notFound("path") : await change(scene, head);
    });
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
      const head = await this.#head(tx, path);
      const nowMs = this.#options.clock();
      requireExpected(path, cas, readableCurrent(head, nowMs));
      return await change({ tx, path, author, kekGeneration, nowMs }, head);
    });
  }

  async #head(tx: StoreTx, path: SecretPath): Promise<Head | undefined> {
    const row = await tx.head(path);
    const head = row && this.#heads.open(row);
    if (row && row.revision >= tx.revision) {
      throw aheadOfStore(path, row.revision, tx.revision - 1);
    }
    return head;
  }

  async #put(
    scene: Scene,
    head: Head | undefined,
    plaintext: Uint8Array,
    inherited: Inherited = {},
  ): Promise<SecretChanged> {
    const { tx, path, author, kekGeneration, nowMs } = scene;
    const version = nextNumber(head);
    const { keyring, random } = this.#options;
    const place = { storeId: keyring.storeId, path, version };
    const kek = { generation: kekGeneration, bytes: keyring.kek(kekGeneration) };
    const blobs = await sealNewVersion(place, kek, plaintext, random);
    const info = { createdMs: nowMs, author, digest: digestOf(blobs.sealed) };
    const { history, affected } = addVersion(head, info, this.#options.maxVersions);
    const changed = await this.#store(scene, { ...history, ...inherited }, affected);
    await tx.insertVersion(path, { version, kekGeneration, createdAtMs: nowMs, ...blobs });
    await tx.deleteVersions(path, affected);
    return changed;
  }

  async #copy(
    scene: Scene,
    head: Head | undefined,
    from: SecretPath,
    { version = 0, isMove }: CopyRequest,
  ): Promise<SecretChanged | SecretNotFound> {
    const { tx, nowMs, author } = scene;
    const source = await this.#head(tx, from);
    if (source === undefined || isPurged(source)) return notFound("path");
    const info = findLive(source, version, nowMs);
    if (typeof info === "string") return notFound(info);
    const rows = await tx.secret(from, info.number);
    const plaintext = await this.#values.open(from, info, rows?.version);
    const isNew = head === undefined || isPurged(head);
    const { custom, expiresMs, maxVersions } = source;
    const inherited = isNew ? { custom, expiresMs, maxVersions } : {};
    try {
      const changed = await this.#put(scene, head, plaintext, inherited);
      if (isMove) {
        const live = source.versions.filter(({ deleted }) => !deleted).map(({ number }) => number);
        const deletion = { atMs: nowMs, by: author };
        const { history, affected } = deleteVersions(source, live, deletion);
        await this.#store({ ...scene, path: from }, history, affected);
      }
      return changed;
    } finally {
      wipe(plaintext);
    }
  }

  async #store(
    { tx, path, kekGeneration, nowMs }: Scene,
    history: History,
    affected: readonly number[],
  ): Promise<SecretChanged> {
    const { revision } = tx;
    const row = this.#heads.seal(
      path,
      { ...history, revision },
      kekGeneration,
      this.#options.random,
    );
    await tx.putHead(row);
    const version = readableCurrent(history, nowMs);
    return { found: true, version, revision, affected };
  }
}

/** What a new path inherits from the path that it is a copy of. */
type Inherited = Partial<Pick<History, "custom" | "expiresMs" | "maxVersions">>;

function requireMaxVersions(maxVersions: number | undefined): void {
  if (maxVersions === undefined) return;
  if (Number.isSafeInteger(maxVersions) && maxVersions >= 1 && maxVersions <= MAX_MAX_VERSIONS) {
    return;
  }
  throw new SpikeError(
    "api_bad_request",
    `Number of versions to keep is ${maxVersions}, expected 1 to ${MAX_MAX_VERSIONS}`,
  );
}

/** A store has no column for a time before the epoch. */
function requireExpiry(expiresMs: number | null | undefined): void {
  if (expiresMs === null || expiresMs === undefined) return;
  if (Number.isSafeInteger(expiresMs) && expiresMs >= 0) return;
  throw new SpikeError("api_bad_request", "Expiry is before 1970", {
    hint: "Give a time in the future, or `never`",
  });
}

function movedOntoItself(path: SecretPath): SpikeError {
  return new SpikeError("api_bad_request", `Secret ${path} cannot be moved onto itself`, {
    hint: "Choose another destination; a copy onto itself makes an older version current again",
  });
}

function requireExpected(path: SecretPath, cas: number | undefined, current: number): void {
  if (cas === undefined || cas === current) return;
  if (!Number.isSafeInteger(cas) || cas < 0) {
    throw new SpikeError(
      "api_bad_request",
      `Expected version is ${cas}, expected a whole number of at least 0`,
    );
  }
  throw new SpikeError(
    "entity_conflict",
    `Version conflict on ${path}: expected ${cas}, current is ${current}; nothing was written`,
    { hint: "Read the secret again, then retry with its current version" },
  );
}

function notFound(reason: SecretNotFound["reason"]): SecretNotFound {
  return { found: false, reason };
}

function unchanged(scene: Scene, head: Head): SecretChanged {
  const version = readableCurrent(head, scene.nowMs);
  return { found: true, version, revision: scene.tx.revision, affected: [] };
}
