/** How often and how long something is tried. */
export interface RetryPolicy {
  readonly firstPauseMs: number;
  readonly lastPauseMs: number;
  /** All attempts and pauses together. */
  readonly totalMs: number;
  readonly maxAttempts?: number;
}

export interface RetryDeps {
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Whether another attempt may help. */
  readonly isWorthRetrying: (error: unknown) => boolean;
  /** Told before each pause. */
  readonly onFailure?: (error: unknown, attempt: number) => void;
}

/** Tries until it works, until it cannot help any more, or until time or attempts are used up; then throws the last error. */
export async function retry<T>(
  work: () => Promise<T>,
  policy: RetryPolicy,
  deps: RetryDeps,
): Promise<T> {
  const endMs = deps.clock() + policy.totalMs;
  let pauseMs = policy.firstPauseMs;
  for (let attempt = 1;; attempt++) {
    try {
      return await work();
    } catch (error) {
      const isLast = attempt >= (policy.maxAttempts ?? Infinity) || deps.clock() + pauseMs > endMs;
      if (isLast || !deps.isWorthRetrying(error)) throw error;
      deps.onFailure?.(error, attempt);
    }
    await deps.sleep(pauseMs);
    pauseMs = Math.min(pauseMs * 2, policy.lastPauseMs);
  }
}
