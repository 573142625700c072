import { SpikeError } from "../../../lib/error/error.ts";
import type { PilotIo } from "../io.ts";

/** Longer than any answer to a question. */
const MAX_ANSWER_BYTES = 1024;

/** The first line of a stream, without its end; undefined when it ends before anything came. */
async function readFirstLine(stream: ReadableStream<Uint8Array>): Promise<string | undefined> {
  let text = "";
  let hasAny = false;
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    hasAny ||= chunk.length > 0;
    text += decoder.decode(chunk, { stream: true });
    if (text.includes("\n") || text.length > MAX_ANSWER_BYTES) break;
  }
  return hasAny ? text.split("\n", 1)[0]?.trimEnd() : undefined;
}

/** A question with a dangerous answer. */
export interface Question {
  readonly text: string;
  /** False with `--no-input`. */
  readonly mayAsk: boolean;
}

/**
 * Whether somebody agrees: a person at a terminal, or the first line of standard input where there is none.
 * Only `y` or `Y` is agreement.
 *
 * @throws SpikeError `usage` where nobody can answer
 */
export async function confirm(deps: PilotIo, { text, mayAsk }: Question): Promise<boolean> {
  if (mayAsk && deps.isTerminal) deps.stderr.prompt(`${text} (y/N): `);
  const answer = mayAsk ? await readFirstLine(deps.stdin) : undefined;
  if (answer === undefined) {
    throw new SpikeError("usage", "Confirmation required, but standard input is not a terminal", {
      hint: "Nothing was changed; pass --yes to confirm",
    });
  }
  return answer === "y" || answer === "Y";
}
