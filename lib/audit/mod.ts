/**
 * The audit log: a record of every request and of every change, in an append-only Merkle tree (RFC 9162) whose heads
 * are signed. Nothing in here ever sees a value. Start reading at `entry.ts` (what is recorded), `record.ts` (its
 * bytes), `os_log.ts` (how it is written) and `verify.ts` (how anybody checks it).
 *
 * @module
 */
export type { Call, Caller, Grant } from "./call.ts";
export { type Checkpoint, openCheckpoint, parseCheckpoint } from "./checkpoint.ts";
export type {
  AuditEntry,
  Change,
  ChangeEntry,
  NoticeEntry,
  RequestEntry,
  Subject,
} from "./entry.ts";
export { parseLine, splitLines } from "./line.ts";
export {
  consistencyProof,
  inclusionProof,
  leafHash,
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
export { AuditLog, type AuditLogOptions, type LogKeys } from "./os_log.ts";
export { currentLog, listLogFiles, listLogs } from "./os_log_files.ts";
export { feedLog, readTail, type TailRequest } from "./os_read.ts";
export { dropRequests, findDroppable } from "./os_retention.ts";
export { nativeVerifier, signerOf } from "./os_sign.ts";
export { openSink, type Sink, type SinkReport, type SinkSpec } from "./os_sink.ts";
export { type ChangedFile, type FileChange, LogWatch } from "./os_watch.ts";
export { recordOnStderr } from "./os_stderr.ts";
export { type Cover, type Covered, coverWith } from "./record.ts";
export { decodeChange, digestOf, recordingStore } from "./recording_store.ts";
export { Restorations } from "./restorations.ts";
export { subjectOf, withAnswer, withNames } from "./subject.ts";
export { type Finding, LogVerifier, type Verified } from "./verify.ts";
