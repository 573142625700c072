/** @module */
export { type ErrorCode, exitCodeOf, isErrorCode, SpikeError, statusOf } from "./error.ts";
