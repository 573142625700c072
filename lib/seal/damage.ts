import { SpikeError } from "../error/error.ts";

/** Whether an error means that stored bytes are damaged, as opposed to, for example, a missing key. */
export function isDamage(reason: unknown): boolean {
  return reason instanceof SpikeError &&
    (reason.code === "crypto_decryption_failed" || reason.code === "state_integrity_check");
}
