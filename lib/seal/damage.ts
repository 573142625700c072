import { SpikeError } from "../error/error.ts";

/** Whether `reason` says that stored bytes are wrong, and not, say, that there is no key to open them with. */
export function isDamage(reason: unknown): boolean {
  return reason instanceof SpikeError &&
    (reason.code === "crypto_decryption_failed" || reason.code === "state_integrity_check");
}
