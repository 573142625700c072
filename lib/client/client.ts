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

/** The content of a policy. Patterns are RE2 regular expressions; they match anywhere unless anchored. */
export interface PolicyText {
  /** Unique name of the policy. */
  readonly name: string;
  /** SPIFFE IDs that the policy applies to. */
  readonly spiffeidPattern: string;
  /** Paths that the policy applies to. */
  readonly pathPattern: string;
  /** Of `read`, `write`, `list`, `execute` and `super`. */
  readonly permissions: readonly string[];
}

/** A stored policy. Times are RFC 3339. */
export interface Policy extends PolicyText {
  /** The name; empty if the server is SPIKE for Go. */
  readonly id: string;
  /** When the policy was created. */
  readonly createdAt: string;
  /** When the policy was last replaced. */
  readonly updatedAt: string;
}

/** A policy in a listing. */
export interface PolicyName {
  /** The name; empty if the server is SPIKE for Go. */
  readonly id: string;
  /** Unique name of the policy. */
  readonly name: string;
}

/** Keeps policies whose stored pattern is exactly this text; of two filters the original applies the first only. */
export interface PolicyFilter {
  /** Exact text of the SPIFFE ID pattern. */
  readonly spiffeidPattern?: string;
  /** Exact text of the path pattern. */
  readonly pathPattern?: string;
}

/** A question about access. */
export interface AccessQuestion {
  /** SPIFFE ID of the caller. */
  readonly spiffeid: string;
  /** Path of a secret, or a reserved path. */
  readonly path: string;
  /** At least one of `read`, `write`, `list` and `execute`; a single policy must grant all of them. */
  readonly permissions: readonly string[];
}

/** A decision on access. */
export interface AccessDecision {
  /** Whether all requested permissions are granted. */
  readonly allowed: boolean;
  /** `role`, `policy`, `nothing`, or `id` for an ID that no rule applies to. */
  readonly by: string;
  /** Role that grants access, if `by` is `role`. */
  readonly role?: string;
  /** The first, by name, of the policies that grant it. */
  readonly policy?: string;
}

/** A policy that does not grant the request, and why. */
export interface PolicyMiss {
  /** Name of the policy. */
  readonly policy: string;
  /** `permissions`, `reserved`, `path` or `id`. */
  readonly lacks: string;
  /** Requested permissions that the policy does not grant. */
  readonly missing: readonly string[];
}

/** The explanation of an access decision. */
export interface AccessExplanation extends AccessDecision {
  /** Policies that each grant the request. */
  readonly policies: readonly string[];
  /** Requested permissions that are not granted. */
  readonly missing: readonly string[];
  /** Closest policies, closest first. */
  readonly misses: readonly PolicyMiss[];
  /** Number of further policies that are not listed. */
  readonly omitted: number;
  /** A sentence for people. */
  readonly reason: string;
}

/** Policies and roles that grant permissions on a path. */
export interface WhoCan {
  /** Policies that grant the permissions. */
  readonly policies: readonly {
    readonly policy: string;
    readonly spiffeidPattern: string;
    readonly pathPattern: string;
    readonly permissions: readonly string[];
  }[];
  /** Roles that grant access: their SPIFFE IDs and all IDs below. */
  readonly roles: readonly { readonly role: string; readonly spiffeids: readonly string[] }[];
  /** Decisions for the given SPIFFE IDs. */
  readonly spiffeids: readonly (AccessDecision & { readonly spiffeid: string })[];
}

/** An encrypted plaintext, in parts. */
export interface Encrypted {
  /** Version of the key. */
  readonly version: number;
  /** 12 bytes. */
  readonly nonce: Uint8Array;
  /** Ends with the 16-byte tag. */
  readonly ciphertext: Uint8Array;
}

/** Options of an encryption. */
export interface CipherOptions extends ByteExtras {
  /** A hint that servers ignore. */
  readonly algorithm?: string | undefined;
}

/** A cipher key. Times are RFC 3339. */
export interface CipherKeyInfo {
  /** Name of the key. */
  readonly key: string;
  /** Lower-case hex; empty for the default key. */
  readonly id: string;
  /** The newest one, which encrypts. */
  readonly version: number;
  /** The lowest one that decrypts. */
  readonly minVersion: number;
  /** Whether the key neither encrypts nor decrypts. */
  readonly retired: boolean;
  /** When the key was created. */
  readonly createdTime: string;
  /** When the key last changed. */
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

/** The result of verifying the store against the audit logs. */
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
  /** The current generation, so that a repeated request has no second effect. */
  readonly generation: number;
  /** Number of shards required, for a reshare. Absent: unchanged. */
  readonly threshold?: number;
  /** Number of shards in total, for a reshare. Absent: unchanged. */
  readonly shares?: number;
  /** Whether to accept keepers that hold one shard at a time. */
  readonly acceptsSingleSlot?: boolean;
  /** Whether to allow threshold 1. */
  readonly allowsThresholdOne?: boolean;
}

/**
 * A client of Nexus. Every method throws a SpikeError with the code that Nexus answered, or
 * `net_peer_connection` when there is no answer.
 */
