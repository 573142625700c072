import { type AnswerOf, ANSWERS, type ClientOperation } from "../api/answer.ts";
import { decodeMessage } from "../api/decode.ts";
import { SpikeError } from "../api/error.ts";
import { encodeShard } from "../api/response.ts";
import { routeUrl } from "../api/route.ts";
import type { NexusStatus } from "../api/status.ts";
import { refusalOf } from "./refusal.ts";

/** What carries a request to Nexus over mutual TLS; a client made by `createMtlsClient` is one. */
export interface Transport {
  /** Throws `net_peer_connection` when there is no answer. */
  post(
    url: string,
    body: string,
    options?: { signal?: AbortSignal },
  ): Promise<{ readonly status: number; readonly body: Uint8Array }>;
  close(): Promise<void>;
}

/** Where Nexus is and how it is reached. */
export interface ClientOptions {
  /** `https://` URL, perhaps with a path prefix. */
  readonly nexusUrl: string;
  readonly transport: Transport;
  /** The caller's own SPIFFE ID, so that a denial can name it. */
  readonly identity?: string;
}

/** One version of a secret. Times are RFC 3339. */
export interface VersionInfo {
  readonly version: number;
  readonly createdTime: string;
  /** Absent while the version is not deleted. */
  readonly deletedTime?: string;
}

/** What is known of a secret besides its values. */
export interface SecretMetadata {
  readonly versions: readonly VersionInfo[];
  readonly currentVersion: number;
  readonly oldestVersion: number;
  readonly createdTime: string;
  readonly updatedTime: string;
  readonly maxVersions: number;
}

/** How far a restoration has come. */
export interface RestoreProgress {
  readonly collected: number;
  readonly remaining: number;
  readonly restored: boolean;
}

/** A shard of the root key. Wipe `bytes` after use. */
export interface RecoveryShard {
  /** From 1; part of the secret: a renumbered shard rebuilds another key. */
  readonly index: number;
  /** 32 bytes. */
  readonly bytes: Uint8Array;
}

/**
 * A client of Nexus. Every method throws a SpikeError with the code that Nexus answered, or
 * `net_peer_connection` when there is no answer.
 */
export interface Client {
  /** Writes a new version. */
  putSecret(path: string, values: Readonly<Record<string, string>>): Promise<void>;
  /** The pairs of a version, 0 being the current one; null when they were put as null. */
  getSecret(path: string, version?: number): Promise<Readonly<Record<string, string>> | null>;
  /** All paths, ascending. */
  listSecrets(): Promise<readonly string[]>;
  /** Deletes versions softly; none means the current one. */
  deleteSecret(path: string, versions?: readonly number[]): Promise<void>;
  /** Undoes the deletion of versions; none means the newest deleted one. */
  undeleteSecret(path: string, versions?: readonly number[]): Promise<void>;
  secretMetadata(path: string, version?: number): Promise<SecretMetadata>;
  status(): Promise<NexusStatus>;
  /** Every shard of the root key. Needs the recover role. */
  recover(): Promise<readonly RecoveryShard[]>;
  /** Hands one shard in. Needs the restore role. */
  restore(shard: RecoveryShard): Promise<RestoreProgress>;
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
  const call = <O extends ClientOperation>(operation: O, request: unknown) =>
    exchange(options, operation, JSON.stringify(request));
  return {
    putSecret: async (path, values) => void await call("secret.put", { path, values }),
    getSecret: async (path, version = 0) => (await call("secret.get", { path, version })).data,
    listSecrets: async () => (await call("secret.list", {})).keys,
    deleteSecret: async (path, versions = []) =>
      void await call("secret.delete", { path, versions }),
    undeleteSecret: async (path, versions = []) =>
      void await call("secret.undelete", { path, versions }),
    secretMetadata: async (path, version = 0) =>
      toMetadata(await call("secret.metadata", { path, version })),
    status: async () => {
      const { err: _, ...status } = await call("status", {});
      return status;
    },
    recover: async () => (await call("operator.recover", {})).shards,
    restore: async ({ index, bytes }) => {
      const shard = encodeShard(bytes);
      const { collected, remaining, restored } = await call("operator.restore", {
        id: index,
        shard,
      });
      return { collected, remaining, restored };
    },
    verify: async ({ nonce, ciphertext }) =>
      (await call("bootstrap.verify", {
        nonce: nonce.toBase64(),
        ciphertext: ciphertext.toBase64(),
      })).hash,
    close: () => options.transport.close(),
  };
}

function toMetadata({ versions, metadata }: AnswerOf<"secret.metadata">): SecretMetadata {
  if (metadata === undefined) {
    throw new SpikeError("data_unmarshal_failure", "Nexus answered without metadata");
  }
  const ascending = [...versions.values()].sort((a, b) => a.version - b.version);
  return { ...metadata, versions: ascending };
}

async function exchange<O extends ClientOperation>(
  { nexusUrl, transport, identity }: ClientOptions,
  operation: O,
  request: string,
): Promise<AnswerOf<O>> {
  const { status, body } = await transport.post(routeUrl(nexusUrl, operation), request);
  const refusal = () =>
    refusalOf({ status, body, nexusUrl, identity: identity ?? "this identity" });
  if (status !== 200) throw refusal();
  const answer = decodeAnswer(operation, body);
  if (answer.err !== "") throw refusal();
  return answer;
}

function decodeAnswer<O extends ClientOperation>(operation: O, body: Uint8Array): AnswerOf<O> {
  try {
    return decodeMessage<typeof ANSWERS[O]>(ANSWERS[operation], body);
  } catch (error) {
    if (!(error instanceof SpikeError)) throw error;
    throw new SpikeError("data_unmarshal_failure", "The answer of Nexus cannot be read", {
      hint: "Check that SPIKE_NEXUS_API_URL names a Nexus, and that its version fits this one",
      cause: error,
    });
  }
}
