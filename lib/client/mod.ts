/**
 * The client of Nexus: what the command line and programs use.
 *
 * @module
 */
export {
  type Client,
  type ClientOptions,
  createClient,
  type RecoveryShard,
  type RestoreProgress,
  type SecretMetadata,
  type Transport,
  type VersionInfo,
} from "./client.ts";
