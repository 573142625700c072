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
 * Refuses a directory for secrets where somebody else could put another in its place: every component of its path, and
 * every link on the way, belongs to this user or to root, and nobody else may write there. A directory like /tmp may
 * be on the way, since what this user has in it cannot be removed by others. What does not exist yet is fine.
 *
 * @throws SpikeError `config_invalid` that names the component
 */
export function requireOwnPlace(given: string, view: PathView = realPathView()): void {
  for (const step of walkPath(absolutePath(given), view)) requireOwn(step, given, view);
}

/**
 * Makes a directory that only its owner can enter, and those above it that are missing, under the same conditions. One
 * that somebody else makes meanwhile is looked at like any other.
 *
 * @throws SpikeError `config_invalid` that names the component
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

/** As the system says it where a file is on the way. */
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
  // Who owns the last one can close it to others, and does.
  if (isLast ? facts.uid === view.uid && !isSticky(facts) : isSticky(facts)) return;
  const mode = facts.mode.toString(8).padStart(4, "0");
  throw unsafe(given, `others may write to directory ${path}: mode ${mode}`);
}

/** Many systems give each user a group of the same number, which nobody else is in. */
function mayOthersWrite({ mode, gid }: { mode: number; gid: number }, { uid }: PathView): boolean {
  const isOwnGroup = uid !== 0 && gid === uid;
  return (mode & (isOwnGroup ? 0o002 : 0o022)) !== 0;
}

function unsafe(given: string, why: string): SpikeError {
  return new SpikeError(
    "config_invalid",
    `Directory ${JSON.stringify(given)} is not safe: ${why}`,
    {
      hint: "Name a directory whose path only this user and root may change",
    },
  );
}
