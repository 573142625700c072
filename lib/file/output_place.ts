import { SpikeError } from "../error/error.ts";
import {
  absolutePath,
  isSticky,
  isTrusted,
  type PathFacts,
  type PathView,
  realPathView,
  walkPath,
} from "./path_walk.ts";

/** Where output goes. */
export interface OutputPlace {
  /** Without links. */
  readonly path: string;
  /** Absent when there is nothing yet. */
  readonly facts?: PathFacts;
}

/**
 * Finds where a file that somebody named for output lies, as a kernel does that protects links, pipes and files in
 * directories like /tmp (`fs.protected_symlinks`, `protected_fifos` and `protected_regular` of Linux): a link has to
 * belong to this user or to root, and so has all that lies in a directory in which everybody may write.
 *
 * @throws SpikeError `fs_file_open_failed` that names the component
 */
export function findOutput(given: string, view: PathView = realPathView()): OutputPlace {
  let place: OutputPlace = { path: "/" };
  for (const { path, facts, parent } of walkPath(absolutePath(given), view)) {
    place = { path, ...(facts && { facts }) };
    if (!facts || view.uid === null) continue;
    const isShared = parent && ((parent.mode & 0o002) !== 0 || isSticky(parent));
    if ((isShared || facts.kind === "link") && !isTrusted(facts, view)) {
      throw foreign(given, path, facts, view);
    }
  }
  return place;
}

function foreign(given: string, path: string, facts: PathFacts, { uid }: PathView): SpikeError {
  const what = { directory: "directory", link: "link", file: "file", other: "pipe or device" }[
    facts.kind
  ];
  const why = `${what} ${path} belongs to user ${facts.uid}, this process runs as ${uid}`;
  return new SpikeError(
    "fs_file_open_failed",
    `File ${JSON.stringify(given)} cannot be written: ${why}`,
    { hint: "Somebody else may have put it there: name a file in a directory of your own" },
  );
}
