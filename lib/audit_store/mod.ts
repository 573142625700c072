/**
 * The audit log of a running Nexus: it records requests and changes, signs checkpoints, and compares the store with
 * what was recorded. A change is recorded in its own transaction, and a request is not answered before its record is
 * stored. Formats and verification of single logs are in `lib/audit`.
 *
 * Start reading at `auditing_port.ts` (what the rest of Nexus sees), then `auditing.ts`, `outbox.ts` (records of
 * changes on their way from the store to the log) and `store_verifier.ts`.
 *
 * @module
 */
export {
  type Attestor,
  type Auditing,
  type AuditingOptions,
  type AuditKeys,
  type AuditPage,
  ephemeralAuditing,
  NO_LOG,
  openAuditing,
  type RecordState,
  type Unproved,
} from "./auditing.ts";
export { type LogWatchOptions, WATCH_MS, type WatchedLog, watchLog } from "./log_watch.ts";
export { onBehalf } from "./on_behalf.ts";
export { type ScrubOptions, scrubStore } from "./scrub.ts";
export {
  type KnownLog,
  type LogFinding,
  type RowFinding,
  type StoreVerified,
  verifyStore,
  type VerifyStoreOptions,
} from "./store_verifier.ts";
