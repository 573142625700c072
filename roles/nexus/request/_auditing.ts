/** Auditing for tests: keeps what is recorded of requests, and of changes the store's own records. */
import { currentCall, recordingStore, type RequestEntry } from "../../../lib/audit/mod.ts";
import type { Store } from "../../../lib/store/mod.ts";
import { type Auditing, NO_LOG } from "../../../lib/audit_store/auditing.ts";

/** Records to memory. */
export function keepRecords(
  store: Store,
): Auditing & { readonly entries: readonly RequestEntry[] } {
  const entries: RequestEntry[] = [];
  return {
    entries,
    ...NO_LOG,
    store: recordingStore(store, { currentCall, clock: () => 0, onCommitted: () => {} }),
    record: (entry) => Promise.resolve(void entries.push(entry)),
    close: () => Promise.resolve(),
  };
}
