import { SpikeError } from "../error/error.ts";
import type { AuditEntry } from "./entry.ts";
import { HeldRecords, type Unproved } from "./os_held.ts";
import { forgetRecorded } from "./os_held_recorded.ts";
import { currentLog, listLogs } from "./os_log_files.ts";
import type { Aside } from "./os_reopen.ts";
import { LogTail, type TailKeys } from "./os_tail.ts";
import type { OpenLogFile } from "./os_watch.ts";
import { type Cover, encodeBody, plainly } from "./record.ts";
import { isRefusal, Refusals } from "./refusals.ts";
import type { Expected, Unusable } from "./scan.ts";

/** How many records a file holds: a full subtree, so that its root never changes again. */
export const RECORDS_PER_FILE = 65_536;

/** What a log is made with. */
export interface AuditLogOptions {
  /** Where logs lie; made when it is not there. */
  readonly directory: string;
  /** How long a record may wait until it is on the disk; 0: none is answered for before. */
  readonly syncMs: number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Source of random bytes. */
  readonly random: (bytes: number) => Uint8Array;
  /** Default {@linkcode RECORDS_PER_FILE}. */
  readonly recordsPerFile?: number;
  /** How much is held before there are keys. Default {@linkcode HELD_BYTES}. */
  readonly heldBytes?: number;
  /** Covers what is recorded before there are keys. Default: nothing is covered. */
  readonly cover?: Cover;
  /** Gets every record as it is written to the log. Must not throw. */
  readonly onRecord?: (record: Uint8Array) => void;
}

/** What a log needs of the store's keys. */
export interface LogKeys extends TailKeys {
  /** Replaces the texts that the settings hide by keyed hashes. */
  readonly cover: Cover;
}

/** What a log is compared with when its keys come, or begun with. */
export interface LogStart {
  /** A tree head that it has to lead to. */
  readonly expected?: Expected | undefined;
  /** Where the log is new: transactions up to this one are not recorded in it. Default 0. */
  readonly revision?: number;
}

/** Callers that are told apart among the refused requests for which there was no room; others by trust domain. */
const OVERFLOW_CALLERS = 100;

interface Waiting {
  readonly body: string;
  readonly settle: PromiseWithResolvers<void>;
}

/**
 * The audit log of one process: appends records to files, in groups, each with a MAC, and signs checkpoints.
 *
 * Life: opened (records are held in a file of their own, and the log is not looked at) → keys given (the log is checked
 * as far as it is proved, the rest is set aside, and what was held follows) → records and checkpoints ⇄ keys dropped
 * (a last checkpoint is signed; records are held again) → closed. When a write fails, its records are refused and the
 * file is cut back; the next one tries again. When a sync fails, nothing is taken any more: what is on the disk is not
 * known.
 */
export class AuditLog {
  readonly #options: AuditLogOptions;
  readonly #held: HeldRecords;
  /** Refused requests that came while there was no room to hold them. */
  readonly #overflow: Refusals;
  #name: string;
  #isNew: boolean;
  #tail: LogTail | undefined;
  readonly #aside: Aside[] = [];
  #keys: LogKeys | undefined;
  #isHeldTorn = false;
  /** How many of the records that were held are in the log. */
  #heldTaken = 0;
  #broken: SpikeError | undefined;
  #waiting: Waiting[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #syncing: Promise<void> | undefined;
  #isDirty = false;
  #durable: string | undefined;
  #durableRevision = 0;

  private constructor(options: AuditLogOptions, name: string | undefined) {
    this.#options = options;
    this.#isNew = name === undefined;
    this.#name = name ?? options.random(16).toHex();
    Deno.mkdirSync(options.directory, { recursive: true, mode: 0o700 });
    this.#held = new HeldRecords(options.directory, options.heldBytes);
    this.#overflow = new Refusals(options.clock, { singly: 0, callers: OVERFLOW_CALLERS });
  }

  /** The present log, or one that begins when its keys come. Nothing of it is read before. */
  static open(options: AuditLogOptions): AuditLog {
    return new AuditLog(options, currentLog(options.directory));
  }

  /** Which of these logs have no directory here. */
  static missing(
    { directory }: Pick<AuditLogOptions, "directory">,
    names: readonly string[],
  ): string[] {
    const here = new Set(listLogs(directory));
    return names.filter((name) => !here.has(name));
  }

  /** Name of the log: 32 hex digits. */
  get name(): string {
    return this.#name;
  }

  /** Whether it begins when its keys come. */
  get isNew(): boolean {
    return this.#isNew;
  }

  /** What was set aside when the keys came, once. */
  takeAside(): readonly Aside[] {
    return this.#aside.splice(0);
  }

