/**
 * The client of Nexus: what the command line and programs use.
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
