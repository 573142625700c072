/**
 * The closed list of failures, with the HTTP status and the exit code of each, and the error class that carries them.
 * It never prints or logs. Start reading at `error.ts`; `os_file_fault.ts` and `os_listen_fault.ts` describe errors of
 * the operating system.
 *
 * @module
 */
export {
  ERROR_CODES,
  type ErrorCode,
  exitCodeOf,
  failureLines,
  isErrorCode,
  type Reason,
  REASON_HEADER,
  reasonIn,
  REASONS,
  SpikeError,
  statusOf,
} from "./error.ts";
export { asFileError, fileFault, isFileFault } from "./os_file_fault.ts";
export { listenFault, listenFaultWords } from "./os_listen_fault.ts";
