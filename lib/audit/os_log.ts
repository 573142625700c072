import { SpikeError } from "../api/error.ts";
import { signCheckpoint } from "./checkpoint.ts";
import type { AuditEntry } from "./entry.ts";
import { checkpointLine, headerLine, recordLine } from "./line.ts";
import { Frontier, leafHash } from "./merkle.ts";
import type { Sign } from "./note.ts";
import { nativeHash } from "./os_hash.ts";
import {
  createLogFile,
  currentLog,
  listLogs,
  logFilePath,
  makeLogDirectory,
  setCurrentLog,
  writeAll,
} from "./os_log_files.ts";
import { type Cut, type Opened, reopenLog } from "./os_reopen.ts";
import type { OpenLogFile } from "./os_watch.ts";
import { type Cover, encodeRecord, plainly } from "./record.ts";
import type { Expected, Unusable } from "./scan.ts";

/** How many records a file holds: a full subtree, so that its root never changes again. */
export const RECORDS_PER_FILE = 65_536;
/** A record that was changed by somebody who wrote everything else anew, too, is told up to this many records. */
const RECORDS_PER_CHECKPOINT = 64;
const FRESH = { unsigned: 0, isSigned: false };

/** What a log is made with. */
export interface AuditLogOptions {
  /** Where logs lie; made when it is not there. */
  readonly directory: string;
  /** How long a record may wait until it is on the disk; 0: none is answered for before. */
  readonly syncMs: number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly random: (bytes: number) => Uint8Array;
  /** Default {@linkcode RECORDS_PER_FILE}. */
  readonly recordsPerFile?: number;
  /** Covers what is recorded before there are keys. Default: nothing is covered. */
  readonly cover?: Cover;
  /** Gets every record as it is written. Must not throw. */
  readonly onRecord?: (record: Uint8Array) => void;
}

/** What a log needs of the store's keys. */
export interface LogKeys {
  readonly sign: Sign;
  readonly publicKey: Uint8Array;
  readonly cover: Cover;
}

interface Waiting {
  readonly entry: AuditEntry;
  readonly settle: PromiseWithResolvers<void>;
}

/**
 * The audit log of one process: appends records to files, in groups, and signs checkpoints once it has a key.
 *
 * Life: opened (what was being written when the process ended, or the power failed, is cut off) → records → keys given → records and
 * checkpoints → closed. When a write fails, its records are refused and the file is cut back; the next one tries
 * again. When a sync fails, nothing is taken any more: what is on the disk is not known.
 */
export class AuditLog {
  readonly name: string;
  /** What was cut off and put aside when it was opened. */
  readonly cut: Cut | undefined;
  readonly #options: AuditLogOptions;
  readonly #recordsPerFile: number;
  /** Number of the first record of the file that is open. */
  #first: number;
  #file: Deno.FsFile;
  #frontier: Frontier;
  #revision: number;
  #unsigned: number;
  #goodBytes: number;
  #isTorn = false;
  readonly #wasSigned: boolean;
  #keys: LogKeys | undefined;
  #broken: SpikeError | undefined;
  #waiting: Waiting[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #syncing: Promise<void> | undefined;
  #isDirty = false;
  /** Signed, but maybe not on the disk yet. */
  #newest: string | undefined;
  #durable: string | undefined;
  #durableRevision = 0;

  private constructor(name: string, options: AuditLogOptions, opened: Opened) {
    this.name = name;
    this.cut = opened.cut;
    this.#options = options;
    this.#recordsPerFile = options.recordsPerFile ?? RECORDS_PER_FILE;
    this.#first = opened.first;
    this.#file = opened.file;
    this.#frontier = opened.frontier;
    this.#revision = opened.revision;
    this.#unsigned = opened.unsigned;
    this.#wasSigned = opened.isSigned;
    this.#goodBytes = opened.wholeBytes;
  }

