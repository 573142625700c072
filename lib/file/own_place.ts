import { SpikeError } from "../error/error.ts";
import {
  absolutePath,
  isSticky,
  isTrusted,
  type PathStep,
  type PathView,
  realPathView,
  walkPath,
} from "./path_walk.ts";
import { volumeGroupOf } from "./volume_group.ts";

/**
 * Rejects a directory for secrets that another user could replace: every component of its path, and every link on the
 * way, must belong to this user or to root, and no other user may write there. A sticky directory such as /tmp is
 * accepted on the way, because other users cannot remove this user's entries. Missing components are accepted.
 *
 * @throws {SpikeError} config_invalid naming the component
 */
export function requireOwnPlace(given: string, view: PathView = realPathView()): void {
  for (const step of walkPath(absolutePath(given), view)) requireOwn(step, given, view);
}

/**
 * Creates a directory with mode 0700, and its missing parents, under the conditions of {@linkcode requireOwnPlace}. A
 * directory that another process creates at the same time is checked like any other.
 *
 * @throws {SpikeError} config_invalid naming the component
 * @throws {Deno.errors.NotADirectory} if a file is on the way
 */
export function makeOwnDirectory(given: string, view: PathView = realPathView()): void {
  for (const step of walkPath(absolutePath(given), view)) {
    const isThere = step.facts?.kind === "directory" || step.facts?.kind === "link";
    if (isThere) requireOwn(step, given, view);
    else makeOne(step, given, view);
  }
}

function makeOne(step: PathStep, given: string, view: PathView): void {
  try {
    Deno.mkdirSync(step.path, { mode: 0o700 });
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    const facts = view.lstat(step.path);
    if (facts?.kind === "file" || facts?.kind === "other") {
      throw notADirectory(step.path);
    }
    if (facts?.kind === "link") throw unsafe(given, `${step.path} has become a link`);
    requireOwn({ ...step, ...(facts && { facts }) }, given, view);
  }
}

/** The same error as the operating system reports. */
function notADirectory(path: string): Error {
  const message = `Not a directory (os error 20): mkdir '${path}'`;
  return Object.assign(new Deno.errors.NotADirectory(message), { code: "ENOTDIR" });
}

function requireOwn({ path, facts, isLast }: PathStep, given: string, view: PathView): void {
  if (!facts || view.uid === null) return;
  const what = facts.kind === "link" ? "link" : facts.kind === "directory" ? "directory" : "file";
  if (!isTrusted(facts, view)) {
    throw unsafe(
      given,
      `${what} ${path} belongs to user ${facts.uid}, this process runs as ${view.uid}`,
    );
  }
  if (facts.kind !== "directory" || !mayOthersWrite(facts, view)) return;
  if ((facts.mode & 0o002) === 0 && facts.gid === (view.volumeGroup ?? volumeGroupOf)(path)) return;
  // This program restricts the mode of the last component if this user owns it.
  if (isLast ? facts.uid === view.uid && !isSticky(facts) : isSticky(facts)) return;
  const mode = facts.mode.toString(8).padStart(4, "0");
  throw unsafe(given, `others may write to directory ${path}: mode ${mode}`);
}

/** Many systems give each user a private group with the same number. */
function mayOthersWrite({ mode, gid }: { mode: number; gid: number }, { uid }: PathView): boolean {
  const isOwnGroup = uid !== 0 && gid === uid;
  return (mode & (isOwnGroup ? 0o002 : 0o022)) !== 0;
}

function unsafe(given: string, why: string): SpikeError {
  return new SpikeError(
    "config_invalid",
    `Directory ${JSON.stringify(given)} is not safe: ${why}`,
    {
      hint: "Name a directory whose path only this user and root can change",
    },
  );
}
