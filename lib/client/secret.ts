import type { Written } from "../api/result.ts";
import type { AnswerOf } from "../api/operation/mod.ts";
import { type ErrorCode, isErrorCode, SpikeError } from "../error/error.ts";
import type { Exchange, UnlessKnown } from "./exchange.ts";
import { type ListOptions, type ListPage, pagesOf } from "./pages.ts";

/** One version of a secret. Times are RFC 3339. Members that SPIKE for Go does not return are absent. */
export interface VersionInfo {
  /** Number of the version, from 1. */
  readonly version: number;
  /** When the version was written. */
  readonly createdTime: string;
  /** When the version was deleted. Absent while it is not deleted. */
  readonly deletedTime?: string;
  /** SPIFFE ID of the author. */
  readonly createdBy?: string;
  /** SPIFFE ID of the caller that deleted it. */
  readonly deletedBy?: string;
  /** When its value was destroyed. Absent while it exists. */
  readonly destroyedTime?: string;
  /** SPIFFE ID of the caller that destroyed it. */
  readonly destroyedBy?: string;
}

/** Metadata of a secret. */
export interface SecretMetadata {
  /** Versions in ascending order. */
  readonly versions: readonly VersionInfo[];
  /** Number of the current version; 0 if every version is deleted. */
  readonly currentVersion: number;
  /** Number of the oldest version that is kept. */
  readonly oldestVersion: number;
  /** When the first version was written. */
  readonly createdTime: string;
  /** When the secret last changed. */
  readonly updatedTime: string;
  /** Number of versions to keep. */
  readonly maxVersions: number;
  /** When the secret expires. Absent if it never expires. */
  readonly expiresAt?: string;
  /** Custom metadata. */
  readonly custom: Readonly<Record<string, string>>;
}

/** One version of a secret, with its values. */
export interface Secret {
  /** Text values by key; null if they were written as null. */
  readonly values: Readonly<Record<string, string>> | null;
  /** Values that are not valid UTF-8, by key. */
  readonly binary: Readonly<Record<string, Uint8Array>>;
  /** Number of the version. SPIKE for Go does not return it. */
  readonly version?: number;
  /** When the secret expires, RFC 3339. Absent if it never expires. */
  readonly expiresAt?: string;
  /** Identifies the state of the path, for `known`. SPIKE for Go does not return it. */
  readonly tag?: string;
}

/** One of several secrets, or the code of its error. */
export type SecretVerdict =
  & { readonly path: string }
  & ({ readonly secret: Secret } | { readonly code: ErrorCode });

/** A condition of a change. */
export interface Expectation {
  /** The expected current version; 0 if no version must exist. */
  readonly cas?: number;
}

export type { Written } from "../api/result.ts";

/** Options of a read. */
export interface ReadOptions {
  /** Version to read. Absent and 0 mean the current one. */
  readonly version?: number;
  /** The tag of an earlier read: if the state is unchanged, the values are not transferred. */
  readonly known?: string;
}

/** Metadata to set; absent members do not change. */
export interface MetadataChange extends Expectation {
  /** Entries to add or replace. */
  readonly custom?: Readonly<Record<string, string>>;
  /** Names of entries to remove. */
  readonly unset?: readonly string[];
  /** Number of versions to keep. */
  readonly maxVersions?: number;
  /** RFC 3339, or `never`. */
  readonly expiresAt?: string;
}

/** Options of a copy or move; `cas` applies to the destination. */
export interface TransferOptions extends Expectation {
  /** Version to copy. Absent and 0 mean the current one. */
  readonly version?: number;
}

/** Options of a change of versions. */
export interface VersionsOptions extends Expectation {
  /** Whether the answer names unknown versions. */
  readonly report?: true;
}

/** The operations on secrets. */
export interface SecretClient {
  /** Writes a new version. */
  putSecret(
    path: string,
    values: Readonly<Record<string, string>>,
    options?: Expectation & { readonly binary?: Readonly<Record<string, Uint8Array>> },
  ): Promise<Written>;
  /** Reads the text values of a version (0: the current one); null if they were written as null. */
  getSecret(path: string, version?: number): Promise<Readonly<Record<string, string>> | null>;
  /** Reads a version; undefined if the state is still the one that `known` identifies. */
  readSecret(path: string, options?: ReadOptions): Promise<Secret | undefined>;
  /** Reads the current versions of at most 100 paths; one result per path, in the same order. */
  readSecrets(paths: readonly string[]): Promise<readonly SecretVerdict[]>;
  /** Lists all paths that the caller may list, ascending. */
  listSecrets(): Promise<readonly string[]>;
  /** Lists one page of paths. */
  listPage(options?: ListOptions): Promise<ListPage>;
  /** Lists all pages, or those after a path. */
  listPages(options?: ListOptions): AsyncIterable<ListPage>;
  /** Deletes versions so that they can be undeleted; none means the current one. */
  deleteSecret(
    path: string,
    versions?: readonly number[],
    options?: VersionsOptions,
  ): Promise<Written>;
  /** Restores deleted versions; none means the newest deleted one. */
  undeleteSecret(
    path: string,
    versions?: readonly number[],
    options?: VersionsOptions,
  ): Promise<Written>;
  /** Destroys the values of versions permanently; none means the current one. */
  destroySecret(
    path: string,
    versions?: readonly number[],
    options?: VersionsOptions,
  ): Promise<Written>;
  /** Destroys all versions and metadata of a path except its highest version number. */
  purgeSecret(path: string, options?: Expectation): Promise<Written>;
  /** Copies a version to another path as a new version. */
  copySecret(from: string, to: string, options?: TransferOptions): Promise<Written>;
  /** Copies a version and deletes all versions of `from`; they can be undeleted. */
  moveSecret(from: string, to: string, options?: TransferOptions): Promise<Written>;
  /** Reads the metadata of a secret; `all` includes a deleted or expired one. */
  secretMetadata(
    path: string,
    version?: number,
    options?: { readonly all?: boolean },
  ): Promise<SecretMetadata>;
  /** Sets custom metadata, the version limit and the expiry. */
  setSecretMetadata(path: string, change: MetadataChange): Promise<Written>;
}

