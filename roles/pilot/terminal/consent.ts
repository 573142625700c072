import { SpikeError } from "../../../lib/error/error.ts";
import { confirm } from "./ask.ts";
import type { PilotIo } from "../io.ts";

/** Who agrees to what cannot be undone. */
export interface Consent {
  /** `--yes`. */
  readonly isAgreed: boolean;
  readonly mayAsk: boolean;
}

/**
 * Goes on only if somebody agrees: by `--yes`, or a person at the terminal. Input that is piped is no answer.
 *
 * @throws SpikeError `usage` where nobody can answer, `interrupted` where somebody refuses
 */
export async function requireConsent(
  deps: PilotIo,
  text: string,
  { isAgreed, mayAsk }: Consent,
): Promise<void> {
  if (isAgreed) return;
  const isAgreedNow = await confirm(deps, { text, mayAsk: mayAsk && deps.isTerminal });
  if (isAgreedNow) return;
  throw new SpikeError("interrupted", "Operation canceled.", { hint: "Nothing was changed" });
}
