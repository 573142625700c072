import { exitCodeOf, failureLines, SpikeError } from "../../../lib/error/error.ts";
import type { TextSink } from "../io.ts";

/** Runs a check that servers use too; here its refusal is a mistake in the arguments. */
export function asInputError<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!(error instanceof SpikeError) || error.code !== "api_bad_request") throw error;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    throw new SpikeError("data_invalid_input", error.message, { ...hint, cause: error });
  }
}

/** Says what went wrong and what to do, and answers the exit code. */
export function report(error: SpikeError, stderr: TextSink): number {
  stderr.print(failureLines(error));
  return exitCodeOf(error.code);
}
