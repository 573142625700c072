import { SpikeError } from "../api/error.ts";

/** A head that is not what was stored. */
export function damagedHead(path: string, cause?: unknown): SpikeError {
  return new SpikeError("state_integrity_check", `Head of ${path} is not what was stored`, {
    hint: "The row was changed outside spike; restore the store from a backup",
    cause,
  });
}

/** A version that is missing or not what was stored. */
export function damagedVersion(path: string, version: number, cause?: unknown): SpikeError {
  const message = `Version ${version} of ${path} is not what was stored`;
  return new SpikeError("state_integrity_check", message, {
    hint: "The row was changed or removed outside spike; other versions are not affected",
    cause,
  });
}

/** Whether `reason` says that stored bytes are wrong, and not, say, that there is no key to open them with. */
export function isDamage(reason: unknown): boolean {
  return reason instanceof SpikeError &&
    (reason.code === "crypto_decryption_failed" || reason.code === "state_integrity_check");
}
