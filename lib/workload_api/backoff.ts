const FIRST_STEPS_MS = [100, 200, 400, 800] as const;
const STEP_MS = 1_000;
const CAP_MS = 30_000;
const JITTER = 0.2;

/** What the wait before the next attempt depends on. */
export interface Backoff {
  /** Failed attempts since the last message, this one included; from 1. */
  readonly failures: number;
  /** Whether an identity was ever received. */
  readonly hadIdentity: boolean;
  /** From 0 inclusive to 1 exclusive. */
  readonly random: () => number;
}

/**
 * Milliseconds to wait before the next attempt.
 *
 * Before the first identity the agent is most likely about to start, so the steps are short and end at
 * one second. Afterwards they grow by a second up to half a minute. Jitter of a fifth keeps the workloads
 * of a machine apart when their agent comes back.
 */
export function nextDelayMs({ failures, hadIdentity, random }: Backoff): number {
  const base = hadIdentity
    ? Math.min(failures * STEP_MS, CAP_MS)
    : FIRST_STEPS_MS[failures - 1] ?? STEP_MS;
  return Math.round(base * (1 - JITTER + 2 * JITTER * random()));
}
