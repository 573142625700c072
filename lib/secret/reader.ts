import { type Keyring } from "../seal/mod.ts";
import { wipe } from "../bytes/mod.ts";
import type { ListedPath, StoreReader } from "../store/port.ts";
import { encodeHead, type Head } from "./head.ts";
import { HeadSealer } from "./head_sealer.ts";
import { parseSecretPath } from "./name.ts";
import { digestOf } from "./value_seal.ts";
import { ValueOpener } from "./value_opener.ts";
import { decodePairs, type SecretPairs } from "./values.ts";
import { type Absence, findLive, isPurged } from "./version.ts";

/**
 * Nothing to read: the path or version does not exist, or is deleted, destroyed or expired. A caller of the API does not
 * learn which.
 */
export interface SecretNotFound {
  /** Discriminates from the results that hold something. */
  readonly found: false;
  /** For logs and for callers who may read metadata. */
  readonly reason: "path" | Absence;
}

/** Identifies the state of a path: every write of the path changes it, and no value repeats. */
export type StateTag = string;

/** The pairs of one version. */
export interface SecretFound extends SecretPairs {
  /** Discriminates from the other results. */
  readonly found: true;
  /** Number of the version. */
  readonly version: number;
  /** Tag of the path's state. */
  readonly tag: StateTag;
  /** When the path expires; null for never. */
  readonly expiresMs: number | null;
}

/** The state of the path is the one that the caller knows. */
export interface SecretUnchanged {
  /** Discriminates from the other results. */
  readonly found: "unchanged";
  /** Tag of the path's state. */
  readonly tag: StateTag;
}

/** Everything about a path except its values. */
export interface SecretMetadata {
  /** Discriminates from {@linkcode SecretNotFound}. */
  readonly found: true;
  /** History, custom metadata and expiry of the path. */
  readonly head: Head;
  /** Tag of the path's state. */
  readonly tag: StateTag;
}

/** A path in a listing, and whether it has expired. */
export interface SecretEntry {
  /** Path of the secret. */
  readonly path: string;
  /** Whether the path has expired. */
  readonly isExpired: boolean;
}

/** Which version to read. */
export interface SecretRequest {
  /** Path of the secret. */
  readonly path: string;
  /** Version number. */
  readonly version?: number;
}

/** A read of a version that the caller may have already. */
export interface SecretGetRequest extends SecretRequest {
  /** Whether the caller knows this state of the path. */
  readonly isKnown?: (tag: StateTag) => boolean;
}

/** A read of metadata. */
export interface SecretMetadataRequest extends SecretRequest {
  /** Whether to return the metadata of a path without a readable version, unless it was purged. */
  readonly evenUnreadable?: boolean;
}

/** A page of paths; without `limit`, all of them. */
export interface SecretListRequest {
  /** Only paths that start with this text. */
  readonly prefix?: string;
  /** Only paths that come after this one, compared bytewise. */
  readonly after?: string;
  /** Longest page, at least 1. */
  readonly limit?: number;
}

/**
 * Reads secrets.
 *
 * @throws {SpikeError} all methods reject with `api_bad_request` for a malformed path, and with `state_integrity_check`
 * for a row that is not what was stored; other rows stay readable
 */
export interface SecretReader {
  /** Reads one version. */
  get(request: SecretRequest): Promise<SecretFound | SecretNotFound>;
  /** As `get`; opens no value when the caller knows the state of the path. */
  getUnlessKnown(
    request: SecretGetRequest,
  ): Promise<SecretFound | SecretUnchanged | SecretNotFound>;
  /** Found under the same conditions as `get`; lists all versions, also deleted ones. */
  metadata(request: SecretMetadataRequest): Promise<SecretMetadata | SecretNotFound>;
  /** Paths, bytewise ascending, including those with only deleted versions. Opens no sealed row. */
  list(request?: SecretListRequest): Promise<readonly string[]>;
  /** As `list`, with the state of each path. */
  entries(request?: SecretListRequest): Promise<readonly SecretEntry[]>;
  /** Number of unwrapped data keys in the cache. */
  readonly held: number;
  /** Drops every head and wipes every key. Call it on seal, rotation and destroy. */
  clear(): void;
}

