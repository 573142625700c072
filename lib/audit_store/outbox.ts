import {
  type AuditEntry,
  type AuditLog,
  decodeChange,
  type Mac,
  openRow,
  protectRow,
} from "../audit/mod.ts";
import type { OutboxRow, Store } from "../store/mod.ts";
import type { Logger } from "../telemetry/mod.ts";

/** What authenticates rows: the id of the store, and the key of the present log. */
export interface RowKeys {
  readonly storeId: Uint8Array;
  readonly mac: Mac;
}

/** A log that the store knows and that was never begun, as when a process died while it made one. */
export interface UnbegunLog {
  readonly log: string;
  readonly mac: Mac;
}

/** What taking rows into the log takes. */
export interface OutboxOptions {
  readonly store: Store;
  readonly auditLog: AuditLog;
  readonly log: Logger;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Called with rows that were rejected, and with changes without a record. */
  readonly onFinding: (count: { readonly rejected?: number; readonly unrecorded?: number }) => void;
}

type Why =
  | "not authentic"
  | "of another life of the log"
  | "older than what the log has"
  | "ahead of the store";
type Judged = { readonly record: Uint8Array } | { readonly why: Why };

const PAGE = 500;
/** Rows that are named one by one in the log of Nexus. */
const NAMED = 20;

