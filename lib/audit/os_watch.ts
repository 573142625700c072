import { listLogFiles } from "./os_log_files.ts";

/** Change of a log file while its process ran. */
export type FileChange = "removed" | "replaced" | "truncated";

/** A log file that was changed outside its process. */
export interface ChangedFile {
  /** Name of the log: 32 hex digits. */
  readonly log: string;
  /** Name below the directory of the logs. */
  readonly file: string;
  /** What happened to the file. */
  readonly change: FileChange;
}

/** The file that a log is written to. */
export interface OpenLogFile {
  /** Name of the log: 32 hex digits. */
  readonly log: string;
  /** Path under which the file was opened. */
  readonly path: string;
  /** The open file. */
  readonly file: Pick<Deno.FsFile, "statSync">;
  /** As many as were written. */
  readonly bytes: number;
}

/** State of a file at the last check. */
interface Known {
  readonly log: string;
  readonly dev: number;
  readonly ino: number | null;
  readonly bytes: number;
}

/**
 * Looks at the files of a log again and again: a process that has a file open does not notice by itself that its name
 * is gone or stands for another file, and one that appends does not notice that what was before is cut off.
 */
export class LogWatch {
  readonly #directory: string;
  readonly #known = new Map<string, Known>();

  /** Watches the log files in `directory`. */
  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Files that are changed now. A restored file is not. */
  look(open: OpenLogFile | undefined): ChangedFile[] {
    if (open) this.#learn(open);
    return [...this.#known].flatMap(([path, known]) => {
      const change = changeOf(path, known);
      const file = path.slice(this.#directory.length + 1);
      return change ? [{ log: known.log, file, change }] : [];
    });
  }

  /** Announces that the process itself is about to rewrite `path`; the new file is then the expected one. */
  forget(path: string): void {
    this.#known.delete(path);
  }

  /** A file that is open counts as what was written to it; a full one as what it is when it is first seen. */
  #learn({ log, path, file, bytes }: OpenLogFile): void {
    const { dev, ino } = file.statSync();
    this.#known.set(path, { log, dev, ino, bytes });
    for (const { path: each } of listLogFiles(this.#directory, log)) {
      const found = this.#known.has(each) ? undefined : statIfThere(each);
      if (found) this.#known.set(each, { log, dev: found.dev, ino: found.ino, bytes: found.size });
    }
  }
}

function changeOf(path: string, { dev, ino, bytes }: Known): FileChange | undefined {
  const found = statIfThere(path);
  if (!found) return "removed";
  if (found.dev !== dev || found.ino !== ino) return "replaced";
  return found.size < bytes ? "truncated" : undefined;
}

function statIfThere(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
