import { SpikeError } from "../error/error.ts";
import {
  AuditLog,
  type AuditLogOptions,
  type ChangedFile,
  coverWith,
  currentCall,
  dropRequests,
  findDroppable,
  formatKey,
  type LogKeys,
  LogWatch,
  nativeVerifier,
  type NoticeEntry,
  openCheckpoint,
  readTail,
  recordingStore,
  recordOnStderr,
  type RequestEntry,
  type TailRequest,
} from "../audit/mod.ts";
import { isDamage } from "../seal/damage.ts";
import { type LockedKeyring, osRandom } from "../seal/mod.ts";
import { wipe } from "../bytes/mod.ts";
import type { AuditLogRow, Store, StoreTx } from "../store/mod.ts";
import { VERSION } from "../version.ts";
import { loadLogKeys, makeLogKeys, type OpenLogKeys } from "./audit_keys.ts";
import { withKnownLogs } from "./known_logs.ts";
import type {
  Attestor,
  Auditing,
  AuditingOptions,
  AuditKeys,
  AuditPage,
  RecordState,
  Unproved,
} from "./auditing_port.ts";
import { NOTHING_UNPROVED } from "./no_log.ts";
import { Outbox, type UnbegunLog } from "./outbox.ts";
import { type KnownLog, type StoreVerified, verifyStore } from "./store_verifier.ts";

export type * from "./auditing_port.ts";
export { ephemeralAuditing, NO_LOG } from "./no_log.ts";

/** Requests that may wait for a disk; more are refused. */
const OWED = 10_000;
/** The shortest time between two writes of the newest checkpoint to the store. */
const NOTE_MS = 1_000;

/** Opens the log of a Nexus that has a directory for it. */
export async function openAuditing(options: AuditingOptions): Promise<Auditing> {
  const auditing = new DiskAuditing(options, await options.store.auditLogs());
  await auditing.notice("started", { version: VERSION });
  return auditing;
}