/** Dependencies of a reader. */
export interface SecretReaderOptions {
  /** Holds the rows. */
  readonly store: StoreReader;
  /** Opens the rows. */
  readonly keyring: Keyring;
  /** Milliseconds since the epoch. Default: the system's clock. */
  readonly clock?: () => number;
  /** Number of cached heads and of cached data keys, at least 1. Default 4096. */
  readonly cacheLimit?: number;
}

const CACHE_LIMIT = 4096;
const PAGE = 10_000;

/**
 * Creates a reader. Each thread has one.
 *
 * @example
 * ```ts ignore
 * const reader = createSecretReader({ store, keyring });
 * const secret = await reader.get({ path: "tenants/acme/db/creds" });
 * if (secret.found) console.log(secret.version, Object.keys(secret.values ?? {}));
 * ```
 */
export function createSecretReader(options: SecretReaderOptions): SecretReader {
  const { store, keyring, clock = Date.now, cacheLimit = CACHE_LIMIT } = options;
  const heads = new HeadSealer(keyring, cacheLimit);
  const values = new ValueOpener(keyring, cacheLimit);
  const getUnlessKnown = async ({ path, version = 0, isKnown }: SecretGetRequest) => {
    const rows = await store.secret(parseSecretPath(path), version);
    if (rows === undefined) return absent("path");
    const head = heads.open(rows.head);
    if (isPurged(head)) return absent("path");
    const info = findLive(head, version, clock());
    if (typeof info === "string") return absent(info);
    const tag = tagOf(head);
    if (isKnown?.(tag)) return { found: "unchanged", tag } as const;
    const plaintext = await values.open(path, info, rows.version);
    try {
      const pairs = decodePairs(plaintext);
      const { expiresMs } = head;
      return { found: true, ...pairs, version: info.number, tag, expiresMs } as const;
    } finally {
      wipe(plaintext);
    }
  };
  return {
    getUnlessKnown,

    async get({ path, version = 0 }) {
      const answer = await getUnlessKnown({ path, version });
      if (answer.found === "unchanged") throw new Error("Nothing was known");
      return answer;
    },

    async metadata({ path, version = 0, evenUnreadable = false }) {
      const row = await store.head(parseSecretPath(path));
      if (row === undefined) return absent("path");
      const head = heads.open(row);
      if (isPurged(head)) return absent("path");
      const info = findLive(head, version, clock());
      if (typeof info === "string" && !evenUnreadable) return absent(info);
      return { found: true, head, tag: tagOf(head) };
    },

    list: async (request = {}) => (await rowsOf(store, request)).map(({ path }) => path),

    async entries(request = {}) {
      const rows = await rowsOf(store, request);
      const nowMs = clock();
      return rows.map(({ path, expiresMs }) => ({
        path,
        // A time before the epoch is damage, which a read of the path reports.
        isExpired: expiresMs !== null && expiresMs >= 0 && expiresMs <= nowMs,
      }));
    },

    get held() {
      return values.held;
    },

    clear() {
      heads.clear();
      values.clear();
    },
  };
}

const TAG_BYTES = 12;
const tags = new WeakMap<Head, StateTag>();

/**
 * A digest of the decoded head with its revision, not of its sealed bytes, so that a key rotation keeps it. The revision
 * itself counts the writes of all paths and must not be visible to callers.
 */
function tagOf(head: Head): StateTag {
  const known = tags.get(head);
  if (known !== undefined) return known;
  const tag = digestOf(encodeHead(head)).subarray(0, TAG_BYTES).toHex();
  tags.set(head, tag);
  return tag;
}

function absent(reason: SecretNotFound["reason"]): SecretNotFound {
  return { found: false, reason };
}

async function rowsOf(
  store: StoreReader,
  request: SecretListRequest,
): Promise<readonly ListedPath[]> {
  const { limit, ...range } = request;
  return limit === undefined
    ? await listAll(store, range)
    : await store.listPaths({ ...range, limit });
}

async function listAll(
  store: StoreReader,
  range: Omit<SecretListRequest, "limit">,
): Promise<readonly ListedPath[]> {
  const all: ListedPath[] = [];
  let page = await store.listPaths({ ...range, limit: PAGE });
  while (page.length > 0) {
    all.push(...page);
    const last = page.at(-1);
    if (page.length < PAGE || last === undefined) break;
    page = await store.listPaths({ ...range, after: last.path, limit: PAGE });
  }
  return all;
}