  /**
   * Goes on with the present log, or begins one where there is none. A log that is damaged, or that does not lead to
   * the tree head that is expected of it, stays as it is: answers why.
   */
  static open(
    options: AuditLogOptions,
    expected?: (log: string) => Expected | undefined,
  ): AuditLog | Unusable {
    const name = currentLog(options.directory);
    if (name === undefined) return AuditLog.begin(options, 0);
    const opened = reopenLog(options.directory, name, expected?.(name));
    return "reason" in opened ? opened : new AuditLog(name, options, opened);
  }

  /** Begins a new log. Transactions up to `revision` are known to an older one. */
  static begin(options: AuditLogOptions, revision: number): AuditLog {
    const name = options.random(16).toHex();
    makeLogDirectory(options.directory, name);
    const header = headerLine({ log: name, first: 0, roots: [], revision });
    const file = createLogFile(options.directory, name, 0, header);
    setCurrentLog(options.directory, name);
    const frontier = new Frontier(0, [], nativeHash);
    const opened = { first: 0, file, frontier, revision, ...FRESH, wholeBytes: header.length };
    return new AuditLog(name, options, opened);
  }

  /** Which of these logs have no directory here. */
  static missing(
    { directory }: Pick<AuditLogOptions, "directory">,
    names: readonly string[],
  ): string[] {
    const here = new Set(listLogs(directory));
    return names.filter((name) => !here.has(name));
  }

  /** Whether a checkpoint of it was ever signed. */
  get hasCheckpoints(): boolean {
    return this.#newest !== undefined || this.#wasSigned;
  }

  /** How many records there are. */
  get size(): number {
    return this.#frontier.size;
  }

  /** Of the last transaction that is recorded and on the disk. */
  get durableRevision(): number {
    return this.#durableRevision;
  }

  /** Of the last transaction that is recorded. */
  get revision(): number {
    return this.#revision;
  }

  /** The newest checkpoint over records that are all on the disk. */
  get checkpoint(): string | undefined {
    return this.#durable;
  }

