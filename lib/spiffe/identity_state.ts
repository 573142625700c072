import { SpikeError } from "../error/error.ts";
import type { SpiffeId } from "./id.ts";
import type { SvidSource } from "./source.ts";
import { startRealTimer, type StartTimer } from "./timer.ts";

/** Whether a process can show who it is, and if not, why. */
export type IdentityState =
  | { readonly isUsable: true; readonly id: SpiffeId; readonly notAfterMs: number }
  | {
    readonly isUsable: false;
    readonly why: "missing" | "expired" | "not-yet-valid";
    /** A sentence; of an SVID outside of its time it has both times. */
    readonly reason: string;
  };

/** The state of a source's identity at an instant: there, and inside its validity (bounds inclusive). */
export function identityState(source: SvidSource, nowMs: number): IdentityState {
  let svid;
  try {
    ({ svid } = source.current());
  } catch (error) {
    if (!(error instanceof SpikeError)) throw error;
    return { isUsable: false, why: "missing", reason: error.message };
  }
  const { id, notBeforeMs, notAfterMs } = svid;
  if (nowMs < notBeforeMs) {
    const reason = `Own SVID ${id} is valid from ${time(notBeforeMs)}, it is ${time(nowMs)}`;
    return { isUsable: false, why: "not-yet-valid", reason };
  }
  if (nowMs > notAfterMs) {
    const reason = `Own SVID ${id} ended at ${time(notAfterMs)}, it is ${time(nowMs)}`;
    return { isUsable: false, why: "expired", reason };
  }
  return { isUsable: true, id, notAfterMs };
}

/** What {@link watchIdentity} takes from its surroundings. */
export interface IdentityWatchOptions {
  /** Called with each state that differs from the one before in whether, why, or as whom; not with the first. */
  readonly onChange: (state: IdentityState) => void;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
  readonly startTimer?: StartTimer;
}

/** How late the end of an SVID, or a jump of the clock, may be noticed. */
const LOOK_MS = 1_000;

/**
 * Tells whenever an identity is lost or comes back: withdrawn by the agent, run out, or made invalid by a jump of
 * the clock. Needs a source that has an identity. Returns the end of the watch.
 */
export function watchIdentity(source: SvidSource, options: IdentityWatchOptions): () => void {
  const { onChange, clock = Date.now, startTimer = startRealTimer } = options;
  let former = summary(identityState(source, clock()));
  const look = () => {
    const state = identityState(source, clock());
    if (summary(state) === former) return;
    former = summary(state);
    onChange(state);
  };
  let stopTimer = () => {};
  const wait = () => {
    stopTimer = startTimer(() => {
      look();
      wait();
    }, LOOK_MS);
  };
  wait();
  const unsubscribe = source.subscribe(look);
  return () => {
    unsubscribe();
    stopTimer();
  };
}

/**
 * Logs the loss of an identity and its return, each once: without one a process makes and takes no connection.
 * Returns the end of it.
 */
export function logIdentity(
  source: SvidSource,
  log: {
    warn(event: string, fields: Record<string, string>): void;
    info(event: string, fields: Record<string, string>): void;
  },
): () => void {
  return watchIdentity(source, {
    onChange: (state) => {
      if (state.isUsable) log.info("identity_back", { id: state.id });
      else log.warn("identity_lost", { why: state.why, detail: state.reason });
    },
  });
}

/** Two states of one summary are no news. */
function summary(state: IdentityState): string {
  return state.isUsable ? state.id : state.why;
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
