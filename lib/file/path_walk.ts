import { posix } from "node:path";

/** Facts of `lstat` about one component of a path; links are not followed. */
export interface PathFacts {
  /** Type of the file; `other` is a pipe, a socket or a device. */
  readonly kind: "directory" | "link" | "file" | "other";
  /** Permission bits, with the sticky bit. */
  readonly mode: number;
  /** User id of the owner. */
  readonly uid: number;
  /** Group id. */
  readonly gid: number;
}

/** Access to the file system; tests pass their own. */
export interface PathView {
  /** Undefined if the path does not exist. */
  lstat(path: string): PathFacts | undefined;
  /** Target of a symbolic link, as written. */
  readLink(path: string): string;
  /** User id of this process; null on systems without user ids. */
  readonly uid: number | null;
  /** Group that nobody else is in, of the volume on which a path lies; that of the machine by default. */
  volumeGroup?(path: string): number | null;
}

/** A component of a path. */
export interface PathStep {
  /** Absolute; all links before the last name are resolved. */
  readonly path: string;
  /** Absent if the component does not exist. */
  readonly facts?: PathFacts;
  /** Facts of the directory that contains it; absent for a direct child of the root. */
  readonly parent?: PathFacts;
  /** Whether no further component follows. */
  readonly isLast: boolean;
}

/** The limit of Linux. */
const MOST_LINKS = 40;

/**
 * Yields every component of an absolute path from the root on, including links and their targets. Components after a
 * missing one are yielded as written.
 */
export function* walkPath(given: string, view: PathView): Generator<PathStep> {
  const names = namesOf(given);
  const known = new Map<string, PathFacts>();
  let at = "/";
  let links = 0;
  for (let name = names.shift(); name !== undefined; name = names.shift()) {
    if (name === "..") {
      at = posix.dirname(at);
      continue;
    }
    const path = posix.join(at, name);
    const facts = view.lstat(path);
    const parent = known.get(at);
    if (facts) known.set(path, facts);
    yield { path, ...(facts && { facts }), ...(parent && { parent }), isLast: names.length === 0 };
    if (facts?.kind !== "link" || ++links > MOST_LINKS) {
      at = path;
      continue;
    }
    const target = view.readLink(path);
    if (target.startsWith("/")) at = "/";
    names.unshift(...namesOf(target));
  }
}

function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}

/** Makes a path absolute. `..` stays, because its meaning depends on links. */
export function absolutePath(path: string): string {
  return path.startsWith("/") ? path : `${Deno.cwd()}/${path}`;
}

const DEVICES: PathFacts = { kind: "directory", mode: 0o755, uid: 0, gid: 0 };

/** The real file system. */
export function realPathView(): PathView {
  return {
    uid: Deno.uid(),
    lstat(path) {
      try {
        const { isDirectory, isSymlink, isFile, mode, uid, gid } = Deno.lstatSync(path);
        const kind = isSymlink ? "link" : isDirectory ? "directory" : isFile ? "file" : "other";
        return { kind, mode: (mode ?? 0) & 0o7777, uid: uid ?? 0, gid: gid ?? 0 };
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return undefined;
        if (error instanceof Deno.errors.NotADirectory) return undefined;
        // The runtime denies access to /dev but not to all of its entries.
        if (path === "/dev" && error instanceof Deno.errors.NotCapable) return DEVICES;
        throw error;
      }
    },
    readLink: (path) => Deno.readLinkSync(path),
  };
}

/** Whether a component belongs to this user or to root. */
export function isTrusted({ uid }: PathFacts, view: PathView): boolean {
  return uid === 0 || uid === view.uid;
}

/** Whether a directory is shared and sticky like /tmp: other users may write but not remove foreign entries. */
export function isSticky({ mode }: PathFacts): boolean {
  return (mode & 0o1000) !== 0 && (mode & 0o022) !== 0;
}
