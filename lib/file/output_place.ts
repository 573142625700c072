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

/** Resolved location of an output file. */
export interface OutputPlace {
  /** Absolute, with all links resolved. */
  readonly path: string;
  /** Absent if the file does not exist. */
  readonly facts?: PathFacts;
}

/**
 * Resolves the path of an output file with the rules of Linux for directories like /tmp (`fs.protected_symlinks`,
 * `protected_fifos` and `protected_regular`): every link, and every entry of a world-writable directory, must belong to
 * this user or to root.
 *
 * @throws {SpikeError} fs_file_open_failed naming the component that belongs to another user
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
    {
      hint: "Another user may have created it: name a file in a directory that only you can write",
    },
  );
}
