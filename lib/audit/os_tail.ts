import { openCheckpoint, signCheckpoint } from "./checkpoint.ts";
import { leafOf } from "./leaf.ts";
import { checkpointLine, headerLine, recordLine } from "./line.ts";
import { type Before, headerMessage, type Mac, recordMessage } from "./line_mac.ts";
import { Frontier } from "./merkle.ts";
import { movesIn } from "./moves.ts";
import type { Sign } from "./note.ts";
import { nativeHash } from "./os_hash.ts";
import {
  createLogFile,
  logFilePath,
  makeLogDirectory,
  setCurrentLog,
  writeAll,
} from "./os_log_files.ts";
import { type Aside, type Opened, reopenLog } from "./os_reopen.ts";
import { nativeVerifier } from "./os_sign.ts";
import type { OpenLogFile } from "./os_watch.ts";
import { numbered } from "./record.ts";
import type { Expected, Unusable } from "./scan.ts";

/** A record that was changed by somebody who wrote everything else anew, too, is told up to this many records. */
const RECORDS_PER_CHECKPOINT = 64;

/** What proves the end of a log and signs it. */
export interface TailKeys {
  /** Signs with the key of the log. */
  readonly sign: Sign;
  /** Ed25519 public key, 32 bytes (RFC 8032). */
  readonly publicKey: Uint8Array;
  /** Under the line key of the log. */
  readonly mac: Mac;
}

/** Where a log lies, and how it is written. */
export interface TailPlace {
  readonly directory: string;
  readonly log: string;
  readonly recordsPerFile: number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** The state that moves with every record. */
interface State {
  readonly frontier: Frontier;
  readonly revision: number;
  readonly life: string;
  readonly unsigned: number;
  /** What the next record stands behind. */
  readonly before: Before;
}

/** The end of a log: the file that is written to, and the tree up to there. */
export class LogTail {
  readonly #place: TailPlace;
  /** What was set aside when it was opened. */
  readonly aside: readonly Aside[];
  /** Whether it had lines of a version that proves them. */
  readonly wasProved: boolean;
  readonly #wasSigned: boolean;
  #state: State;
  /** Number of the first record of the file. */
  #first: number;
  #file: Deno.FsFile;
  #goodBytes: number;
  #isTorn = false;
  #newest: string | undefined;

  private constructor(place: TailPlace, opened: Opened) {
    const { first, file, wholeBytes, isSigned, isProved, aside, ...state } = opened;
    this.#place = place;
    this.#state = state;
    this.#first = first;
    this.#file = file;
    this.#goodBytes = wholeBytes;
    this.#wasSigned = isSigned;
    this.aside = aside;
    this.wasProved = isProved;
  }