export interface Client extends SecretClient {
  /** Creates a policy, or replaces the one with the same name. */
  putPolicy(policy: PolicyText): Promise<void>;
  /** Reads a policy. */
  getPolicy(name: string): Promise<Policy>;
  /** Deletes a policy. */
  deletePolicy(name: string): Promise<void>;
  /** Lists policies by ascending name. */
  listPolicies(filter?: PolicyFilter): Promise<readonly PolicyName[]>;
  /** Explains an access decision. Requires `read` on policies. */
  explainAccess(question: AccessQuestion): Promise<AccessExplanation>;
  /** Lists who has permissions on a path, and evaluates the given IDs. Requires `read` on policies. */
  whoCan(question: {
    readonly path: string;
    readonly permissions: readonly string[];
    readonly spiffeids?: readonly string[];
  }): Promise<WhoCan>;
  /** Encrypts with the default key or a named one; with a named key the nonce is part of the ciphertext. */
  encrypt(plaintext: Uint8Array, options?: CipherOptions): Promise<Encrypted>;
  /** Decrypts the parts that `encrypt` returned. */
  decrypt(encrypted: Encrypted, options?: CipherOptions): Promise<Uint8Array>;
  /**
   * Encrypts to one blob: version byte, nonce, ciphertext with tag; under a named key, header, nonce and ciphertext
   * with tag.
   */
  encryptBlob(plaintext: Uint8Array, extras?: ByteExtras): Promise<Uint8Array>;
  /** Decrypts a blob that `encryptBlob` returned. */
  decryptBlob(blob: Uint8Array, extras?: ByteExtras): Promise<Uint8Array>;
  /**
   * Encrypts a stream of any length. The answer is streamed and throws if it is incomplete; leaving it early
   * closes the connection.
   */
  encryptStream(
    plaintext: AsyncIterable<Uint8Array>,
    extras?: StreamExtras,
  ): Promise<AsyncIterable<Uint8Array>>;
  /** Decrypts a stream. Each piece is authenticated; only the end of the answer proves that nothing is missing. */
  decryptStream(
    stream: AsyncIterable<Uint8Array>,
    extras?: StreamExtras,
  ): Promise<AsyncIterable<Uint8Array>>;
  /** Re-encrypts a blob with the newest version of its key. */
  rewrapBlob(blob: Uint8Array, extras?: ByteExtras): Promise<Uint8Array>;
  /** Creates a cipher key. */
  createCipherKey(name: string): Promise<CipherKeyInfo>;
  /** Adds a version to a cipher key; `default` names the default key. */
  rotateCipherKey(name: string): Promise<CipherKeyInfo>;
  /** Sets the minimum version that decrypts, or retires a cipher key. */
  setCipherKey(
    name: string,
    settings: { readonly minVersion?: number; readonly retired?: boolean },
  ): Promise<CipherKeyInfo>;
  /** Lists all cipher keys, or one. */
  listCipherKeys(name?: string): Promise<readonly CipherKeyInfo[]>;
  /** Reads the state of Nexus. */
  status(options?: { readonly verbose?: boolean }): Promise<NexusStatus>;
  /** Lists the generations of the key-encryption key. Requires the superuser role. */
  listKeks(): Promise<readonly KekInfo[]>;
  /** Creates a generation; Nexus re-encrypts older records in the background. Requires the superuser role. */
  rotateKek(): Promise<readonly KekInfo[]>;
  /** Reads the last records of the audit log, or those after a number. */
  auditTail(request: { readonly after?: number; readonly limit?: number }): Promise<AuditPage>;
  /** Reads the public keys and the newest checkpoint of the audit log. */
  auditKeys(): Promise<AuditKeys>;
  /** Verifies every secret and policy against the audit logs. Requires the superuser role. */
  verifyStore(): Promise<StoreVerified>;
  /** Returns a copy of the current database and its manifest. Requires the superuser role. */
  backup(): Promise<ReceivedBackup>;
  /** Confirms that the last backup, with this SHA-256 (hex) of its database, was stored. Requires the superuser role. */
  confirmBackup(sha256: string): Promise<void>;
  /** Exports every shard of the root key. Requires the recover role. */
  recover(): Promise<readonly RecoveryShard[]>;
  /**
   * Exports every shard with their manifest, which SPIKE for Go does not return. `confirmExport` marks them as
   * exported. Requires the recover role.
   */
  exportShards(): Promise<
    { readonly shards: readonly RecoveryShard[]; readonly manifest?: RecoveryManifest }
  >;
  /** Confirms that the shards of a set were stored. Requires the recover role. */
  confirmExport(setId: Uint8Array): Promise<void>;
  /** Reads the manifest of the current shards. Requires the recover, restore or superuser role. */
  manifest(): Promise<KnownSets>;
  /** Sends one shard. Requires the restore role. */
  restore(shard: RecoveryShard): Promise<RestoreProgress>;
  /** Makes Nexus drop its keys and reject requests. Requires the superuser role. */
  seal(reason: string): Promise<void>;
  /** Lets Nexus request its root key from keepers again. Requires the superuser role. */
  unseal(): Promise<void>;
  /** Changes the shards of the keepers. Requires the superuser role. */
  changeShards(kind: ShardChangeKind, request: ShardChangeRequest): Promise<ShardChanged>;
  /** Returns the lower-case hex SHA-256 of the decrypted proof. Requires the Bootstrap identity. */
  verify(proof: { nonce: Uint8Array; ciphertext: Uint8Array }): Promise<string>;
  /** Closes the connections to Nexus. */
  close(): Promise<void>;
}

/**
 * Creates a client of the Nexus at `nexusUrl`.
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
