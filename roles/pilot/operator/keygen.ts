import { makeIdentity } from "./age_file.ts";
import { quoteValue } from "../../../lib/text/quote.ts";
import type { PilotIo } from "../io.ts";
import { writeNewOutput } from "../terminal/private_file.ts";

/**
 * `spike operator keygen`: a pair of keys for one custodian, in the format of age; prints the public one. A file that is
 * there is never replaced: it may be the only key to somebody's recovery shard.
 */
export async function operatorKeygen(deps: PilotIo, out: string): Promise<void> {
  const { text, recipient } = await makeIdentity();
  const bytes = new TextEncoder().encode(text);
  try {
    await writeNewOutput(out, bytes);
  } finally {
    bytes.fill(0);
  }
  deps.stdout.print(recipient);
  deps.stderr.print(
    `The private key is in ${quoteValue(out)}; it must stay with its custodian.`,
  );
}