/**
 * What waits in the store for the log. Takes into the log the records that this Nexus left there, each once and in the
 * order of their revisions; every other row is reported, and its change counts as unrecorded.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  #keys: RowKeys | undefined;
  /** Rows that this process left before it had a key, by revision: nothing but its memory proves them. */
  readonly #keyless = new Map<number, Uint8Array>();
  #draining: Promise<boolean> | undefined;
  #hasMore = false;
  /** Whether the log is open, and rows can go there. */
  #isOpen = false;
  /** How far the store may have come. */
  #reached = 0;
  #followsOlder = false;
  #unbegun: readonly UnbegunLog[] = [];

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  /** From now on rows are proved. */
  useKeys(keys: RowKeys): void {
    this.#keys = keys;
  }

  dropKeys(): void {
    this.#keys = undefined;
    this.#isOpen = false;
  }

  /** The first revision of which this process has left a row without a key, if there is one. */
  get firstKeyless(): number | undefined {
    return this.#keyless.size === 0 ? undefined : Math.min(...this.#keyless.keys());
  }

  /** A record as it is left in the store. */
  protect(record: Uint8Array, revision: number): Uint8Array {
    this.#reached = Math.max(this.#reached, revision);
    if (!this.#keys) {
      this.#keyless.set(revision, record);
      return record;
    }
    const { name: log, life, durableRevision } = this.#options.auditLog;
    const { storeId, mac } = this.#keys;
    const cleared = Math.min(durableRevision, revision - 1);
    return protectRow(record, { storeId, log, life, revision }, cleared, mac);
  }

  /** Takes what waits into the log, once there is a key. False when something has to wait on. */
  drain(): Promise<boolean> {
    if (!this.#isOpen) return Promise.resolve(false);
    this.#hasMore = true;
    return this.#draining ??= this.#takeAll().finally(() => this.#draining = undefined);
  }

  /**
   * Takes what waited while no process had the key, and accounts for every revision up to `reached`. False when the log
   * cannot be written. A log that `followsOlder` was written by a version without proofs until now. A row that waits for
   * an `unbegun` log is not signed and not reported: the present log begins after it.
   */
  async open(
    reached: number,
    followsOlder: boolean,
    unbegun: readonly UnbegunLog[] = [],
  ): Promise<boolean> {
    [this.#isOpen, this.#reached, this.#followsOlder] = [true, reached, followsOlder];
    this.#unbegun = unbegun;
    await this.#reportStale();
    if (!await this.drain()) return false;
    const { auditLog } = this.#options;
    const from = auditLog.revision + 1;
    if (reached < from) return true;
    try {
      // Older versions left no record of a transaction that changed nothing of interest.
      if (!this.#followsOlder) await this.#recordGap(from, reached, "removed from the store");
      else await this.#notice("format_changed", { from, to: reached });
      return true;
    } catch (error) {
      this.#reportWaiting(error);
      return false;
    }
  }

  async #takeAll(): Promise<boolean> {
    const { store, auditLog } = this.#options;
    try {
      while (this.#hasMore) {
        this.#hasMore = false;
        for (let after = auditLog.revision; this.#isOpen;) {
          const rows = await store.outbox(after, PAGE);
          await this.#take(rows.filter(({ revision }) => revision <= this.#reached));
          const next = pageEnd(rows, after);
          if (rows.length < PAGE || next === after) break;
          after = next;
        }
      }
      for (const revision of this.#keyless.keys()) {
        if (revision <= auditLog.revision) this.#keyless.delete(revision);
      }
      return true;
    } catch (error) {
      this.#reportWaiting(error);
      return false;
    }
  }

  async #take(rows: readonly OutboxRow[]): Promise<void> {
    const { auditLog } = this.#options;
    const writes: Promise<void>[] = [];
    const rejected: { revision: number; why: Why }[] = [];
    let next = auditLog.revision + 1;
    for (const row of rows) {
      const judged = this.#judge(row, next);
      if ("why" in judged) {
        rejected.push({ revision: row.revision, why: judged.why });
        continue;
      }
      if (row.revision > next) {
        const why = rejected.at(-1)?.why ?? "removed from the store";
        writes.push(this.#recordGap(next, row.revision - 1, why));
      }
      writes.push(this.#record({ kind: "change", entry: decodeChange(judged.record) }));
      next = row.revision + 1;
    }
    // Those behind the last that was taken stay unrecorded until it is known how far the store has come.
    this.#report(rejected);
    await Promise.all(writes);
  }

  /** A row may stand for revision `next`, or a later one. */
  #judge({ revision, record }: OutboxRow, next: number): Judged {
    if (revision < next) return { why: "older than what the log has" };
    const own = this.#keyless.get(revision);
    if (own && isSame(own, record)) return { record };
    const row = this.#open(revision, record);
    if (!row) return { why: "not authentic" };
    return row.life === this.#options.auditLog.life ? row : { why: "of another life of the log" };
  }

  #open(revision: number, record: Uint8Array) {
    const { storeId, mac } = this.#keys as RowKeys;
    return openRow(record, { storeId, log: this.#options.auditLog.name, revision }, mac);
  }

  #isOfUnbegun(revision: number, record: Uint8Array): boolean {
    const { storeId } = this.#keys as RowKeys;
    return this.#unbegun.some(({ log, mac }) =>
      openRow(record, { storeId, log, revision }, mac) !== undefined
    );
  }

  /**
   * Reports rows of revisions that the log has and that are not what it took: those that were left after the last
   * removal stay until the next change, and every other one was put there.
   */
  async #reportStale(): Promise<void> {
    const { store, auditLog } = this.#options;
    if (this.#followsOlder) return;
    const stale: { revision: number; why: Why }[] = [];
    const taken: number[] = [];
    let cleared = 0;
    for (let after = Number.MIN_SAFE_INTEGER;;) {
      const rows = await store.outbox(after, PAGE);
      for (const { revision, record } of rows) {
        if (revision > this.#reached) stale.push({ revision, why: "ahead of the store" });
        if (revision > auditLog.revision || this.#keyless.has(revision)) continue;
        const row = this.#open(revision, record);
        if (row) taken.push(revision);
        else if (!this.#isOfUnbegun(revision, record) && !isCreation(revision, record)) {
          stale.push({ revision, why: "not authentic" });
        }
        cleared = Math.max(cleared, row?.cleared ?? 0);
      }
      const next = pageEnd(rows, after);
      if (rows.length < PAGE || next === after) break;
      after = next;
    }
    for (const revision of taken) {
      if (revision <= cleared) stale.push({ revision, why: "older than what the log has" });
    }
    this.#report(stale);
  }

  #report(rejected: readonly { revision: number; why: Why }[]): void {
    if (rejected.length === 0) return;
    const { log, onFinding } = this.#options;
    for (const { revision, why } of rejected.slice(0, NAMED)) {
      log.error("audit_outbox_rejected", { revision, reason: why });
    }
    onFinding({ rejected: rejected.length });
  }

  async #recordGap(from: number, to: number, why: string): Promise<void> {
    await this.#notice("changes_unrecorded", { from, to, why });
    this.#options.log.error("audit_changes_unrecorded", { from, to, reason: why });
    this.#options.onFinding({ unrecorded: to - from + 1 });
  }

  #notice(
    event: "changes_unrecorded" | "format_changed",
    detail: Readonly<Record<string, string | number>>,
  ): Promise<void> {
    return this.#record({
      kind: "notice",
      entry: { timeMs: this.#options.clock(), event, detail },
    });
  }

  #record(entry: AuditEntry): Promise<void> {
    return this.#options.auditLog.record(entry);
  }

  #reportWaiting(error: unknown): void {
    const detail = error instanceof Error ? error.message : "not an error";
    this.#options.log.error("audit_outbox_waits", { detail });
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Where the next page begins. A revision out of range reads as -1 and stands last, so it leads nowhere. */
function pageEnd(rows: readonly OutboxRow[], after: number): number {
  return Math.max(after, ...rows.map(({ revision }) => revision));
}

/**
 * Whether a row is what the creation of the store left, before there was a key to prove it. Nothing is hidden by passing
 * over it where the log has revision 1 already: a process that is killed soon after leaves it behind.
 */
function isCreation(revision: number, record: Uint8Array): boolean {
  if (revision !== 1) return false;
  try {
    const { changes } = Object(JSON.parse(new TextDecoder().decode(record)));
    const [first] = Array.isArray(changes) ? changes : [];
    return Array.isArray(first?.meta) && first.meta.includes("created");
  } catch {
    return false;
  }
}
