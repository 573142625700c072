import { type Keyring, wipe } from "../seal/mod.ts";
import type { StoreReader } from "../store/port.ts";
import type { Head } from "./head.ts";
import { HeadSealer } from "./head_sealer.ts";
import { parseSecretPath, type SecretValues } from "./name.ts";
import { ValueOpener } from "./value_opener.ts";
import { decodeValues } from "./values.ts";
import { type Absence, findLive } from "./version.ts";

/** Nothing to read there: no such path, no such version, or it is deleted. Callers are told only that. */
export interface SecretNotFound {
  readonly found: false;
  /** For logs and for those who may know more. */
  readonly reason: "path" | Absence;
}

/** One version's pairs. */
export interface SecretFound {
  readonly found: true;
  readonly values: SecretValues;
  /** Number of the version. */
  readonly version: number;
}

/** All that is known of a path beside its values. */
export interface SecretMetadata {
  readonly found: true;
  readonly head: Head;
}

/** Which version; absent and 0 mean the current one. */
export interface SecretRequest {
  readonly path: string;
  readonly version?: number;
}

/** A page of paths; without `limit`, all of them. */
export interface SecretListRequest {
  readonly prefix?: string;
  readonly after?: string;
  readonly limit?: number;
}

/**
 * Reads secrets. All methods reject with `api_bad_request` for a path that cannot be one, and with
 * `state_integrity_check` for a row that is not what was stored; other rows stay readable.
 */
export interface SecretReader {
  get(request: SecretRequest): Promise<SecretFound | SecretNotFound>;
  /** Found under the same conditions as `get`; then all versions are told, deleted ones too. */
  metadata(request: SecretRequest): Promise<SecretMetadata | SecretNotFound>;
  /** Paths, bytewise ascending, those with deleted versions only included. Opens nothing. */
  list(request?: SecretListRequest): Promise<readonly string[]>;
  /** Forgets every key and head. To be called on seal, rotation and destroy. */
  clear(): void;
}

/** What a reader works with. */
export interface SecretReaderOptions {
  readonly store: StoreReader;
  readonly keyring: Keyring;
  /** How many opened heads and data keys are remembered, of each kind; at least 1. Default 4096. */
  readonly cacheLimit?: number;
}

const CACHE_LIMIT = 4096;
const PAGE = 10_000;

/**
 * Makes a reader. Each thread has its own.
 *
 * @example
 * ```ts
 * const reader = createSecretReader({ store, keyring });
 * const secret = await reader.get({ path: "tenants/acme/db/creds" });
 * if (secret.found) console.log(secret.version, Object.keys(secret.values ?? {}));
 * ```
 */
export function createSecretReader(options: SecretReaderOptions): SecretReader {
  const { store, keyring, cacheLimit = CACHE_LIMIT } = options;
  const heads = new HeadSealer(keyring, cacheLimit);
  const values = new ValueOpener(keyring, cacheLimit);
  return {
    async get({ path, version = 0 }) {
      const rows = await store.secret(parseSecretPath(path), version);
      if (rows === undefined) return absent("path");
      const info = findLive(heads.open(rows.head), version);
      if (typeof info === "string") return absent(info);
      const plaintext = await values.open(path, info, rows.version);
      try {
        return { found: true, values: decodeValues(plaintext), version: info.number };
      } finally {
        wipe(plaintext);
      }
    },

    async metadata({ path, version = 0 }) {
      const row = await store.head(parseSecretPath(path));
      if (row === undefined) return absent("path");
      const head = heads.open(row);
      const info = findLive(head, version);
      return typeof info === "string" ? absent(info) : { found: true, head };
    },

    list: (request = {}) => list(store, request),

    clear() {
      heads.clear();
      values.clear();
    },
  };
}

function absent(reason: SecretNotFound["reason"]): SecretNotFound {
  return { found: false, reason };
}

async function list(store: StoreReader, request: SecretListRequest): Promise<readonly string[]> {
  const { limit, ...range } = request;
  if (limit !== undefined) return await store.listPaths({ ...range, limit });
  const paths: string[] = [];
  let page = await store.listPaths({ ...range, limit: PAGE });
  while (page.length > 0) {
    paths.push(...page);
    const last = page.at(-1);
    if (page.length < PAGE || last === undefined) break;
    page = await store.listPaths({ ...range, after: last, limit: PAGE });
  }
  return paths;
}
