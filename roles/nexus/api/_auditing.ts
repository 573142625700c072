/** Auditing for tests: keeps what is recorded of requests, and of changes the store's own records. */
import { currentCall, recordingStore, type RequestEntry } from "../../../lib/audit/mod.ts";
import type { Store } from "../../../lib/store/mod.ts";
import { type Auditing, keepsNone } from "../audit/auditing.ts";

/** Records to memory. */
export function keepRecords(
  store: Store,
): Auditing & { readonly entries: readonly RequestEntry[] } {
  const entries: RequestEntry[] = [];
  return {
    entries,
    size: 0,
    store: recordingStore(store, { currentCall, clock: () => 0, onCommitted: () => {} }),
    record: (entry) => Promise.resolve(void entries.push(entry)),
    keyringOpened: () => Promise.resolve(),
    keyringDropped: () => {},
    held: 0,
    tail: keepsNone,
    keys: keepsNone,
    attest: keepsNone,
    restored: () => Promise.resolve(),
    verify: keepsNone,
    retain: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}
