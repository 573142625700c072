/** Calls `action` once after `delayMs`. Returns what calls it off. */
export type StartTimer = (action: () => void, delayMs: number) => () => void;

/** The runtime counts in 31 bits and fires at once when it is given more. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** The runtime's timer; a delay beyond 24 days is cut to that. */
export function startRealTimer(action: () => void, delayMs: number): () => void {
  const timer = setTimeout(action, Math.min(delayMs, MAX_DELAY_MS));
  return () => clearTimeout(timer);
}
