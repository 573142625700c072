/** @module */
export {
  type ErrorCode,
  exitCodeOf,
  isErrorCode,
  type Reason,
  SpikeError,
  statusOf,
} from "./error.ts";