  /** Whether a checkpoint of it was ever signed. */
  get hasCheckpoints(): boolean {
    return this.#tail?.hasCheckpoints ?? false;
  }

  /** How many records there are; 0 before the keys have come. */
  get size(): number {
    return this.#tail?.size ?? 0;
  }

  /** Of the last transaction that is recorded and on the disk. */
  get durableRevision(): number {
    return this.#durableRevision;
  }

  /** Of the last transaction that is recorded; 0 before the keys have come. */
  get revision(): number {
    return this.#tail?.revision ?? 0;
  }

  /** See `movesIn`. */
  get life(): string {
    return this.#tail?.life ?? "";
  }

  /** Whether all of it was written by a version that does not prove lines, and no key was loaded since. */
  get followsOlder(): boolean {
    return this.#tail?.wasProved === false && this.life === "";
  }

  /** The newest checkpoint over records that are all on the disk. */
  get checkpoint(): string | undefined {
    return this.#durable;
  }

  /** The file that it is written to, for those who watch it; absent before the log is checked or begun. */
  get openFile(): OpenLogFile | undefined {
    return this.#tail?.openFile;
  }

  /** Whether the last record could be written. */
  get isWritable(): boolean {
    return this.#broken === undefined && this.#tail?.isWritable !== false &&
      !this.#isHeldTorn;
  }

