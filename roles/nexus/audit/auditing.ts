import { SpikeError } from "../../../lib/api/error.ts";
import {
  AuditLog,
  type AuditLogOptions,
  type ChangedFile,
  type Covered,
  coverWith,
  currentCall,
  decodeChange,
  dropRequests,
  findDroppable,
  formatKey,
  type LogKey,
  LogWatch,
  type NoticeEntry,
  parseCheckpoint,
  readTail,
  recordingStore,
  recordOnStderr,
  type RequestEntry,
  type Sign,
  type Sink,
  type TailRequest,
} from "../../../lib/audit/mod.ts";
import { type LockedKeyring, osRandom, wipe } from "../../../lib/seal/mod.ts";
import { isDamage } from "../../../lib/seal/damage.ts";
import type { AuditLogRow, Store, StoreTx } from "../../../lib/store/mod.ts";
import { type Logger, writeLine } from "../../../lib/telemetry/mod.ts";
import { VERSION } from "../../../lib/version.ts";
import { loadLogKeys, makeLogKeys } from "./audit_keys.ts";
import { type KnownLog, type StoreVerified, verifyStore } from "./store_verifier.ts";

/** The audit log of a Nexus, and the store whose changes it records. */
export interface Auditing {
  /** The store to write to: every transaction that changes something leaves its record in the same commit. */
  readonly store: Store;
  /** Records in the present log; 0 where there is none. */
  readonly size: number;
  /** Takes the record of a request. Resolves once it will outlive the process; rejects with `audit_unavailable`. */
  record(entry: RequestEntry): Promise<void>;
  /** There is a root key: from now on checkpoints are signed. Resolves before anything is served. */
  keyringOpened(ring: LockedKeyring): Promise<void>;
  /** There is none any more, and so are the keys of the log. */
  keyringDropped(): void;
  /** How many keys it holds. */
  readonly held: number;
  /** A page of the present log. */
  tail(request: TailRequest): Promise<AuditPage>;
  /** The public keys of all logs, and the newest checkpoint. Rejects with `root_key_missing` without a keyring. */
  keys(): Promise<AuditKeys>;
  /** What it takes to sign a statement about the store. Rejects with `root_key_missing` without a keyring. */
  attest(): Promise<Attestor>;
  /** Records that the store was put back from a backup, before anything else is written to it. */
  restored(detail: NoticeEntry["detail"]): Promise<void>;
  /** Compares the store with the logs; `pause` is awaited after each small step. See `verifyStore`. */
  verify(pause: () => Promise<void>): Promise<StoreVerified>;
  /** Drops requests that are past their time from full files, one file at most; `pause` as above. */
  retain(pause: () => Promise<void>): Promise<void>;
  /** Files of the log that somebody else has removed, replaced or truncated since it was opened. */
  changedFiles(): readonly ChangedFile[];
  /** Opens anew where records go besides the log. */
  reopenSinks(): void;
  /** Brings everything to the disk. The store must still be open. */
  close(): Promise<void>;
}

/** The key of the present log, and where the log stands. */
export interface Attestor {
  readonly key: LogKey;
  readonly sign: Sign;
  /** The newest over records that are on the disk; empty before the first. */
  readonly checkpoint: string;
}

/** Records of the present log. */
export interface AuditPage {
  readonly log: string;
  /** Each a JSON object on one line, as it was written. */
  readonly records: readonly string[];
}

/** What whoever verifies keeps. */
export interface AuditKeys {
  /** The present log. */
  readonly log: string;
  readonly keys: readonly string[];
  /** The newest over records that are on the disk; empty before the first. */
  readonly checkpoint: string;
}

/**
 * Where the records of requests go: to the log; elsewhere, while the disk takes none, and to the log as soon as it
 * does; or nowhere, and then requests fail.
 */
export type RecordState = "written" | "elsewhere" | "refused";

