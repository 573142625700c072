import { type Covered, coverWith } from "../audit/mod.ts";
import { type LockedKeyring } from "../seal/mod.ts";
import { wipe } from "../bytes/mod.ts";
import type { Store } from "../store/mod.ts";
import { loadLogKeys } from "./audit_keys.ts";
import type { KnownLog } from "./store_verifier.ts";

/** Options for opening the keys of all logs. */
export interface KnownLogsOptions {
  readonly store: Store;
  readonly ring: LockedKeyring;
  /** Members that are recorded as a keyed hash now. */
  readonly covered: ReadonlySet<Covered>;
}

/** Works with all logs of the store and their keys, by time of creation; the keys are wiped afterwards. */
export async function withKnownLogs<T>(
  { store, ring, covered }: KnownLogsOptions,
  work: (known: KnownLog[]) => T | Promise<T>,
): Promise<T> {
  const rows = (await store.auditLogs()).toSorted((a, b) => a.createdAtMs - b.createdAtMs);
  // Whatever is configured now, it may have been otherwise then.
  const kinds = new Set<Covered>([...covered, "path"]);
  const opened: Uint8Array[] = [];
  try {
    const known: KnownLog[] = [];
    for (const row of rows) {
      const keys = await loadLogKeys(store, ring, row.log);
      if (keys) opened.push(keys.hmacKey);
      const covers = keys ? [coverWith(keys.hmacKey, kinds)] : [];
      known.push({ ...row, publicKey: keys?.publicKey, covers });
    }
    return await work(known);
  } finally {
    wipe(...opened);
  }
}
