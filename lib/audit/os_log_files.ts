/** Where the files of the audit log lie: `<directory>/<log>/<number of the first record>.log`. */

const DIGITS = 12;
const DIRECTORY_MODE = 0o700;
const FILE_MODE = 0o600;
const CURRENT = "current";

/** A file of a log. */
export interface LogFile {
  /** Path of the file. */
  readonly path: string;
  /** Number of its first record. */
  readonly first: number;
}

/** Files of a log, oldest first; none when there is no such log. */
export function listLogFiles(directory: string, log: string): LogFile[] {
  try {
    return [...Deno.readDirSync(`${directory}/${log}`)]
      .filter(({ name, isFile }) => isFile && /^[0-9]{12}\.log$/.test(name))
      .map(({ name }) => ({
        path: `${directory}/${log}/${name}`,
        first: Number(name.slice(0, DIGITS)),
      }))
      .sort((a, b) => a.first - b.first);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** All logs that have a directory here, by name. */
export function listLogs(directory: string): string[] {
  try {
    return [...Deno.readDirSync(directory)]
      .filter(({ name, isDirectory }) => isDirectory && /^[0-9a-f]{32}$/.test(name))
      .map(({ name }) => name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** The log that is written to; undefined before the first. */
export function currentLog(directory: string): string | undefined {
  try {
    const name = Deno.readTextFileSync(`${directory}/${CURRENT}`).trim();
    return /^[0-9a-f]{32}$/.test(name) ? name : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Makes `log` the one that is written to. */
export function setCurrentLog(directory: string, log: string): void {
  replaceFile(`${directory}/${CURRENT}`, new TextEncoder().encode(`${log}\n`));
  syncDirectory(directory);
}

/** Makes the directories of a log, for its owner alone. */
export function makeLogDirectory(directory: string, log: string): void {
  Deno.mkdirSync(`${directory}/${log}`, { recursive: true, mode: DIRECTORY_MODE });
  syncDirectory(directory);
}

/** Path of the file that begins with a record. */
export function logFilePath(directory: string, log: string, first: number): string {
  return `${directory}/${log}/${String(first).padStart(DIGITS, "0")}.log`;
}

/** Makes a file with a first line, durably, and leaves it open for appending. */
export function createLogFile(
  directory: string,
  log: string,
  first: number,
  header: Uint8Array,
): Deno.FsFile {
  const path = logFilePath(directory, log, first);
  const file = Deno.openSync(path, { append: true, create: true, mode: FILE_MODE });
  try {
    file.truncateSync(0);
    writeAll(file, header);
    file.syncSync();
    syncDirectory(`${directory}/${log}`);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Writes all of `bytes`, or throws. */
export function writeAll(
  file: { writeSync(bytes: Uint8Array): number },
  bytes: Uint8Array,
): void {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(file.writeSync(rest));
}

/** Puts new content in the place of a file's, so that a crash leaves one or the other. */
export function replaceFile(path: string, bytes: Uint8Array): void {
  const beside = `${path}.new`;
  const file = Deno.openSync(beside, {
    write: true,
    create: true,
    truncate: true,
    mode: FILE_MODE,
  });
  try {
    writeAll(file, bytes);
    file.syncSync();
  } finally {
    file.close();
  }
  Deno.renameSync(beside, path);
}

/** Renames a file to the name given, or one like it where another file has that. Answers the new path. */
export function moveAside(path: string, wanted: string): string {
  for (let i = 0;; i++) {
    const name = i === 0 ? wanted : `${wanted}-${i}`;
    if (isThere(name)) continue;
    Deno.renameSync(path, name);
    return name;
  }
}

/** Whether anything has this name. */
export function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function syncDirectory(path: string): void {
  const directory = Deno.openSync(path, { read: true });
  try {
    directory.syncSync();
  } finally {
    directory.close();
  }
}
