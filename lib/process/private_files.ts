import { SpikeError } from "../error/error.ts";
import { volumeGroupOf } from "../file/volume_group.ts";

/** Properties of a file. */
export interface FileFacts {
  readonly isDirectory: boolean;
  /** Permission bits; null where there are none. */
  readonly mode: number | null;
  /** Owner; null where there is none. */
  readonly uid: number | null;
  /** Group; null or absent where there is none. */
  readonly gid?: number | null;
}

/** How this machine is asked. */
export interface FileView {
  /** Undefined when there is nothing. Follows links, since their target decides. */
  stat(path: string): FileFacts | undefined;
  /** Names in a directory that exists. */
  list(path: string): readonly string[];
  /** User of this process; null where there is none. */
  readonly uid: number | null;
  /** Group that nobody else is in, of the volume on which a path lies. */
  volumeGroup?(path: string): number | null;
}

/** A file of a server, and its kind. */
export interface PrivateFiles {
  /** Of the SVID. */
  readonly keyFile?: string | undefined;
  readonly settingsFile?: string | undefined;
  /** With the database and the audit log. It need not exist yet. */
  readonly dataDir?: string | undefined;
}

/** A file that others may read and ought not to. */
export interface LooseFile {
  readonly path: string;
  /** In octal digits. */
  readonly mode: string;
  readonly command: string;
}

/** Write permission allows replacing the file, read permission copying it. */
const OTHERS_WRITE = 0o022;
const OTHERS = 0o077;
const WORLD = 0o007;

/**
 * Checks the files that a server depends on, before it uses them. A file that others can change, or a private key that
 * they can read, fails the start; other files that they can read are answered, to be logged.
 *
 * @throws SpikeError `config_invalid` with a command that fixes it
 */
export function inspectFiles(files: PrivateFiles, view: FileView = realView()): LooseFile[] {
  const { keyFile, settingsFile, dataDir } = files;
  if (keyFile !== undefined) requirePrivateKey(keyFile, view);
  if (settingsFile !== undefined) requireUnchanged("Settings file", settingsFile, view);
  return dataDir === undefined ? [] : inspectDirectory(dataDir, view);
}

/**
 * As PostgreSQL does: root may hold a key for a group to read, which is how it is mounted into containers that run as
 * another user.
 */
function requirePrivateKey(path: string, view: FileView): void {
  const facts = view.stat(path);
  if (!facts || facts.mode === null) return;
  const isOfRoot = facts.uid === 0 && view.uid !== 0;
  const excess = facts.mode & (isOfRoot ? WORLD | OTHERS_WRITE : OTHERS);
  if (excess === 0) return requireOwner("Private key", path, facts, view);
  throw tooOpen("Private key", path, facts.mode, `chmod ${octal(facts.mode & ~excess)} ${path}`);
}

function requireUnchanged(what: string, path: string, view: FileView): FileFacts | undefined {
  const facts = view.stat(path);
  if (!facts) return undefined;
  const { mode, gid } = facts;
  const writers = (mode ?? 0) & OTHERS_WRITE;
  // An orchestrator opens all that is on a volume to its group, each time that it mounts it.
  const isOfVolume = writers === 0o020 && gid !== null && gid !== undefined &&
    gid === view.volumeGroup?.(path);
  if (mode !== null && writers !== 0 && !isOfVolume) {
    throw tooOpen(what, path, mode, `chmod go-w ${path}`);
  }
  requireOwner(what, path, facts, view);
  return facts;
}

function requireOwner(what: string, path: string, { uid }: FileFacts, view: FileView): void {
  if (uid === null || view.uid === null || uid === view.uid || uid === 0 || view.uid === 0) return;
  throw new SpikeError(
    "config_invalid",
    `${what} ${path} belongs to user ${uid}, and this process runs as ${view.uid}`,
    { hint: `chown ${view.uid} ${path}` },
  );
}

/** A file in a directory that other users cannot enter is private, whatever its own mode is. */
function inspectDirectory(dir: string, view: FileView): LooseFile[] {
  const facts = requireUnchanged("Data directory", dir, view);
  if (facts && !facts.isDirectory) {
    throw new SpikeError("config_invalid", `Data directory ${dir} is not a directory`, {
      hint: "Name a directory that this process may write to",
    });
  }
  if (!facts || facts.mode === null || (facts.mode & OTHERS) === 0) return [];
  const loose: LooseFile[] = [looseFile(dir, facts.mode)];
  const look = (directory: string): void => {
    for (const name of view.list(directory)) {
      const path = `${directory}/${name}`;
      const found = requireUnchanged("File", path, view);
      if (!found || found.mode === null) continue;
      if ((found.mode & OTHERS) !== 0) loose.push(looseFile(path, found.mode));
      if (found.isDirectory && (found.mode & OTHERS) !== 0) look(path);
    }
  };
  look(dir);
  return loose;
}

function looseFile(path: string, mode: number): LooseFile {
  return { path, mode: octal(mode), command: `chmod go-rwx ${path}` };
}

function tooOpen(what: string, path: string, mode: number, command: string): SpikeError {
  return new SpikeError(
    "config_invalid",
    `${what} ${path} is open to others: mode ${octal(mode)}`,
    {
      hint: command,
    },
  );
}

function octal(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, "0");
}

function realView(): FileView {
  return {
    uid: Deno.uid(),
    stat(path) {
      try {
        const { isDirectory, mode, uid, gid } = Deno.statSync(path);
        return { isDirectory, mode, uid, gid };
      } catch (error) {
        // Opening it fails later with the reason.
        if (error instanceof Deno.errors.NotFound) return undefined;
        if (error instanceof Deno.errors.PermissionDenied) return undefined;
        throw error;
      }
    },
    volumeGroup: volumeGroupOf,
    list: (path) => [...Deno.readDirSync(path)].map(({ name }) => name).sort(),
  };
}
