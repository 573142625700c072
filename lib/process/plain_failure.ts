/** Failures on their way between threads and processes. */
import { type ErrorCode, type Reason, SpikeError } from "../error/error.ts";
import { asFileError, isFileFault } from "../error/os_file_fault.ts";
import { withoutKeys } from "../text/quote.ts";

/** A failure as plain data, since errors lose their fields on the way between threads. */
export interface PlainFailure {
  /** Wire code of the error. */
  readonly code: ErrorCode;
  /** First line of the message. */
  readonly message: string;
  /** Details of the message, one a line. */
  readonly details?: readonly string[];
  /** What fixes it. */
  readonly hint?: string;
  /** A finer reason under the same code. */
  readonly reason?: Reason;
}

/** The public members of any error. One that is not a `SpikeError` is a bug and reported as such. */
export function plainFailure(error: unknown): PlainFailure {
  if (error instanceof SpikeError) {
    const { code, headline: message, details } = error;
    return { code, message, ...(details.length === 0 ? {} : { details }), ...moreOf(error) };
  }
  if (isFileFault(error)) {
    const { code, headline: message } = asFileError(error);
    return { code, message };
  }
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const [message = "", ...details] = `Unexpected failure: ${withoutKeys(detail)}`.split("\n");
  return { code: "api_internal_error", message, ...(details.length === 0 ? {} : { details }) };
}

/** The error that `plainFailure` was made from, with its public members only. */
export function fromPlainFailure(failure: PlainFailure): SpikeError {
  const { code, message, details = [] } = failure;
  return new SpikeError(code, message, { details, ...moreOf(failure) });
}

function moreOf({ hint, reason }: Pick<PlainFailure, "hint" | "reason">) {
  return {
    ...(hint === undefined ? {} : { hint }),
    ...(reason === undefined ? {} : { reason }),
  };
}