  /**
   * Checks the log, or begins it, and writes what was held. From now on lines are proved and checkpoints are signed.
   * A log that is damaged, or that does not lead to the tree head that is expected of it, stays as it is: answers why.
   */
  useKeys(keys: LogKeys, start: LogStart = {}): Unusable | undefined {
    if (!this.#tail) {
      const { expected, revision = 0 } = start;
      const tail = this.#isNew
        ? LogTail.begin(this.#place(), keys, revision)
        : LogTail.reopen(this.#place(), keys, expected);
      if (!(tail instanceof LogTail)) return tail;
      this.#tail = tail;
      this.#aside.push(...tail.aside);
      this.#isNew = false;
    }
    this.#flush();
    this.#keys = keys;
    try {
      this.#appendHeld();
      this.#recordOverflow();
    } catch {
      // What is held stays held until the next record can be written.
    }
    return undefined;
  }

  /** Signs what is not signed, and nothing any more until keys are given again. */
  dropKeys(): void {
    if (!this.#keys) return;
    this.#flush();
    this.#sign();
    try {
      if (this.#isDirty) this.#tail?.syncDataSync();
      this.#isDirty = false;
      this.#noteDurable(this.#tail?.newest, this.revision);
    } catch (cause) {
      this.#broken = unavailable("cannot be brought to the disk", cause);
    }
    this.#keys = undefined;
  }

  /** Goes on under a new name, once keys for that are given. The old log stays as it is. */
  succeed(): void {
    this.#flush();
    this.#tail?.close();
    this.#tail = undefined;
    this.#keys = undefined;
    this.#noteDurable(undefined, 0);
    this.#name = this.#options.random(16).toHex();
    this.#isNew = true;
  }

  /** Sets aside what processes have left that ended without a key. */
  setHeldAside(): Unproved[] {
    return this.#held.setAside((lines) =>
      forgetRecorded(this.#options.directory, this.#name, lines)
    );
  }

  /** Takes a record. Resolves once it will outlive the process; rejects with `audit_unavailable`. */
  record(entry: AuditEntry): Promise<void> {
    if (this.#broken) return Promise.reject(this.#broken);
    if (this.#isSummed(entry)) return Promise.resolve();
    const settle = Promise.withResolvers<void>();
    const cover = this.#keys?.cover ?? this.#options.cover ?? plainly;
    const waiting = { body: encodeBody(entry, cover), settle };
    if (this.#waiting.push(waiting) === 1) setImmediate(() => this.#flush());
    return settle.promise;
  }

  /** Whether a refused request was only counted: there is no key, and no room to hold its record. */
  #isSummed({ kind, entry }: AuditEntry): boolean {
    if (this.#keys || kind !== "request" || !isRefusal(entry)) return false;
    return this.#held.isFull && !this.#overflow.take(entry);
  }

  /** Signs what is not signed yet and brings everything to the disk. Rejects with `audit_unavailable`. */
  async sync(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#flush();
    this.#sign();
    // What is under way may have begun before the last write.
    await this.#syncing;
    if (this.#broken) throw this.#broken;
    this.#syncing = this.#syncNow().finally(() => this.#syncing = undefined);
    await this.#syncing;
  }

  /** Syncs, and closes the files. */
  async close(): Promise<void> {
    try {
      this.#holdOverflow();
      await this.sync();
    } finally {
      clearTimeout(this.#timer);
      this.#keys = undefined;
      this.#tail?.close();
      this.#held.close();
    }
  }

  async #syncNow(): Promise<void> {
    const [newest, revision] = [this.#tail?.newest, this.revision];
    const isDirty = this.#isDirty;
    this.#isDirty = false;
    try {
      await this.#held.sync();
      if (!isDirty) return;
      await this.#tail?.syncData();
    } catch (cause) {
      this.#broken = unavailable("cannot be brought to the disk", cause);
      throw this.#broken;
    }
    this.#noteDurable(newest, revision);
  }

  #noteDurable(checkpoint: string | undefined, revision: number): void {
    this.#durable = checkpoint;
    this.#durableRevision = revision;
  }

  #place() {
    const { directory, clock, recordsPerFile = RECORDS_PER_FILE } = this.#options;
    return { directory, log: this.#name, recordsPerFile, clock };
  }

  #flush(): void {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#keys ? this.#room : this.#waiting.length);
      const bodies = batch.map(({ body }) => body);
      try {
        if (!this.#keys) this.#hold(bodies);
        else {
          this.#appendHeld();
          this.#append(bodies);
        }
      } catch (cause) {
        const failure = unavailable("cannot be written", cause);
        // In their order or not at all: a record that came behind another is not there without it.
        for (const { settle } of [...batch, ...this.#waiting.splice(0)]) settle.reject(failure);
        return;
      }
      this.#settle(batch);
    }
  }

  #settle(batch: readonly Waiting[]): void {
    if (this.#options.syncMs > 0) {
      for (const { settle } of batch) settle.resolve();
      this.#timer ??= setTimeout(() => void this.sync().catch(() => {}), this.#options.syncMs);
      return;
    }
    const failed = (reason: unknown) => batch.forEach(({ settle }) => settle.reject(reason));
    this.sync().then(() => batch.forEach(({ settle }) => settle.resolve()), failed);
  }

  #hold(bodies: readonly string[]): void {
    this.#isHeldTorn = true;
    this.#held.add(bodies);
    this.#isHeldTorn = false;
  }

  /** Brings into the log what was held, in its order and before anything else. It is on the disk before it is removed. */
  #appendHeld(): void {
    if (this.#held.isEmpty) return;
    const bodies = this.#held.read();
    if (!bodies) {
      this.#heldTaken = 0;
      return this.#held.abandon();
    }
    while (this.#heldTaken < bodies.length) {
      const part = bodies.slice(this.#heldTaken, this.#heldTaken + this.#room);
      this.#append(part);
      this.#heldTaken += part.length;
    }
    this.#syncTail();
    this.#held.clear();
    this.#heldTaken = 0;
    this.#timer ??= setTimeout(
      () => void this.sync().catch(() => {}),
      this.#options.syncMs,
    );
  }

  /** What is held must not be removed before the log is on the disk. */
  #syncTail(): void {
    try {
      this.#tail?.syncDataSync();
    } catch (cause) {
      throw this.#broken = unavailable("cannot be brought to the disk", cause);
    }
  }

  /** Holds the sums of what found no room: a process that ends keeps nothing in memory. */
  #holdOverflow(): void {
    if (this.#keys || this.#broken) return;
    const cover = this.#options.cover ?? plainly;
    const sums = this.#overflow.takeSums();
    if (sums.length > 0) {
      this.#hold(sums.map((entry) => encodeBody({ kind: "request", entry }, cover)));
    }
  }

  #recordOverflow(): void {
    for (const sum of this.#overflow.takeSums()) {
      this.record({ kind: "request", entry: sum }).catch(() => {});
    }
  }

  get #room(): number {
    return this.#tail?.room ?? 1;
  }

  #append(bodies: readonly string[]): void {
    const [tail, keys] = [this.#tail, this.#keys];
    if (!tail || !keys) throw new Error("The log is not open");
    const records = tail.append(bodies, keys);
    this.#isDirty = true;
    for (const record of records) this.#options.onRecord?.(record);
  }

  #sign(): void {
    if (this.#broken || !this.#keys || !this.#tail) return;
    if (this.#tail.sign(this.#keys)) this.#isDirty = true;
  }
}

function unavailable(what: string, cause: unknown): SpikeError {
  const why = cause instanceof Error ? cause.message : "not an error";
  return new SpikeError("audit_unavailable", `The audit log ${what}: ${why}`, {
    hint: "Look at the disk of the data directory; nothing is served that cannot be recorded",
    cause,
  });
}