class DiskAuditing implements Auditing {
  readonly store: Store;
  readonly #options: AuditingOptions;
  readonly #logOptions: AuditLogOptions;
  readonly #watch: LogWatch;
  readonly #log: AuditLog;
  #ring: LockedKeyring | undefined;
  /** Of the present log. */
  #hmacKey: Uint8Array | undefined;
  #signer: Omit<Attestor, "checkpoint"> | undefined;
  #notedAtMs = 0;
  #noted: string | undefined;
  readonly #outbox: Outbox;
  #unproved = NOTHING_UNPROVED;
  readonly #first: (() => Promise<void>)[] = [];
  #isClosed = false;
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
      protect: (record, revision) => this.#outbox.protect(record, revision),
      beside: (tx) => this.#note(tx),
      onCommitted: () => void this.#outbox.drain(),
    });
    this.#log = AuditLog.open(this.#logOptions);
    this.#outbox = new Outbox({
      ...options,
      auditLog: this.#log,
      onFinding: (found) => this.#count(found),
    });
    // A log that never had a checkpoint on the disk may not have been begun.
    const begun = known.filter(({ checkpoint }) => checkpoint !== "").map(({ log }) => log);
    for (const log of AuditLog.missing(this.#logOptions, begun)) {
      options.log.error("audit_log_missing", { log });
    }
    this.#watch = new LogWatch(options.directory);
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

  /** While the disk fails, stored data is still served as long as its records are kept elsewhere. */
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

  get unproved(): Unproved {
    return this.#unproved;
  }

  #count(found: Partial<Unproved>): void {
    const sum = { ...this.#unproved };
    for (const [what, count] of Object.entries(found)) sum[what as keyof Unproved] += count;
    this.#unproved = sum;
  }

  beforeFirstChange(work: () => Promise<void>): void {
    this.#first.push(work);
  }

  async keyringOpened(ring: LockedKeyring): Promise<void> {
    const { store } = this.#options;
    const row = (await store.auditLogs()).find(({ log }) => log === this.#log.name);
    const keys = row && await loadLogKeys(store, ring, row.log);
    const why = keys ? this.#openLog(keys, row) : this.#whyUnknown(row);
    const { keys: used, revision } = keys && !why
      ? { keys, revision: undefined }
      : await this.#beginLog(ring, why);
    this.#hold(ring, used);
    await this.#noticeAside();
    for (const work of this.#first.splice(0)) await work();
    const reached = Math.max(await this.#revision() ?? 0, revision ?? 0);
    await this.#followBack();
    const unbegun = await this.#unbegunLogs(ring);
    if (await this.#outbox.open(reached, this.#log.followsOlder, unbegun)) await this.#beginLife();
  }

  async #unbegunLogs(ring: LockedKeyring): Promise<UnbegunLog[]> {
    const { store } = this.#options;
    const found: UnbegunLog[] = [];
    for (const { log, checkpoint } of await store.auditLogs()) {
      if (log === this.#log.name || checkpoint !== "") continue;
      const keys = await loadLogKeys(store, ring, log);
      if (keys) found.push({ log, mac: keys.rowMac });
      wipe(keys?.hmacKey);
    }
    return found;
  }

  /** Checks the present log under its keys; answers why it cannot be gone on with. */
  #openLog(keys: OpenLogKeys, { checkpoint }: AuditLogRow): string | undefined {
    const { log } = this.#options;
    const key = { log: this.#log.name, publicKey: keys.publicKey };
    const expected = openCheckpoint(checkpoint, key, nativeVerifier());
    if (checkpoint !== "" && !expected) log.error("audit_checkpoint_unknown", { log: key.log });
    const unusable = this.#log.useKeys(this.#logKeys(keys), { expected });
    if (!unusable) return undefined;
    log.error("audit_log_damaged", { reason: unusable.reason, line: unusable.line });
    return "it is damaged";
  }

  #whyUnknown(row: AuditLogRow | undefined): string | undefined {
    if (row) return "its key is not what was stored";
    return this.#log.isNew ? undefined : "the store does not know it";
  }

  /** Begins a log. The present one, which cannot be gone on with, stays as it is. */
  async #beginLog(ring: LockedKeyring, why: string | undefined) {
    const { log, clock } = this.#options;
    const previous = this.#log.name;
    if (why !== undefined) {
      log.error("audit_log_succeeded", { log: previous, reason: why });
      this.#log.succeed();
    }
    const made = await makeLogKeys(this.store, ring, {
      log: this.#log.name,
      createdAtMs: clock(),
      onOpened: ({ rowMac }) => this.#outbox.useKeys({ storeId: ring.storeId, mac: rowMac }),
    });
    const { keys, revision } = made;
    // What is older was recorded in another log, or is not known to anybody.
    const first = Math.min(this.#outbox.firstKeyless ?? revision, revision);
    const unusable = this.#log.useKeys(this.#logKeys(keys), { revision: first - 1 });
    if (unusable) throw new Error(`A new log is not usable: ${unusable.reason}`);
    if (why !== undefined) await this.notice("log_succeeded", { previous, reason: why });
    return made;
  }

  #logKeys({ sign, publicKey, mac, hmacKey }: OpenLogKeys): LogKeys {
    return { sign, publicKey, mac, cover: coverWith(hmacKey, this.#options.covered) };
  }

  #hold(ring: LockedKeyring, { sign, publicKey, hmacKey, rowMac }: OpenLogKeys): void {
    this.#ring = ring;
    this.#hmacKey = hmacKey;
    this.#signer = { key: { log: this.#log.name, publicKey }, sign };
    this.#outbox.useKeys({ storeId: ring.storeId, mac: rowMac });
  }

  /** Logs records that were set aside because nothing proves them. */
  async #noticeAside(): Promise<void> {
    const { log } = this.#options;
    for (const { cause, ...told } of this.#log.takeAside()) {
      const isHole = cause === "hole";
      log.error(isHole ? "audit_log_cut" : "audit_records_unproved", told);
      if (!isHole) this.#count({ setAside: told.lines });
      await this.#tryNotice(isHole ? "tail_cut" : "records_unproved", told);
    }
    for (const told of this.#log.setHeldAside()) {
      log.warn("audit_records_without_key", { ...told });
      this.#count({ withoutKey: told.lines });
      await this.#tryNotice("records_unproved", { ...told, reason: "recorded without a key" });
    }
  }

  /** What is on the disk is not known to be writable yet: a notice that cannot be written fails nothing. */
  async #tryNotice(event: NoticeEntry["event"], detail: NoticeEntry["detail"]): Promise<void> {
    try {
      await this.notice(event, detail);
    } catch (error) {
      const why = error instanceof Error ? error.message : "not an error";
      this.#options.log.error("audit_notice_lost", { event, detail: why });
    }
  }

  /** From here on rows that wait in the store are told from those of every earlier life of the log. */
  async #beginLife(): Promise<void> {
    await this.#tryNotice("key_loaded", { life: osRandom(16).toHex() });
    await this.#log.sync().catch(() => {});
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
    await this.#outbox.drain();
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
    this.#outbox.dropKeys();
    if (!this.#isClosed) this.#log.dropKeys();
    wipe(this.#hmacKey);
    this.#hmacKey = undefined;
  }

  get held(): number {
    // One signs, one proves lines, one proves rows, one covers.
    return this.#hmacKey ? 4 : 0;
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
      await this.#outbox.drain();
      await this.#log.sync();
    };
    const found = await this.#withKnown((logs) =>
      verifyStore({ store, directory, logs, settle, pause })
    );
    const { setAside, rejected } = this.#unproved;
    if (setAside + rejected === 0) return found;
    // Changes without a record are findings of the log.
    const findings = found.findings + setAside + rejected;
    return { ...found, unproved: this.#unproved, findings };
  }

  /** Works with all logs of the store and their keys, by time of creation; the keys are wiped afterwards. */
  async #withKnown<T>(work: (known: KnownLog[]) => T | Promise<T>): Promise<T> {
    const { store, covered } = this.#options;
    const ring = this.#ring;
    if (!ring) throw new SpikeError("root_key_missing", "No root key is loaded");
    return await withKnownLogs({ store, ring, covered }, work);
  }

  async close(): Promise<void> {
    await this.#outbox.drain();
    await this.#log.sync();
    this.#notedAtMs = 0;
    // It leaves a record like every transaction, which the last checkpoint covers. Without a key nothing proves one.
    if (this.#ring) await this.store.write((tx) => this.#note(tx));
    await this.#outbox.drain();
    await this.notice("stopped", {});
    this.#isClosed = true;
    await this.#log.close();
    for (const sink of this.#options.sinks ?? []) sink.close();
  }

  async retain(pause: () => Promise<void>): Promise<void> {
    const { directory, clock, retentionMs = 0 } = this.#options;
    if (retentionMs === 0 || !this.#ring) return;
    const found = findDroppable(directory, this.#log.name, clock() - retentionMs);
    if (!found) return;
    const { first, last, count, path } = found;
    const file = path.slice(path.lastIndexOf("/") + 1);
    await this.notice("records_dropped", { file, first, last, count });
    await this.#log.sync();
    await dropRequests(found, pause);
    this.#watch.forget(found.path);
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
}
