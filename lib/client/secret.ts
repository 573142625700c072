import type { Written } from "../api/result.ts";
import type { AnswerOf } from "../api/operation/mod.ts";
import { type ErrorCode, isErrorCode, SpikeError } from "../error/error.ts";
import type { Exchange, UnlessKnown } from "./exchange.ts";
import { type ListOptions, type ListPage, pagesOf } from "./pages.ts";

/** One version of a secret. Times are RFC 3339. What is not told by a server of the original is absent. */
export interface VersionInfo {
  readonly version: number;
  readonly createdTime: string;
  /** Absent while the version is not deleted. */
  readonly deletedTime?: string;
  /** SPIFFE ID of who wrote it. */
  readonly createdBy?: string;
  readonly deletedBy?: string;
  /** Absent while its value is there. */
  readonly destroyedTime?: string;
  readonly destroyedBy?: string;
}

/** What is known of a secret besides its values. */
export interface SecretMetadata {
  readonly versions: readonly VersionInfo[];
  /** 0 when every version is deleted. */
  readonly currentVersion: number;
  readonly oldestVersion: number;
  readonly createdTime: string;
  readonly updatedTime: string;
  readonly maxVersions: number;
  /** Absent when it never expires. */
  readonly expiresAt?: string;
  /** What users noted about it. */
  readonly custom: Readonly<Record<string, string>>;
}

/** A secret as it was read. */
export interface Secret {
  /** Null when they were put as null. */
  readonly values: Readonly<Record<string, string>> | null;
  /** Values that are bytes and no text. */
  readonly binary: Readonly<Record<string, Uint8Array>>;
  /** Absent from a server of the original. */
  readonly version?: number;
  readonly expiresAt?: string;
  /** Names the state of the path, for `known`; absent from a server of the original. */
  readonly tag?: string;
}

/** One of several secrets: what was read, or why not. */
export type SecretVerdict =
  & { readonly path: string }
  & ({ readonly secret: Secret } | { readonly code: ErrorCode });

/** What every change may demand. */
export interface Expectation {
  /** The current version that has to be there; 0 when there must be nothing to read. */
  readonly cas?: number;
}

export type { Written } from "../api/result.ts";

/** Which version, and what the caller has of it. */
export interface ReadOptions {
  /** Absent and 0 mean the current one. */
  readonly version?: number;
  /** A tag that was read before: while it holds, nothing is transferred. */
  readonly known?: string;
}

/** What to set; what is absent stays as it is. */
export interface MetadataChange extends Expectation {
  /** Entries to add or replace. */
  readonly custom?: Readonly<Record<string, string>>;
  /** Names of entries to take away. */
  readonly unset?: readonly string[];
  readonly maxVersions?: number;
  /** RFC 3339, or `never`. */
  readonly expiresAt?: string;
}

/** Which version goes where; `cas` is about the destination. */
export interface TransferOptions extends Expectation {
  readonly version?: number;
}

/** How versions are named; `report` has the answer tell which of them stand for nothing. */
export interface VersionsOptions extends Expectation {
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
  /** The texts of a version, 0 being the current one; null when they were put as null. */
  getSecret(path: string, version?: number): Promise<Readonly<Record<string, string>> | null>;
  /** All of a version; undefined while the state is the one that is known. */
  readSecret(path: string, options?: ReadOptions): Promise<Secret | undefined>;
  /** The current versions of at most 100 paths, each with a verdict of its own, in their order. */
  readSecrets(paths: readonly string[]): Promise<readonly SecretVerdict[]>;
  /** All paths that the caller may see, ascending. */
  listSecrets(): Promise<readonly string[]>;
  listPage(options?: ListOptions): Promise<ListPage>;
  /** All pages from one on. */
  listPages(options?: ListOptions): AsyncIterable<ListPage>;
  /** Deletes versions softly; none means the current one. */
  deleteSecret(
    path: string,
    versions?: readonly number[],
    options?: VersionsOptions,
  ): Promise<Written>;
  /** Undoes the deletion of versions; none means the newest deleted one. */
  undeleteSecret(
    path: string,
    versions?: readonly number[],
    options?: VersionsOptions,
  ): Promise<Written>;
  /** Destroys the values of versions for good; none means the current one. */
  destroySecret(
    path: string,
    versions?: readonly number[],
    options?: VersionsOptions,
  ): Promise<Written>;
  /** Destroys everything that is known of a path but its highest version number. */
  purgeSecret(path: string, options?: Expectation): Promise<Written>;
  copySecret(from: string, to: string, options?: TransferOptions): Promise<Written>;
  /** Copies, and deletes the versions of `from` softly. */
  moveSecret(from: string, to: string, options?: TransferOptions): Promise<Written>;
  /** `all`: also of a secret of which nothing can be read. */
  secretMetadata(
    path: string,
    version?: number,
    options?: { readonly all?: boolean },
  ): Promise<SecretMetadata>;
  setSecretMetadata(path: string, change: MetadataChange): Promise<Written>;
}

/** The operations on secrets, by way of `call`. */
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
