import { SpikeError } from "../error/error.ts";
import type { Call } from "../audit/mod.ts";
import { type BackupManifest, signManifest } from "./manifest.ts";
import type { Copied } from "./os_copy.ts";
import { BACKUP_MARK, encodeNote, type LastBackup } from "./restored.ts";
import type { RandomSource } from "../seal/mod.ts";
import type { Store } from "../store/mod.ts";
import type { Logger } from "../telemetry/mod.ts";
import { VERSION } from "../version.ts";
import type { Auditing } from "../audit_store/auditing.ts";
import type { BackupBegun, BackupPort } from "./backup_port.ts";
import type { Copier } from "./copier.ts";
import { onBehalf } from "../audit_store/on_behalf.ts";
import type { Serial } from "../async/serial.ts";

export interface BackupOptions {
  /** Records who confirms. */
  readonly store: Store;
  readonly auditing: Pick<Auditing, "attest">;
  /** The database file. */
  readonly source: string;
  /** Where the copy lies while it is read. */
  readonly directory: string;
  readonly copy: Copier;
  /** Runs copies and what cannot run during one in turn; see `forgetInTurn`. */
  readonly inTurn: Serial;
  readonly random: RandomSource;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  readonly log: Logger;
  /** The last backup that arrived, before this process. */
  readonly known?: LastBackup;
  /** A copy that is not read for so many milliseconds is removed. Default: a minute. */
  readonly patienceMs?: number;
}

const PIECE_BYTES = 256 * 1024;
const PATIENCE_MS = 60_000;
const DRAFT = /^backup-[0-9a-f]{32}\.draft(-journal|-wal|-shm)?$/;

interface Present {
  readonly path: string;
  readonly file: Deno.FsFile;
  timer: ReturnType<typeof setTimeout>;
}

/**
 * Makes backups, one at a time: a copy of the database in a file of its own, which is read in pieces and then removed.
 * The caller cannot choose where it is stored.
 */
export class Backups {
  readonly #options: BackupOptions;
  #present: { readonly id: string; copy?: Present } | undefined;
  /** The last that was made. */
  #last: LastBackup | undefined;
  #arrived: LastBackup | undefined;
  #making: Promise<BackupBegun> | undefined;
  readonly #stopping = new AbortController();

  constructor(options: BackupOptions) {
    this.#options = options;
    this.#arrived = options.known;
    sweep(options.directory);
  }

  /** The last that is in hand, whole. */
  get arrived(): LastBackup | undefined {
    return this.#arrived;
  }

  /** What other threads call as well. */
  get port(): BackupPort {
    return {
      beginBackup: (request) => this.#begin(request),
      readBackup: (request) => this.#read(request),
      endBackup: (request) => this.#end(request),
      confirmBackup: onBehalf((request) => this.#confirm(request)),
    };
  }

  #begin(request: { call: Call }): Promise<BackupBegun> {
    if (this.#present) {
      const hint = "Wait for its end";
      return Promise.reject(
        new SpikeError("entity_conflict", "A backup is under way already", { hint }),
      );
    }
    return this.#making = this.#prepare(request);
  }

  async #prepare({ call }: { call: Call }): Promise<BackupBegun> {
    const { directory, random, log } = this.#options;
    const id = random(16).toHex();
    const present: { readonly id: string; copy?: Present } = { id };
    this.#present = present;
    const path = `${directory}/backup-${id}.draft`;
    try {
      const manifest = await this.#make(path);
      const { file, store } = manifest.manifest;
      const opened = await Deno.open(path, { read: true });
      present.copy = { path, file: opened, timer: this.#patience(id) };
      this.#last = {
        atMs: manifest.manifest.createdAtMs,
        revision: store.revision,
        bytes: file.bytes,
        sha256: file.sha256,
      };
      log.warn("backup_made", { by: call.id, bytes: file.bytes, sha256: file.sha256 });
      return { id, manifest: manifest.note, bytes: file.bytes, sha256: file.sha256 };
    } catch (error) {
      this.#present = undefined;
      removeDraft(path);
      throw error;
    }
  }

  async #read({ id, at }: { id: string; at: number }): Promise<Uint8Array> {
    const copy = this.#present?.id === id ? this.#present.copy : undefined;
    if (!copy) {
      throw new SpikeError("store_failure", "The copy of the database was removed", {
        hint: "It was not read for too long; repeat the backup",
      });
    }
    clearTimeout(copy.timer);
    try {
      const piece = new Uint8Array(PIECE_BYTES);
      await copy.file.seek(at, Deno.SeekMode.Start);
      return piece.subarray(0, await copy.file.read(piece) ?? 0);
    } finally {
      if (this.#present?.copy === copy) copy.timer = this.#patience(id);
    }
  }

  #end({ id }: { id: string }): Promise<void> {
    if (this.#present?.id !== id || !this.#present.copy) return Promise.resolve();
    const { path, file, timer } = this.#present.copy;
    this.#present = undefined;
    clearTimeout(timer);
    file.close();
    removeDraft(path);
    return Promise.resolve();
  }

  async #confirm({ sha256 }: { sha256: string }): Promise<void> {
    const last = this.#last;
    if (last?.sha256 !== sha256) {
      throw new SpikeError("api_bad_request", "The last backup has another digest", {
        hint: "Only the last one that this process made can be confirmed",
      });
    }
    await this.#options.store.write((tx) => tx.putMark(BACKUP_MARK, encodeNote(last)));
    this.#arrived = last;
  }

  /** Cancels a running copy and removes what was written of it. */
  async close(): Promise<void> {
    this.#stopping.abort();
    await this.#making?.catch(() => {});
    if (this.#present) await this.#end(this.#present);
  }

  async #make(path: string): Promise<{ manifest: BackupManifest; note: string }> {
    const { auditing, clock, copy, inTurn, source } = this.#options;
    // Before the copy, so that the copy holds everything that the checkpoint covers.
    const { key, sign, checkpoint } = await auditing.attest();
    const createdAtMs = clock();
    const released = Promise.withResolvers<void>();
    const begin = async (): Promise<{ readonly copying: Promise<Copied> }> => {
      const watch = { onReleased: released.resolve, stopping: this.#stopping.signal };
      const copying = copy({ source, target: path }, watch);
      await Promise.race([released.promise, copying]);
      return { copying };
    };
    const copied = await (await inTurn(begin)).copying;
    const manifest = { ...copied, createdAtMs, spike: VERSION, checkpoint, key };
    return { manifest, note: signManifest(manifest, sign) };
  }

  #patience(id: string): ReturnType<typeof setTimeout> {
    const { log, patienceMs = PATIENCE_MS } = this.#options;
    return setTimeout(() => {
      log.warn("backup_abandoned", { patienceMs });
      void this.#end({ id });
    }, patienceMs);
  }
}

/** Removes leftovers of a process that ended during a backup. */
function sweep(directory: string): void {
  for (const { name } of [...Deno.readDirSync(directory)]) {
    if (DRAFT.test(name)) Deno.removeSync(`${directory}/${name}`);
  }
}

function removeDraft(path: string): void {
  for (const end of ["", "-journal", "-wal", "-shm"]) {
    try {
      Deno.removeSync(path + end);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/**
 * Makes removals wait for a running copy: while its snapshot is in use the log of the database
 * cannot be cut. Answers the same store.
 */
export function forgetInTurn(store: Store, inTurn: Serial): Store {
  const forget = store.forgetRemoved.bind(store);
  store.forgetRemoved = () => inTurn(forget);
  return store;
}
