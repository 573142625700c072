import type { AnswerOf } from "../api/operation/mod.ts";
import type {
  AuditKeys,
  AuditPage,
  KekInfo,
  RestoreProgress,
  ShardChanged,
  ShardChangeKind,
  ShardSets,
} from "../api/result.ts";
import { SpikeError } from "../error/error.ts";
import { encodeShard } from "../api/response.ts";
import type { NexusStatus } from "../api/status.ts";
import { decodeManifest, type RecoveryManifest } from "../recovery/manifest.ts";
import { checkRecords } from "./audit.ts";
import { receiveBackup, type ReceivedBackup } from "./backup.ts";
import {
  type ByteExtras,
  type ClientOptions,
  type Exchange,
  exchange,
  exchangeBytes,
  exchangeStream,
  exchangeUnlessKnown,
  type StreamExtras,
} from "./exchange.ts";
import { secretCalls, type SecretClient } from "./secret.ts";

/** What a policy says. Patterns are RE2 regular expressions that match anywhere unless they are anchored. */
export interface PolicyText {
  readonly name: string;
  /** Whom it is for. */
  readonly spiffeidPattern: string;
  /** Which paths it is about. */
  readonly pathPattern: string;
  readonly permissions: readonly string[];
}

/** A policy as Nexus keeps it. Times are RFC 3339. */
export interface Policy extends PolicyText {
  /** The name, or empty from a server of the original. */
  readonly id: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** A policy in a listing. */
export interface PolicyName {
  /** The name, or empty from a server of the original. */
  readonly id: string;
  readonly name: string;
}

/** Keeps policies whose stored pattern is exactly this text; of two filters the original applies the first only. */
export interface PolicyFilter {
  readonly spiffeidPattern?: string;
  readonly pathPattern?: string;
}

/** A question about access. */
export interface AccessQuestion {
  /** Whose access. */
  readonly spiffeid: string;
  readonly path: string;
  /** Of read, write, list and execute at least one; a single policy has to grant all of them. */
  readonly permissions: readonly string[];
}

/** A decision on access. */
export interface AccessDecision {
  readonly allowed: boolean;
  /** `role`, `policy`, `nothing`, or `id` for an ID that no rules are made for. */
  readonly by: string;
  readonly role?: string;
  /** The first, by name, of the policies that grant it. */
  readonly policy?: string;
}

/** A policy that does not grant what is asked about. */
export interface PolicyMiss {
  readonly policy: string;
  /** `permissions`, `reserved`, `path` or `id`. */
  readonly lacks: string;
  readonly missing: readonly string[];
}

/** Why a decision is what it is. */
export interface AccessExplanation extends AccessDecision {
  /** All that grant it, each by itself. */
  readonly policies: readonly string[];
  /** What is not granted. */
  readonly missing: readonly string[];
  /** Policies that come near, the nearest first. */
  readonly misses: readonly PolicyMiss[];
  /** How many more came near. */
  readonly omitted: number;
  /** A sentence for people. */
  readonly reason: string;
}

/** Everybody who may do something. */
export interface WhoCan {
  readonly policies: readonly {
    readonly policy: string;
    readonly spiffeidPattern: string;
    readonly pathPattern: string;
    readonly permissions: readonly string[];
  }[];
  /** IDs, and all that lie below them. */
  readonly roles: readonly { readonly role: string; readonly spiffeids: readonly string[] }[];
  /** Those that were asked about. */
  readonly spiffeids: readonly (AccessDecision & { readonly spiffeid: string })[];
}

/** What the encryption service makes of a plaintext, in parts. */
export interface Encrypted {
  /** Version of the key. */
  readonly version: number;
  /** 12 bytes. */
  readonly nonce: Uint8Array;
  /** Ends with the 16-byte tag. */
  readonly ciphertext: Uint8Array;
}

/** What an encryption may be given beside its plaintext. */
export interface CipherOptions extends ByteExtras {
  /** A hint that servers ignore. */
  readonly algorithm?: string | undefined;
}

/** A cipher key as Nexus tells of it. Times are RFC 3339. */
export interface CipherKeyInfo {
  readonly key: string;
  /** Lower-case hex; empty for the default key. */
  readonly id: string;
  /** The newest one, which encrypts. */
  readonly version: number;
  /** The lowest one that decrypts. */
  readonly minVersion: number;
  readonly retired: boolean;
  readonly createdTime: string;
  readonly updatedTime: string;
  /** How often the newest version may have encrypted, rounded up. */
  readonly encryptions: number;
}

export type {
  AuditKeys,
  AuditPage,
  KekInfo,
  RestoreProgress,
  ShardChanged,
  ShardChangeKind,
} from "../api/result.ts";

/** How the store compares with what the audit logs tell of it. */
export type StoreVerified = Omit<AnswerOf<"operator.verify">, "err">;

/** A shard of the root key. Wipe `bytes` after use. */
export interface RecoveryShard {
  /** From 1; part of the secret: a renumbered shard rebuilds another key. */
  readonly index: number;
  /** 32 bytes. */
  readonly bytes: Uint8Array;
}

/** The shard sets that a store knows, with the manifest decoded. */
export interface KnownSets extends Omit<ShardSets, "manifest"> {
  /** Recognizes the shards in force. */
  readonly manifest: RecoveryManifest;
}

/** How shards are to change. */
export interface ShardChangeRequest {
  /** The generation in force, so that a repeated request changes nothing twice. */
  readonly generation: number;
  /** With a reshare; absent: as it is. */
  readonly threshold?: number;
  readonly shares?: number;
  readonly acceptsSingleSlot?: boolean;
  readonly allowsThresholdOne?: boolean;
}

/**
 * A client of Nexus. Every method throws a SpikeError with the code that Nexus answered, or
 * `net_peer_connection` when there is no answer.
 */
export interface Client extends SecretClient {
  /** Makes a policy, or replaces the one of the same name. */
  putPolicy(policy: PolicyText): Promise<void>;
  getPolicy(name: string): Promise<Policy>;
  deletePolicy(name: string): Promise<void>;
  /** By ascending name. */
  listPolicies(filter?: PolicyFilter): Promise<readonly PolicyName[]>;
  /** Why somebody may do something, or may not. Needs `read` on the policies. */
  explainAccess(question: AccessQuestion): Promise<AccessExplanation>;
  /** Who may do something, and whether the given IDs may. Needs `read` on the policies. */
  whoCan(question: {
    readonly path: string;
    readonly permissions: readonly string[];
    readonly spiffeids?: readonly string[];
  }): Promise<WhoCan>;
  /** Encrypts with the default key of Nexus, or a named one: then there is no nonce beside the ciphertext. */
  encrypt(plaintext: Uint8Array, options?: CipherOptions): Promise<Encrypted>;
  decrypt(encrypted: Encrypted, options?: CipherOptions): Promise<Uint8Array>;
  /**
   * Encrypts to one blob: version byte, nonce, ciphertext with tag; under a named key, header, nonce and ciphertext
   * with tag.
   */
  encryptBlob(plaintext: Uint8Array, extras?: ByteExtras): Promise<Uint8Array>;
  decryptBlob(blob: Uint8Array, extras?: ByteExtras): Promise<Uint8Array>;
  /**
   * Encrypts bytes of any length as they come. The answer is given piece by piece, and fails when it is not whole;
   * leaving it early ends the connection.
   */
  encryptStream(
    plaintext: AsyncIterable<Uint8Array>,
    extras?: StreamExtras,
  ): Promise<AsyncIterable<Uint8Array>>;
  /** Every piece was authenticated; but only the end of the answer says that nothing is missing. */
  decryptStream(
    stream: AsyncIterable<Uint8Array>,
    extras?: StreamExtras,
  ): Promise<AsyncIterable<Uint8Array>>;
  /** Encrypts a blob anew under the newest version of its key. */
  rewrapBlob(blob: Uint8Array, extras?: ByteExtras): Promise<Uint8Array>;
  /** Makes a cipher key. */
  createCipherKey(name: string): Promise<CipherKeyInfo>;
  /** Adds a version to a cipher key; `default` is the one that is used when none is named. */
  rotateCipherKey(name: string): Promise<CipherKeyInfo>;
  setCipherKey(
    name: string,
    settings: { readonly minVersion?: number; readonly retired?: boolean },
  ): Promise<CipherKeyInfo>;
  /** All cipher keys, or one. */
  listCipherKeys(name?: string): Promise<readonly CipherKeyInfo[]>;
  status(options?: { readonly verbose?: boolean }): Promise<NexusStatus>;
  /** The generations of the key-encryption key. Needs the superuser role. */
  listKeks(): Promise<readonly KekInfo[]>;
  /** Makes a new one; what older ones seal follows by itself. Needs the superuser role. */
  rotateKek(): Promise<readonly KekInfo[]>;
  /** The last records of the audit log, or those after a number. */
  auditTail(request: { readonly after?: number; readonly limit?: number }): Promise<AuditPage>;
  auditKeys(): Promise<AuditKeys>;
  /** Compares every secret and policy with the audit logs. Needs the superuser role. */
  verifyStore(): Promise<StoreVerified>;
  /** A copy of the database as it is now, with its manifest. Needs the superuser role. */
  backup(): Promise<ReceivedBackup>;
  /** Says that the last backup, whose database has this SHA-256 (hex), is in hand. Needs the superuser role. */
  confirmBackup(sha256: string): Promise<void>;
  /** Every shard of the root key. Needs the recover role. */
  recover(): Promise<readonly RecoveryShard[]>;
  /**
   * The same with what recognises them, absent from a server of the original. They count as exported once
   * `confirmExport` says so.
   */
  exportShards(): Promise<
    { readonly shards: readonly RecoveryShard[]; readonly manifest?: RecoveryManifest }
  >;
  /** Says that the shards of a set are in safe hands. Needs the recover role. */
  confirmExport(setId: Uint8Array): Promise<void>;
  /** What recognises the shards in force. Needs the recover, restore or superuser role. */
  manifest(): Promise<KnownSets>;
  /** Hands one shard in. Needs the restore role. */
  restore(shard: RecoveryShard): Promise<RestoreProgress>;
  /** Makes Nexus drop its keys and stay without them. Needs the superuser role. */
  seal(reason: string): Promise<void>;
  /** Lets Nexus get its key from keepers again. */
  unseal(): Promise<void>;
  /** Replaces the keepers' shards. Needs the superuser role. */
  changeShards(kind: ShardChangeKind, request: ShardChangeRequest): Promise<ShardChanged>;
  /** Lower-case hex SHA-256 of what the proof decrypts to. Needs the Bootstrap identity. */
  verify(proof: { nonce: Uint8Array; ciphertext: Uint8Array }): Promise<string>;
  close(): Promise<void>;
}

/**
 * Makes a client of the Nexus at `nexusUrl`.
 *
 * @example
 * ```ts
 * const client = createClient({ nexusUrl: "https://localhost:8553", transport });
 * await client.putSecret("tenants/acme/db", { password: "s3cr3t" });
 * const { password } = await client.getSecret("tenants/acme/db") ?? {};
 * ```
 */
export function createClient(options: ClientOptions): Client {
  const call: Exchange = (operation, request) => exchange(options, operation, request);
  return {
    ...secretCalls(
      call,
      (operation, request, tag) => exchangeUnlessKnown(options, operation, request, tag),
    ),
    ...policyCalls(call),
    encrypt: async (plaintext, options = {}) => {
      const request = { plaintext: plaintext.toBase64(), ...inJson(options) };
      const { version, nonce, ciphertext } = await call("cipher.encrypt", request);
      return { version, nonce, ciphertext };
    },
    decrypt: async ({ version, nonce, ciphertext }, options = {}) =>
      (await call("cipher.decrypt", {
        ...(options.key === undefined ? { version, nonce: nonce.toBase64() } : {}),
        ciphertext: ciphertext.toBase64(),
        ...inJson(options),
      })).plaintext,
    encryptBlob: (plaintext, extras) => exchangeBytes(options, "cipher.encrypt", plaintext, extras),
    decryptBlob: (blob, extras) => exchangeBytes(options, "cipher.decrypt", blob, extras),
    encryptStream: (plaintext, extras) =>
      exchangeStream(options, "cipher.encrypt", plaintext, extras),
    decryptStream: (stream, extras) => exchangeStream(options, "cipher.decrypt", stream, extras),
    ...cipherKeyCalls(call),
    status: async ({ verbose = false } = {}) => {
      const { err: _, ...status } = await call("status", verbose ? { verbose } : {});
      return status;
    },
    listKeks: async () => (await call("operator.kek.list", {})).keks,
    rotateKek: async () => (await call("operator.kek.rotate", {})).keks,
    auditTail: async (request) => {
      const { log, records } = await call("audit.tail", request);
      return { log, records: checkRecords(records) };
    },
    auditKeys: async () => {
      const { log, keys, checkpoint } = await call("audit.export", {});
      return { log, keys, checkpoint };
    },
    verifyStore: async () => {
      const { err: _, ...found } = await call("operator.verify", {});
      return found;
    },
    backup: async () =>
      await receiveBackup(
        await exchangeStream(options, "operator.backup", nothing(), { length: 0 }),
      ),
    confirmBackup: async (sha256) => void await call("operator.backup.confirm", { sha256 }),
    recover: async () => (await call("operator.recover", {})).shards,
    ...recoveryCalls(call),
    restore: async ({ index, bytes }) => {
      const shard = encodeShard(bytes);
      const { err: _, ...progress } = await call("operator.restore", { id: index, shard });
      return progress;
    },
    verify: async ({ nonce, ciphertext }) =>
      (await call("bootstrap.verify", {
        nonce: nonce.toBase64(),
        ciphertext: ciphertext.toBase64(),
      })).hash,
    close: () => options.transport.close(),
  };
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

function inJson({ key, aad, algorithm = "" }: CipherOptions): Record<string, string> {
  return {
    algorithm,
    ...(key === undefined ? {} : { key }),
    ...(aad?.length ? { aad: aad.toBase64() } : {}),
  };
}

type PolicyCalls = Pick<
  Client,
  "putPolicy" | "getPolicy" | "deletePolicy" | "listPolicies" | "explainAccess" | "whoCan"
>;
type RecoveryCalls = Pick<
  Client,
  "exportShards" | "confirmExport" | "manifest" | "seal" | "unseal" | "changeShards"
>;

function recoveryCalls(call: Exchange): RecoveryCalls {
  return {
    exportShards: async () => {
      const { shards, manifest } = await call("operator.recover", { confirms: true });
      return { shards, ...(manifest ? { manifest: toManifest(manifest) } : {}) };
    },
    confirmExport: async (setId) => void await call("operator.confirm", { setId: setId.toHex() }),
    manifest: async () => {
      const { manifest, isProved, past } = await call("operator.manifest", {});
      return { manifest: toManifest(manifest), isProved, past };
    },
    seal: async (reason) => void await call("operator.seal", { reason }),
    unseal: async () => void await call("operator.unseal", {}),
    changeShards: async (kind, request) => {
      const { err: _, ...changed } = await call(`operator.${kind}`, request);
      return changed;
    },
  };
}

/** What a server sent is no input of the caller's. */
function toManifest(message: unknown): RecoveryManifest {
  try {
    return decodeManifest(message);
  } catch (cause) {
    throw new SpikeError("data_unmarshal_failure", "The manifest of Nexus cannot be read", {
      cause,
    });
  }
}

function policyCalls(call: Exchange): PolicyCalls {
  return {
    putPolicy: async ({ name, spiffeidPattern, pathPattern, permissions }) =>
      void await call("policy.put", { name, spiffeidPattern, pathPattern, permissions }),
    // The member is called `id`, but what it takes is the name.
    getPolicy: async (name) => toPolicy(await call("policy.get", { id: name })),
    deletePolicy: async (name) => void await call("policy.delete", { id: name }),
    listPolicies: async ({ spiffeidPattern = "", pathPattern = "" } = {}) => {
      const { policies } = await call("policy.list", { spiffeidPattern, pathPattern });
      return policies.toSorted((a, b) => a.name < b.name ? -1 : 1);
    },
    explainAccess: async ({ spiffeid, path, permissions }) => {
      const { err: _, ...why } = await call("policy.explain", { spiffeid, path, permissions });
      return why;
    },
    whoCan: async ({ path, permissions, spiffeids = [] }) => {
      const { err: _, ...grants } = await call("policy.whoCan", { path, permissions, spiffeids });
      return grants;
    },
  };
}

/** Version byte and nonce of a blob under the default key. */
const BLOB_HEAD_BYTES = 13;

type CipherKeyCalls = Pick<
  Client,
  "rewrapBlob" | "createCipherKey" | "rotateCipherKey" | "setCipherKey" | "listCipherKeys"
>;

function cipherKeyCalls(call: Exchange): CipherKeyCalls {
  return {
    rewrapBlob: async (blob, { key, aad } = {}) => {
      const bound = aad?.length ? { aad: aad.toBase64() } : {};
      if (key !== undefined) {
        const request = { key, ciphertext: blob.toBase64(), ...bound };
        return (await call("cipher.key.rewrap", request)).ciphertext;
      }
      const [version = 0] = blob;
      const { nonce, ...again } = await call("cipher.key.rewrap", {
        version,
        nonce: blob.subarray(1, BLOB_HEAD_BYTES).toBase64(),
        ciphertext: blob.subarray(BLOB_HEAD_BYTES).toBase64(),
        ...bound,
      });
      return joined([Uint8Array.of(again.version), nonce, again.ciphertext]);
    },
    createCipherKey: async (key) => toCipherKey(await call("cipher.key.create", { key })),
    rotateCipherKey: async (key) => toCipherKey(await call("cipher.key.rotate", { key })),
    setCipherKey: async (key, settings) =>
      toCipherKey(await call("cipher.key.set", { key, ...settings })),
    listCipherKeys: async (key = "") => (await call("cipher.key.list", { key })).keys,
  };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function toCipherKey({ err: _, ...key }: AnswerOf<"cipher.key.create">): CipherKeyInfo {
  return key;
}

function toPolicy(answer: AnswerOf<"policy.get">): Policy {
  const { err: _, spiffiedPattern, spiffeidPattern, ...policy } = answer;
  return { ...policy, spiffeidPattern: spiffeidPattern || spiffiedPattern };
}
