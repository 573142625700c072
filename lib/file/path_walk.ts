import { posix } from "node:path";

/** What one component of a path is, links not followed. */
export interface PathFacts {
  readonly kind: "directory" | "link" | "file" | "other";
  /** Permission bits, with the sticky bit. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** How this machine is asked. */
export interface PathView {
  /** Undefined when there is nothing. */
  lstat(path: string): PathFacts | undefined;
  readLink(path: string): string;
  /** User of this process; null where there are none. */
  readonly uid: number | null;
  /** Group that nobody else is in, of the volume on which a path lies; that of the machine by default. */
  volumeGroup?(path: string): number | null;
}

/** A component of a path. */
export interface PathStep {
  /** Without links before its last name. */
  readonly path: string;
  /** Absent when there is nothing. */
  readonly facts?: PathFacts;
  /** Of the directory that it is in; absent for the root. */
  readonly parent?: PathFacts;
  readonly isLast: boolean;
}

/** As Linux does. */
const MOST_LINKS = 40;

/**
 * Every component of an absolute path from the root on, links and what they lead to included. After one that does not
 * exist, the others are taken as they are written.
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

/** A path from the root on. What `..` leads to depends on links, so that nothing is shortened. */
export function absolutePath(path: string): string {
  return path.startsWith("/") ? path : `${Deno.cwd()}/${path}`;
}

const DEVICES: PathFacts = { kind: "directory", mode: 0o755, uid: 0, gid: 0 };

/** The machine itself. */
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
        // The runtime closes it, but not all that is in it.
        if (path === "/dev" && error instanceof Deno.errors.NotCapable) return DEVICES;
        throw error;
      }
    },
    readLink: (path) => Deno.readLinkSync(path),
  };
}

/** Whether a component belongs to this user or to the system. */
export function isTrusted({ uid }: PathFacts, view: PathView): boolean {
  return uid === 0 || uid === view.uid;
}

/** Whether a directory is one like /tmp: everybody may write, and nobody may remove what belongs to others. */
export function isSticky({ mode }: PathFacts): boolean {
  return (mode & 0o1000) !== 0 && (mode & 0o022) !== 0;
}