  /** The file that is written to. */
  get openFile(): OpenLogFile {
    const { directory, log } = this.#place;
    const path = logFilePath(directory, log, this.#first);
    return { log, path, file: this.#file, bytes: this.#goodBytes };
  }

  /** The end of a log that is there, as far as it is proved. */
  static reopen(place: TailPlace, keys: TailKeys, expected?: Expected): LogTail | Unusable {
    const verify = nativeVerifier();
    const key = { log: place.log, publicKey: keys.publicKey };
    const opened = reopenLog(place.directory, {
      log: place.log,
      hash: nativeHash,
      openCheckpoint: (note) => openCheckpoint(note, key, verify),
      mac: keys.mac,
      expected,
    });
    return "reason" in opened ? opened : new LogTail(place, opened);
  }

  /** Begins a log. Transactions up to `revision` are not recorded in it. */
  static begin(place: TailPlace, { mac }: TailKeys, revision: number): LogTail {
    makeLogDirectory(place.directory, place.log);
    const state = {
      frontier: new Frontier(0, [], nativeHash),
      revision,
      life: "",
      before: undefined,
    };
    const { file, wholeBytes } = beginFile(place, state, mac);
    setCurrentLog(place.directory, place.log);
    const fresh = { first: 0, isProved: true, unsigned: 0, isSigned: false, aside: [] };
    return new LogTail(place, { ...state, ...fresh, file, wholeBytes });
  }

  get size(): number {
    return this.#state.frontier.size;
  }

  /** Of the last transaction that is recorded. */
  get revision(): number {
    return this.#state.revision;
  }

  /** See `movesIn`. */
  get life(): string {
    return this.#state.life;
  }

  get isWritable(): boolean {
    return !this.#isTorn;
  }

  /** The newest checkpoint that was signed since it was opened. */
  get newest(): string | undefined {
    return this.#newest;
  }

  /** Whether a checkpoint was ever signed. */
  get hasCheckpoints(): boolean {
    return this.#newest !== undefined || this.#wasSigned;
  }

  /** Records that the present file, or a new one, has room for. */
  get room(): number {
    const { recordsPerFile } = this.#place;
    return recordsPerFile - this.size % recordsPerFile;
  }

  /** Writes records, at most as many as there is room for, or throws and writes none. Answers their bytes. */
  append(bodies: readonly string[], keys: TailKeys): Uint8Array[] {
    this.#mend();
    const isFull = this.size > this.#first && this.size % this.#place.recordsPerFile === 0;
    if (isFull) this.#rotate(keys);
    const frontier = this.#state.frontier.copy();
    const [lines, records]: [Uint8Array[], Uint8Array[]] = [[], []];
    let { unsigned, revision, life, before } = this.#state;
    let newest = this.#newest;
    for (const body of bodies) {
      const bytes = numbered(frontier.size, body);
      const leaf = leafOf(bytes, nativeHash);
      before = keys.mac(recordMessage(this.#place.log, frontier, before, leaf));
      lines.push(recordLine(bytes, leaf, before));
      records.push(bytes);
      frontier.append(leaf);
      ({ revision = revision, life = life } = movesIn(bytes));
      if (++unsigned >= RECORDS_PER_CHECKPOINT) {
        newest = this.#checkpointOf(frontier, keys);
        lines.push(checkpointLine(newest));
        unsigned = 0;
        before = undefined;
      }
    }
    this.#write(lines);
    this.#state = { frontier, unsigned, revision, life, before };
    this.#newest = newest;
    return records;
  }

  /** A checkpoint over everything, where it is not signed yet and can be. Whether one was written. */
  sign(keys: TailKeys): boolean {
    if (this.#state.unsigned === 0) return false;
    try {
      this.#mend();
      const newest = this.#checkpointOf(this.#state.frontier, keys);
      this.#write([checkpointLine(newest)]);
      this.#newest = newest;
      this.#state = { ...this.#state, unsigned: 0, before: undefined };
      return true;
    } catch {
      // The records are there; the next checkpoint covers them.
      return false;
    }
  }

  syncData(): Promise<void> {
    return this.#file.syncData();
  }

  syncDataSync(): void {
    this.#file.syncDataSync();
  }

  close(): void {
    this.#file.close();
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
  }

  #checkpointOf(tree: Frontier, { sign, publicKey }: TailKeys): string {
    const { log, clock } = this.#place;
    const checkpoint = { log, size: tree.size, root: tree.root(), timeMs: clock() };
    return signCheckpoint(checkpoint, publicKey, sign);
  }

  /** The full file never changes again: it is on the disk before the next one begins. */
  #rotate(keys: TailKeys): void {
    this.sign(keys);
    this.#file.syncDataSync();
    const { file, wholeBytes } = beginFile(this.#place, this.#state, keys.mac);
    this.#file.close();
    this.#file = file;
    this.#state = { ...this.#state, before: undefined };
    this.#first = this.size;
    this.#goodBytes = wholeBytes;
  }
}

/** A file for what follows, with its header. */
function beginFile(
  { directory, log }: TailPlace,
  { frontier, revision, life }: Pick<State, "frontier" | "revision" | "life">,
  mac: Mac,
): { file: Deno.FsFile; wholeBytes: number } {
  const { size: first, roots } = frontier;
  const header = { log, first, roots, revision, life };
  const line = headerLine(header, mac(headerMessage(header)));
  return { file: createLogFile(directory, log, first, line), wholeBytes: line.length };
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
