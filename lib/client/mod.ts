/**
 * The client of Nexus: what the command line and programs use.
 *
 * @module
 */
export {
  type Client,
  createClient,
  type Encrypted,
  type Policy,
  type PolicyFilter,
  type PolicyName,
  type PolicyText,
  type RecoveryShard,
  type RestoreProgress,
  type SecretMetadata,
  type VersionInfo,
} from "./client.ts";
export type { ClientOptions, Transport } from "./exchange.ts";