/** What auditing takes. */
export interface AuditingOptions {
  /** Where logs lie. */
  readonly directory: string;
  readonly syncMs: number;
  /** What is recorded as a keyed hash. */
  readonly covered: ReadonlySet<Covered>;
  readonly store: Store;
  readonly log: Logger;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Where records go besides the log. Default: nowhere. */
  readonly sinks?: readonly Sink[];
  /** 0: requests are kept for ever. Default 0. */
  readonly retentionMs?: number;
  /** Takes records that the log does not. Default: standard error. */
  readonly fallback?: (entry: RequestEntry) => Promise<void>;
  /** Told where records go, when that changes. */
  readonly onState?: (state: RecordState) => void;
}

const PAGE = 500;
/** Requests that may wait for a disk; more are refused. */
const OWED = 10_000;
/** How often the newest checkpoint is taken down in the store, at most. */
const NOTE_MS = 1_000;

/** Opens the log of a Nexus that has a directory for it. */
export async function openAuditing(options: AuditingOptions): Promise<Auditing> {
  const auditing = new DiskAuditing(options, await options.store.auditLogs());
  await auditing.noticeCut();
  await auditing.notice("started", { version: VERSION });
  return auditing;
}

/** What there is of auditing where no log is kept. */
export const NO_LOG = {
  size: 0,
  held: 0,
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

/** Rejects: there is no log to look into. */
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

class DiskAuditing implements Auditing {
  readonly store: Store;
  readonly #options: AuditingOptions;
  readonly #logOptions: AuditLogOptions;
  readonly #watch: LogWatch;
  #log: AuditLog;
  #ring: LockedKeyring | undefined;
  /** Of the present log. */
  #hmacKey: Uint8Array | undefined;
  #signer: Omit<Attestor, "checkpoint"> | undefined;
  #isRegistered = false;
  #notedAtMs = 0;
  #noted: string | undefined;
  #draining: Promise<void> | undefined;
  #hasMore = false;
  #state: RecordState = "written";
  /** Requests that are recorded elsewhere and wait for the log. */
  #owed: RequestEntry[] = [];

  constructor(options: AuditingOptions, known: readonly AuditLogRow[]) {
    this.#options = options;
    const { directory, syncMs, clock, covered, sinks = [] } = options;
    this.#logOptions = {
      directory,
      syncMs,
      clock,
      random: osRandom,
      cover: coverWith(undefined, covered),
      onRecord: (record) => {
        for (const sink of sinks) sink.write(record);
      },
    };
    this.store = recordingStore(options.store, {
      currentCall,
      clock,
      beside: (tx) => this.#note(tx),
      onCommitted: () => void this.#drain(),
    });
    this.#log = this.#open(known);
    this.#watch = new LogWatch(directory);
    this.changedFiles();
  }

  changedFiles(): readonly ChangedFile[] {
    return this.#watch.look(this.#log.openFile);
  }

  reopenSinks(): void {
    for (const sink of this.#options.sinks ?? []) sink.reopen();
  }

  async record(entry: RequestEntry): Promise<void> {
    const owed = [...this.#owed, entry];
    this.#owed = [];
    try {
      await Promise.all(owed.map((one) => this.#log.record({ kind: "request", entry: one })));
      this.#tell("written");
    } catch (error) {
      await this.#recordElsewhere(owed, entry, error);
    }
  }

  /** Where the disk takes nothing, what is stored is still served as long as its records are in safe hands. */
  async #recordElsewhere(
    owed: readonly RequestEntry[],
    entry: RequestEntry,
    error: unknown,
  ): Promise<void> {
    const { syncMs, fallback = recordOnStderr } = this.#options;
    this.#owed = [...owed.slice(0, OWED), ...this.#owed].slice(0, OWED);
    if (syncMs === 0 || owed.length >= OWED) {
      this.#tell("refused");
      throw error;
    }
    try {
      await fallback(entry);
      this.#tell("elsewhere");
    } catch {
      this.#tell("refused");
      throw error;
    }
  }

  #tell(state: RecordState): void {
    if (state === this.#state) return;
    this.#state = state;
    const { onState, log } = this.#options;
    onState?.(state);
    if (state === "written") log.info("audit_log_writable");
    else log.error("audit_log_unwritable", { records: state });
  }

  get size(): number {
    return this.#log.size;
  }

  notice(event: NoticeEntry["event"], detail: NoticeEntry["detail"]): Promise<void> {
    const entry = { timeMs: this.#options.clock(), event, detail };
    return this.#log.record({ kind: "notice", entry });
  }

  /** Tells of what a failure of power has cost the log, if it has. */
  async noticeCut(): Promise<void> {
    const { cut } = this.#log;
    if (!cut) return;
    this.#options.log.error("audit_log_cut", { ...cut });
    await this.notice("tail_cut", { ...cut });
  }

  async keyringOpened(ring: LockedKeyring): Promise<void> {
    const { store, clock, covered } = this.#options;
    const known = await store.auditLogs();
    const isKnown = known.some((row) => row.log === this.#log.name);
    let keys = isKnown ? await loadLogKeys(store, ring, this.#log.name) : undefined;
    if (!keys) {
      // Whatever was signed was signed under a key that is gone: nothing may be signed after it under another one.
      if (isKnown || this.#log.hasCheckpoints) {
        await this.#succeed(
          isKnown ? "its key is not what was stored" : "the store does not know it",
        );
      }
      keys = await makeLogKeys(store, ring, { log: this.#log.name, createdAtMs: clock() });
    }
    this.#isRegistered = true;
    this.#ring = ring;
    const { sign, publicKey, hmacKey } = keys;
    this.#hmacKey = hmacKey;
    this.#log.useKeys({ sign, publicKey, cover: coverWith(hmacKey, covered) });
    this.#signer = { key: { log: this.#log.name, publicKey }, sign };
    await this.#followBack();
    await this.#drain();
  }

  /** Where the store is behind the log: from here on the transactions that come count, and not those that were. */
  async #followBack(): Promise<void> {
    const revision = await this.#revision();
    if (revision === undefined || revision >= this.#log.revision) return;
    const { log } = this.#options;
    log.error("store_rolled_back", { recorded: this.#log.revision, found: revision });
    await this.notice("store_rolled_back", { from: this.#log.revision, to: revision });
    await this.#log.sync();
  }

  async restored(detail: NoticeEntry["detail"]): Promise<void> {
    const { store } = this.#options;
    const known = (await store.auditLogs()).map(({ log }) => log);
    const missing = AuditLog.missing(this.#logOptions, known);
    await this.notice("store_restored", {
      ...detail,
      ...(missing.length > 0 ? { missing: missing.join(",") } : {}),
    });
    await this.#followBack();
    await this.#log.sync();
  }

  async attest(): Promise<Attestor> {
    if (!this.#signer) throw new SpikeError("root_key_missing", "No root key is loaded");
    await this.#drain();
    await this.#log.sync();
    return { ...this.#signer, checkpoint: this.#log.checkpoint ?? "" };
  }

  /** A counter that was removed is for those to refuse who need it: what is there can still be read. */
  async #revision(): Promise<number | undefined> {
    try {
      return await this.#options.store.revision();
    } catch (error) {
      if (!isDamage(error)) throw error;
      return undefined;
    }
  }

  keyringDropped(): void {
    this.#ring = undefined;
    this.#signer = undefined;
    this.#log.dropKeys();
    wipe(this.#hmacKey);
    this.#hmacKey = undefined;
  }

  get held(): number {
    // One signs, one covers.
    return this.#hmacKey ? 2 : 0;
  }

  tail(request: TailRequest): Promise<AuditPage> {
    const { name } = this.#log;
    const records = readTail(this.#options.directory, name, request);
    return Promise.resolve({ log: name, records });
  }

  async keys(): Promise<AuditKeys> {
    await this.#log.sync();
    const keys = await this.#withKnown((known) =>
      known.flatMap(({ log, publicKey }) => publicKey ? [formatKey({ log, publicKey })] : [])
    );
    return { log: this.#log.name, keys, checkpoint: this.#log.checkpoint ?? "" };
  }

  async verify(pause: () => Promise<void>): Promise<StoreVerified> {
    const { store, directory } = this.#options;
    const settle = async () => {
      await this.#drain();
      await this.#log.sync();
    };
    return await this.#withKnown((logs) => verifyStore({ store, directory, logs, settle, pause }));
  }

  /** Works with all logs of the store and their keys, by time of creation; the keys are wiped afterwards. */
  async #withKnown<T>(work: (known: KnownLog[]) => T | Promise<T>): Promise<T> {
    const { store, covered } = this.#options;
    const ring = this.#ring;
    if (!ring) throw new SpikeError("root_key_missing", "No root key is loaded");
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

  async close(): Promise<void> {
    await this.notice("stopped", {});
    await this.#drain();
    await this.#log.sync();
    this.#notedAtMs = 0;
    if (this.#isRegistered) await this.#options.store.write((tx) => this.#note(tx));
    await this.#log.close();
    for (const sink of this.#options.sinks ?? []) sink.close();
  }

  async retain(pause: () => Promise<void>): Promise<void> {
    const { directory, clock, retentionMs = 0 } = this.#options;
    if (retentionMs === 0) return;
    const found = findDroppable(directory, this.#log.name, clock() - retentionMs);
    if (!found) return;
    const { first, count } = found;
    await this.notice("records_dropped", { first, count });
    await this.#log.sync();
    await dropRequests(found, pause);
    this.#watch.forget(found.path);
  }

  #open(known: readonly AuditLogRow[]): AuditLog {
    const { log } = this.#options;
    const opened = AuditLog.open(
      this.#logOptions,
      (name) => parseCheckpoint(known.find((row) => row.log === name)?.checkpoint ?? ""),
    );
    const isUsable = opened instanceof AuditLog;
    if (!isUsable) log.error("audit_log_damaged", { reason: opened.reason, line: opened.line });
    const present = isUsable ? opened : AuditLog.begin(this.#logOptions, 0);
    for (const name of AuditLog.missing(this.#logOptions, known.map((row) => row.log))) {
      log.error("audit_log_missing", { log: name });
    }
    return present;
  }

  /** Begins a new log; the old one stays as it is. */
  async #succeed(reason: string): Promise<void> {
    const previous = this.#log.name;
    this.#options.log.error("audit_log_succeeded", { log: previous, reason });
    await this.#log.close();
    this.#log = AuditLog.begin(this.#logOptions, 0);
    await this.notice("log_succeeded", { previous, reason });
  }

  /** Beside a change: what the log has on the disk need not wait any more, and where it stands is taken down. */
  async #note(tx: StoreTx): Promise<void> {
    await tx.clearOutbox(Math.min(this.#log.durableRevision, tx.revision - 1));
    const { checkpoint, name } = this.#log;
    const nowMs = this.#options.clock();
    if (!checkpoint || checkpoint === this.#noted || nowMs - this.#notedAtMs < NOTE_MS) return;
    this.#notedAtMs = nowMs;
    this.#noted = checkpoint;
    await tx.putAuditLog({ log: name, createdAtMs: nowMs, checkpoint });
  }

  /** Takes the records of changes into the log; one that cannot be written waits in the store. */
  #drain(): Promise<void> {
    this.#hasMore = true;
    return this.#draining ??= this.#takeAll().finally(() => this.#draining = undefined);
  }

  async #takeAll(): Promise<void> {
    const { store, log } = this.#options;
    try {
      while (this.#hasMore) {
        this.#hasMore = false;
        const rows = await store.outbox(this.#log.revision, PAGE);
        if (rows.length === PAGE) this.#hasMore = true;
        await Promise.all(
          rows.map(({ record }) =>
            this.#log.record({ kind: "change", entry: decodeChange(record) })
          ),
        );
      }
    } catch (error) {
      const detail = error instanceof Error ? error.message : "not an error";
      log.error("audit_outbox_waits", { detail });
    }
  }
}
