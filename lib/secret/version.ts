/**
 * The arithmetic of versions: what put, delete and undelete do to the numbers of one path. No I/O, no clock.
 *
 * Numbers start at 1, grow by one with each put and never repeat, whatever was deleted or pruned in between.
 */

/** When a version was soft-deleted, and by whom. */
export interface Deletion {
  readonly atMs: number;
  readonly by: string;
}

/** What is known of one version beside its value. */
export interface VersionInfo {
  readonly number: number;
  readonly createdMs: number;
  readonly author: string;
  /** SHA-256 of the sealed value. */
  readonly digest: Uint8Array;
  readonly deleted: Deletion | null;
}

/** All versions of one path. */
export interface History {
  /** The highest live version, 0 when there is none. */
  readonly current: number;
  /** The lowest number left by the last pruning, else the lowest live one; 0 when there is none. */
  readonly oldest: number;
  /** Highest number ever given. */
  readonly highest: number;
  /** How many versions are kept, deleted ones included; fixed when the path is first written. */
  readonly maxVersions: number;
  readonly createdMs: number;
  readonly updatedMs: number;
  /** Ascending by number. */
  readonly versions: readonly VersionInfo[];
}

/** A history after a change, and which numbers it touched. Untouched: it is the history from before. */
export interface Change {
  readonly history: History;
  readonly affected: readonly number[];
}

/** Number that the next put gets. */
export function nextNumber(history: History | undefined): number {
  return (history?.highest ?? 0) + 1;
}

/**
 * Adds a version with the next number and makes it current. `affected` names the versions that no longer fit
 * and are to be removed. `maxVersions` counts only for the first version of a path.
 */
export function addVersion(
  history: History | undefined,
  version: Omit<VersionInfo, "number" | "deleted">,
  maxVersions: number,
): Change {
  const number = nextNumber(history);
  const max = history?.maxVersions ?? maxVersions;
  const all = [...history?.versions ?? [], { ...version, number, deleted: null }];
  const kept = all.slice(-max);
  const affected = all.slice(0, all.length - kept.length).map((info) => info.number);
  return {
    affected,
    history: {
      current: number,
      oldest: affected.length > 0 ? firstNumber(kept) : history?.oldest || number,
      highest: number,
      maxVersions: max,
      createdMs: history?.createdMs ?? version.createdMs,
      updatedMs: version.createdMs,
      versions: kept,
    },
  };
}

/**
 * Soft-deletes. No number and 0 mean the current version; numbers that do not exist are ignored, and a version
 * that is deleted already is stamped again.
 */
export function deleteVersions(
  history: History,
  wanted: readonly number[],
  deletion: Deletion,
): Change {
  const numbers = new Set(wanted.length === 0 ? [0] : wanted);
  if (numbers.has(0)) numbers.add(history.current);
  const affected = numbersIn(history, (info) => numbers.has(info.number));
  if (affected.length === 0) return { history, affected };

  const versions = replaced(history, affected, deletion);
  const isCurrentGone = affected.includes(history.current);
  return {
    affected,
    history: {
      ...history,
      versions,
      current: isCurrentGone ? highestLive(versions) : history.current,
      oldest: oldestLive(versions),
      updatedMs: isCurrentGone ? deletion.atMs : history.updatedMs,
    },
  };
}

/**
 * Takes soft-deletion back. No number and 0 mean the newest deleted version above the current one, else the
 * newest deleted one. The highest version taken back becomes current when it is above the current one.
 */
export function undeleteVersions(
  history: History,
  wanted: readonly number[],
  nowMs: number,
): Change {
  const deleted = numbersIn(history, (info) => info.deleted !== null);
  const numbers = new Set(wanted.length === 0 ? [0] : wanted);
  // Numbers ascend: the last deleted one is above the current one if any is.
  if (numbers.has(0)) numbers.add(deleted.at(-1) ?? 0);
  const affected = deleted.filter((number) => numbers.has(number));
  const highest = affected.at(-1);
  if (highest === undefined) return { history, affected };

  const versions = replaced(history, affected, null);
  const isNewer = highest > history.current;
  return {
    affected,
    history: {
      ...history,
      versions,
      current: isNewer ? highest : history.current,
      oldest: oldestLive(versions),
      updatedMs: isNewer ? nowMs : history.updatedMs,
    },
  };
}

/** Why a version cannot be read. */
export type Absence = "version" | "deleted";

/** The live version with this number; 0 means the current one. */
export function findLive(history: History, number: number): VersionInfo | Absence {
  const wanted = number === 0 ? history.current : number;
  const info = history.versions.find((info) => info.number === wanted);
  if (info) return info.deleted === null ? info : "deleted";
  return number === 0 && history.versions.length > 0 ? "deleted" : "version";
}

function numbersIn(history: History, test: (info: VersionInfo) => boolean): number[] {
  return history.versions.filter(test).map((info) => info.number);
}

function replaced(
  history: History,
  numbers: readonly number[],
  deleted: Deletion | null,
): VersionInfo[] {
  return history.versions.map((info) =>
    numbers.includes(info.number) ? { ...info, deleted } : info
  );
}

function firstNumber(versions: readonly VersionInfo[]): number {
  return versions[0]?.number ?? 0;
}

function oldestLive(versions: readonly VersionInfo[]): number {
  return versions.find((info) => info.deleted === null)?.number ?? 0;
}

function highestLive(versions: readonly VersionInfo[]): number {
  return versions.findLast((info) => info.deleted === null)?.number ?? 0;
}
