import { sha256 } from "@noble/hashes/sha2.js";
import type { Store, StoreTx } from "../store/port.ts";
import type { Call } from "./call.ts";
import type { Change } from "./entry.ts";
import { encodeChange } from "./outbox_row.ts";

/** Arguments and result of a method of a transaction. */
type Note<M extends keyof StoreTx> = StoreTx[M] extends (...args: infer A) => Promise<infer R>
  ? (args: A, result: R) => readonly Change[]
  : never;

/** Methods that only read, or that belong to the log itself. */
type Silent =
  | "revision"
  | "meta"
  | "keks"
  | "keys"
  | "key"
  | "keyHead"
  | "keyHeads"
  | "wrapping"
  | "head"
  | "secret"
  | "policy"
  | "mark"
  | "putOutbox"
  | "clearOutbox"
  | "putAuditLog";

const nothing = () => [];

/**
 * What is recorded of each method that changes something. A new method of `StoreTx` gets its line here: what it
 * changes, or `nothing` where another line tells (versions are told by the head that is stored with them) or nothing
 * rests on it.
 */
const NOTES: { readonly [M in Exclude<keyof StoreTx, Silent>]: Note<M> } = {
  initialise: ([, kek]) => [{ meta: ["created"] }, { kek: kek.generation, state: kek.state }],
  changeMeta: ([change]) => [{ meta: Object.keys(change).sort() }],
  putKek: ([{ generation, state }]) => [{ kek: generation, state }],
  reserveSeals: nothing,
  putKey: ([{ name, version }]) => [{ key: name, version }],
  reserveKeySeals: nothing,
  putHead: ([{ path, current, sealed, isPurged }]) => [{
    head: path,
    current,
    digest: digestOf(sealed),
    ...(isPurged ? { purged: true } : {}),
  }],
  insertVersion: nothing,
  rewrapVersion: nothing,
  deleteVersions: nothing,
  destroyVersions: nothing,
  putPolicy: ([{ name, sealed }]) => [{ policy: name, digest: digestOf(sealed) }],
  removeKek: ([generation], isGone) => isGone ? [{ kek: generation, state: "removed" }] : [],
  putKeyHead: ([{ name, sealed }]) => [{ keyHead: name, digest: digestOf(sealed) }],
  putMark: ([name]) => [{ mark: name }],
  deletePolicy: ([name], isGone) => isGone ? [{ policy: name, removed: true }] : [],
};

/** The digest of a sealed row, as records contain it. */
export function digestOf(sealed: Uint8Array): string {
  return sha256(sealed).toBase64();
}

/** Dependencies of {@linkcode recordingStore}. */
export interface RecordingOptions {
  /** On whose behalf the running code writes. */
  readonly currentCall: () => Call | undefined;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Proves that the record is of this process and of this revision. Default: it is left as it is. */
  readonly protect?: (record: Uint8Array, revision: number) => Uint8Array;
  /** Adds what is to be stored beside the record, in the same transaction. */
  readonly beside?: (tx: StoreTx) => Promise<void>;
  /** Called after each commit. */
  readonly onCommitted: () => void;
}

/**
 * A store in which every transaction leaves a record of what it changed in the outbox: there is never one without the
 * other, whoever writes. One that changed nothing that is recorded leaves a record without changes, so that a revision
 * without a record means that its record was removed.
 */
export function recordingStore(store: Store, options: RecordingOptions): Store {
  const { currentCall, clock, protect, beside, onCommitted } = options;
  return {
    ...store,
    write: async (work) => {
      const call = currentCall();
      const result = await store.write(async (tx) => {
        const changes: Change[] = [];
        const result = await work(observed(tx, changes));
        const { revision } = tx;
        const record = encodeChange({
          timeMs: clock(),
          revision,
          ...(call ? { call } : {}),
          changes,
        });
        await tx.putOutbox(protect?.(record, revision) ?? record);
        await beside?.(tx);
        return result;
      });
      onCommitted();
      return result;
    },
  };
}

/** The same transaction; what its methods change is added to `changes`. */
function observed(tx: StoreTx, changes: Change[]): StoreTx {
  return new Proxy(tx, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      const method: (...args: unknown[]) => Promise<unknown> = value.bind(target);
      if (!Object.hasOwn(NOTES, name)) return method;
      const note = NOTES[name as keyof typeof NOTES] as (
        args: unknown,
        result: unknown,
      ) => Change[];
      return async (...args: unknown[]) => {
        const result = await method(...args);
        changes.push(...note(args, result));
        return result;
      };
    },
  });
}
