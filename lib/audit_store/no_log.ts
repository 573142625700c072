/** Auditing where no log is kept. */
import { SpikeError } from "../error/error.ts";
import { currentCall, decodeChange, recordingStore, recordOnStderr } from "../audit/mod.ts";
import type { Store } from "../store/mod.ts";
import { writeLine } from "../telemetry/mod.ts";
import type { Auditing, Unproved } from "./auditing_port.ts";

const PAGE = 500;

/** Nothing was found. */
export const NOTHING_UNPROVED: Unproved = {
  setAside: 0,
  withoutKey: 0,
  rejected: 0,
  unrecorded: 0,
};

/** The part of auditing that exists without a log. */
export const NO_LOG = {
  size: 0,
  held: 0,
  unproved: NOTHING_UNPROVED,
  beforeFirstChange: () => {},
  keyringOpened: () => Promise.resolve(),
  keyringDropped: () => {},
  tail: keepsNone,
  keys: keepsNone,
  attest: keepsNone,
  restored: () => Promise.resolve(),
  verify: keepsNone,
  retain: () => Promise.resolve(),
  changedFiles: () => [],
  reopenSinks: () => {},
} as const satisfies Partial<Auditing>;

/** For a Nexus that keeps nothing: its records are lines on standard error. */
export function ephemeralAuditing(store: Store, clock: () => number): Auditing {
  let taken = 0;
  const drain = async () => {
    for (const { revision, record } of await store.outbox(taken, PAGE)) {
      taken = Math.max(taken, revision);
      const { call, changes } = decodeChange(record);
      if (changes.length === 0) continue;
      writeLine("audit", "change", {
        revision,
        correlation: call?.correlation ?? null,
        caller: call?.id ?? null,
        operation: call?.operation ?? null,
        changes: JSON.stringify(changes),
      });
    }
  };
  return {
    store: recordingStore(store, {
      currentCall,
      clock,
      beside: (tx) => tx.clearOutbox(taken),
      onCommitted: () => void drain(),
    }),
    ...NO_LOG,
    record: recordOnStderr,
    close: drain,
  };
}

/** Rejects: there is no log to read. */
function keepsNone(): Promise<never> {
  const failure = new SpikeError(
    "api_bad_request",
    "A Nexus with a memory store keeps no audit log",
    {
      hint: "Its records are the lines of component audit on its standard error",
    },
  );
  return Promise.reject(failure);
}