  /** What it is written to, for those who watch its files. */
  get openFile(): OpenLogFile {
    const path = logFilePath(this.#options.directory, this.name, this.#first);
    return { log: this.name, path, file: this.#file, bytes: this.#goodBytes };
  }

  /** Whether the last record could be written. */
  get isWritable(): boolean {
    return this.#broken === undefined && !this.#isTorn;
  }

  /** From now on checkpoints are signed, and covered texts are hashed. */
  useKeys(keys: LogKeys): void {
    this.#keys = keys;
  }

  /** Signs nothing any more. */
  dropKeys(): void {
    this.#keys = undefined;
  }

  /** Takes a record. Resolves once it will outlive the process; rejects with `audit_unavailable`. */
  record(entry: AuditEntry): Promise<void> {
    if (this.#broken) return Promise.reject(this.#broken);
    const settle = Promise.withResolvers<void>();
    if (this.#waiting.push({ entry, settle }) === 1) setImmediate(() => this.#flush());
    return settle.promise;
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
    if (!this.#isDirty) return;
    this.#syncing = this.#syncNow().finally(() => this.#syncing = undefined);
    await this.#syncing;
  }

  /** Syncs, and closes the file. */
  async close(): Promise<void> {
    try {
      await this.sync();
    } finally {
      clearTimeout(this.#timer);
      this.#file.close();
    }
  }

  async #syncNow(): Promise<void> {
    const [newest, revision] = [this.#newest, this.#revision];
    this.#isDirty = false;
    try {
      await this.#file.syncData();
    } catch (cause) {
      this.#broken = unavailable("cannot be brought to the disk", cause);
      throw this.#broken;
    }
    this.#durable = newest;
    this.#durableRevision = revision;
  }

  #flush(): void {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#room());
      try {
        this.#append(batch);
      } catch (cause) {
        const failure = unavailable("cannot be written", cause);
        for (const { settle } of batch) settle.reject(failure);
        continue;
      }
      if (this.#options.syncMs > 0) {
        for (const { settle } of batch) settle.resolve();
        this.#timer ??= setTimeout(() => void this.sync().catch(() => {}), this.#options.syncMs);
      } else {
        const failed = (reason: unknown) => batch.forEach(({ settle }) => settle.reject(reason));
        this.sync().then(() => batch.forEach(({ settle }) => settle.resolve()), failed);
      }
    }
  }

  /** Records that the present file, or a new one, has room for. */
  #room(): number {
    return this.#recordsPerFile - this.#frontier.size % this.#recordsPerFile;
  }

  #append(batch: readonly Waiting[]): void {
    this.#mend();
    if (this.#frontier.size - this.#first >= this.#recordsPerFile) this.#rotate();
    const frontier = this.#frontier.copy();
    const cover = this.#keys?.cover ?? this.#options.cover ?? plainly;
    const [lines, records]: [Uint8Array[], Uint8Array[]] = [[], []];
    let [unsigned, revision, newest] = [this.#unsigned, this.#revision, this.#newest];
    for (const { entry } of batch) {
      const bytes = encodeRecord(frontier.size, entry, cover);
      const leaf = leafHash(bytes, nativeHash);
      frontier.append(leaf);
      lines.push(recordLine(bytes, leaf));
      records.push(bytes);
      revision = revisionAfter(entry) ?? revision;
      if (++unsigned >= RECORDS_PER_CHECKPOINT && this.#keys) {
        newest = this.#checkpointOf(frontier, this.#keys);
        lines.push(checkpointLine(newest));
        unsigned = 0;
      }
    }
    this.#write(lines);
    this.#frontier = frontier;
    [this.#unsigned, this.#revision, this.#newest] = [unsigned, revision, newest];
    for (const record of records) this.#options.onRecord?.(record);
  }

  /** Takes back what a failed write may have left. */
  #mend(): void {
    if (!this.#isTorn) return;
    this.#file.truncateSync(this.#goodBytes);
    this.#isTorn = false;
  }

  #write(lines: readonly Uint8Array[]): void {
    const bytes = joined(lines);
    this.#isTorn = true;
    writeAll(this.#file, bytes);
    this.#isTorn = false;
    this.#goodBytes += bytes.length;
    this.#isDirty = true;
  }

  /** A checkpoint over everything, where it is not signed yet and can be. */
  #sign(): void {
    if (this.#broken || !this.#keys || this.#unsigned === 0) return;
    try {
      this.#mend();
      const newest = this.#checkpointOf(this.#frontier, this.#keys);
      this.#write([checkpointLine(newest)]);
      [this.#newest, this.#unsigned] = [newest, 0];
    } catch {
      // The records are there; the next checkpoint covers them.
    }
  }

  #checkpointOf(tree: Frontier, { sign, publicKey }: LogKeys): string {
    const { size } = tree;
    const checkpoint = { log: this.name, size, root: tree.root(), timeMs: this.#options.clock() };
    return signCheckpoint(checkpoint, publicKey, sign);
  }

  /** The full file never changes again: it is on the disk before the next one begins. */
  #rotate(): void {
    this.#sign();
    this.#file.syncDataSync();
    const header = headerLine({
      log: this.name,
      first: this.#frontier.size,
      roots: this.#frontier.roots,
      revision: this.#revision,
    });
    const file = createLogFile(this.#options.directory, this.name, this.#frontier.size, header);
    this.#file.close();
    this.#file = file;
    this.#first = this.#frontier.size;
    this.#goodBytes = header.length;
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function revisionAfter(audit: AuditEntry): number | undefined {
  if (audit.kind === "change") return audit.entry.revision;
  const isBack = audit.kind === "notice" && audit.entry.event === "store_rolled_back";
  return isBack ? Number(audit.entry.detail.to) : undefined;
}

function unavailable(what: string, cause: unknown): SpikeError {
  const why = cause instanceof Error ? cause.message : "not an error";
  return new SpikeError("audit_unavailable", `The audit log ${what}: ${why}`, {
    hint: "Look at the disk of the data directory; nothing is served that cannot be recorded",
    cause,
  });
}
