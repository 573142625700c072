/**
 * The audit log: a record of every request and of every change, in an append-only Merkle tree (RFC 9162) whose heads
 * are signed (C2SP tlog-checkpoint). It never contains a secret value, and verifying it needs neither the store nor a
 * secret key. Start reading at `entry.ts` (what is recorded), then `record.ts` (the bytes), `os_log.ts` (writing) and
 * `verify.ts` (verification).
 *
 * @module
 */
export { bounded } from "./bounded.ts";
export type { Call, Caller, Grant } from "./call.ts";
export { type Checkpoint, openCheckpoint, parseCheckpoint } from "./checkpoint.ts";
export type {
  AuditEntry,
  Change,
  ChangeEntry,
  NoticeEntry,
  RefusedSum,
  RequestEntry,
  Subject,
} from "./entry.ts";
export { leafOf } from "./leaf.ts";
export { parseLine, recordIn, splitLines } from "./line.ts";
export type { Mac } from "./line_mac.ts";
export {
  consistencyProof,
  inclusionProof,
  rangeHashOf,
  verifyConsistency,
  verifyInclusion,
} from "./merkle.ts";
export { nameOfKey, Newest, type Recorded, ROW_KINDS, type RowKind } from "./newest.ts";
export {
  formatKey,
  type LogKey,
  openNote,
  parseKey,
  type Sign,
  signNote,
  type Verify,
} from "./note.ts";
export { nativeHash } from "./os_hash.ts";
export { currentCall, inCall } from "./os_in_call.ts";
export type { Unproved } from "./os_held.ts";
export { AuditLog, type AuditLogOptions, type LogKeys } from "./os_log.ts";
export { currentLog, listLogFiles, listLogs } from "./os_log_files.ts";
export { feedLog, readTail, type TailRequest } from "./os_read.ts";
export { macUnder } from "./os_mac.ts";
export { dropRequests, findDroppable } from "./os_retention.ts";
export { nativeVerifier, signerOf } from "./os_sign.ts";
export { openSink, type Sink, type SinkReport, type SinkSpec } from "./os_sink.ts";
export { type ChangedFile, type FileChange, LogWatch } from "./os_watch.ts";
export { recordOnStderr } from "./os_stderr.ts";
export { decodeChange, openRow, protectRow } from "./outbox_row.ts";
export { type Cover, type Covered, coverWith } from "./record.ts";
export { digestOf, recordingStore } from "./recording_store.ts";
export { isRefusal, type RefusalLimits, Refusals } from "./refusals.ts";
export { Restorations } from "./restorations.ts";
export { subjectOf, withAnswer, withNames } from "./subject.ts";
export type { LogFault } from "./log_fault.ts";
export { LogVerifier, type Verified } from "./verify.ts";
export type { Hash } from "./bounded.ts";
export type { Header, Line } from "./line.ts";
export type { RangeHash, TreeHead } from "./merkle.ts";
export type { LogStart } from "./os_log.ts";
export type { LogFile } from "./os_log_files.ts";
export type { Aside } from "./os_reopen.ts";
export type { Droppable } from "./os_retention.ts";
export type { SinkFileOptions } from "./os_sink_file.ts";
export type { TailKeys } from "./os_tail.ts";
export type { OpenLogFile } from "./os_watch.ts";
export type { RowPlace } from "./outbox_row.ts";
export type { RecordKind } from "./record_head.ts";
export type { RecordingOptions } from "./recording_store.ts";
export type { Expected, Unusable } from "./scan.ts";
// Types of other folders that the signatures above mention.
export type * from "../error/error.ts";
export type * from "../spiffe/id.ts";
export type * from "../store/port.ts";
