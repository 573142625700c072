/**
 * The client of Nexus, for the command line and for programs. Errors are SpikeErrors whose code Nexus answered.
 *
 * @example
 * ```ts
 * const answer = new TextEncoder().encode('{"data":{"password":"s3cr3t"},"err":""}');
 * const transport: Transport = {
 *   post: () => Promise.resolve({ status: 200, body: answer }),
 *   close: () => Promise.resolve(),
 * };
 * const client = createClient({ nexusUrl: "https://localhost:8553", transport });
 * const values = await client.getSecret("tenants/acme/db");
 * if (values?.["password"] !== "s3cr3t") throw new Error("unexpected value");
 * await client.close();
 * ```
 *
 * @module
 */
export {
  type AccessDecision,
  type AccessExplanation,
  type AccessQuestion,
  type AuditKeys,
  type AuditPage,
  type CipherKeyInfo,
  type CipherOptions,
  type Client,
  createClient,
  type Encrypted,
  type KekInfo,
  type KnownSets,
  type Policy,
  type PolicyFilter,
  type PolicyMiss,
  type PolicyName,
  type PolicyText,
  type RecoveryShard,
  type RestoreProgress,
  type ShardChanged,
  type ShardChangeKind,
  type ShardChangeRequest,
  type StoreVerified,
  type WhoCan,
} from "./client.ts";
export type {
  Expectation,
  MetadataChange,
  ReadOptions,
  Secret,
  SecretClient,
  SecretMetadata,
  SecretVerdict,
  TransferOptions,
  VersionInfo,
  VersionsOptions,
  Written,
} from "./secret.ts";
export type { ReceivedBackup } from "./backup.ts";
export type { ByteExtras, ClientOptions, StreamExtras, Transport } from "./exchange.ts";
export type { ListOptions, ListPage } from "./pages.ts";
