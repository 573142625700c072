/**
 * The audit log: what is recorded of every request and of every change. Nothing in here ever sees a value.
 *
 * @module
 */
export type { Call, Caller, Grant } from "./call.ts";
export type { RequestEntry, Subject } from "./entry.ts";
export { recordOnStderr } from "./os_stderr.ts";
export { currentCall, inCall } from "./os_in_call.ts";
export { subjectOf, withAnswer } from "./subject.ts";