/** Creates the operations on secrets from `call`. */
export function secretCalls(call: Exchange, unlessKnown: UnlessKnown): SecretClient {
  const readSecret: SecretClient["readSecret"] = async (path, { version = 0, known } = {}) => {
    const found = await unlessKnown("secret.get", { path, version }, known);
    return found && { ...toSecret(found.answer), ...(found.tag ? { tag: found.tag } : {}) };
  };
  const listPage: SecretClient["listPage"] = async (options = {}) => {
    const { keys, expired, next } = await call("secret.list", options);
    return { paths: keys, expired, ...(next ? { next } : {}) };
  };
  const written = async (
    answer: Promise<{ version?: number; missing: readonly number[] }>,
  ): Promise<Written> => {
    const { version, missing } = await answer;
    return {
      ...(version === undefined ? {} : { version }),
      ...(missing.length > 0 ? { missing } : {}),
    };
  };
  const change = (
    operation: "secret.delete" | "secret.undelete" | "secret.destroy",
    path: string,
    versions: readonly number[] | undefined,
    options: VersionsOptions | undefined,
  ) => written(call(operation, { path, versions: versions ?? [], ...options }));
  return {
    putSecret: (path, values, { cas, binary } = {}) =>
      written(call("secret.put", {
        path,
        values,
        ...(binary && Object.keys(binary).length > 0 ? { binary: toBase64(binary) } : {}),
        ...casOf(cas),
      })),
    getSecret: async (path, version = 0) => (await call("secret.get", { path, version })).data,
    readSecret,
    readSecrets: async (paths) => (await call("secret.batch", { paths })).secrets.map(toVerdict),
    listSecrets: async () => {
      // Not spread as arguments, of which there may not be as many as there are paths.
      const pages = await Array.fromAsync(pagesOf(listPage, {}), ({ paths }) => paths);
      return pages.flat();
    },
    listPage,
    listPages: (options = {}) => pagesOf(listPage, options),
    deleteSecret: (path, versions, options) => change("secret.delete", path, versions, options),
    undeleteSecret: (path, versions, options) => change("secret.undelete", path, versions, options),
    destroySecret: (path, versions, options) => change("secret.destroy", path, versions, options),
    purgeSecret: (path, options) => written(call("secret.purge", { path, ...options })),
    copySecret: (from, to, options) => written(call("secret.copy", { from, to, ...options })),
    moveSecret: (from, to, options) => written(call("secret.move", { from, to, ...options })),
    secretMetadata: async (path, version = 0, { all } = {}) =>
      toMetadata(await call("secret.metadata", { path, version, ...(all ? { all } : {}) })),
    setSecretMetadata: (path, change) => written(call("secret.setMetadata", { path, ...change })),
  };
}

function casOf(cas: number | undefined): Expectation {
  return cas === undefined ? {} : { cas };
}

function toBase64(binary: Readonly<Record<string, Uint8Array>>): Record<string, string> {
  return Object.fromEntries(Object.entries(binary).map(([key, bytes]) => [key, bytes.toBase64()]));
}

type SecretAnswer = Omit<AnswerOf<"secret.get">, "err" | "path">;

function toSecret({ data, binary, version, expiresAt }: SecretAnswer): Secret {
  return {
    values: data,
    binary: fromBase64(binary ?? {}),
    ...(version === undefined ? {} : { version }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

function fromBase64(encoded: Readonly<Record<string, string>>): Record<string, Uint8Array> {
  const entries = Object.entries(encoded).map(([key, text]): [string, Uint8Array] => {
    try {
      return [key, Uint8Array.fromBase64(text, { lastChunkHandling: "strict" })];
    } catch (cause) {
      throw new SpikeError("data_unmarshal_failure", "The answer of Nexus cannot be read", {
        hint: `The bytes of key ${JSON.stringify(key)} are not base64`,
        cause,
      });
    }
  });
  return Object.fromEntries(entries);
}

function toVerdict({ path, err, ...secret }: AnswerOf<"secret.get">): SecretVerdict {
  if (err === "") return { path, secret: toSecret(secret) };
  return { path, code: isErrorCode(err) ? err : "api_internal_error" };
}

function toMetadata({ versions, metadata }: AnswerOf<"secret.metadata">): SecretMetadata {
  if (metadata === undefined) {
    throw new SpikeError("data_unmarshal_failure", "Nexus answered without metadata");
  }
  const ascending = [...versions.values()].sort((a, b) => a.version - b.version);
  return { ...metadata, custom: metadata.custom ?? {}, versions: ascending };
}
