/**
 * The arithmetic of versions: what put, delete, undelete, destroy and purge do to the numbers of one path, and when
 * it expires. No I/O, no clock.
 *
 * Numbers start at 1, grow by one with each put and never repeat, whatever was deleted, pruned, destroyed or purged
 * in between.
 */

/** When a version was deleted or destroyed, and by whom. */
export interface Deletion {
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  /** SPIFFE ID of the caller. */
  readonly by: string;
}

/** Everything about one version except its value. */
export interface VersionInfo {
  /** Number of the version, from 1. */
  readonly number: number;
  /** Milliseconds since the epoch. */
  readonly createdMs: number;
  /** SPIFFE ID of the caller who stored the version. */
  readonly author: string;
  /** SHA-256 of the sealed value. */
  readonly digest: Uint8Array;
  /** When it was deleted; null for a live version. */
  readonly deleted: Deletion | null;
  /** When its value was destroyed; a destroyed version also counts as deleted. */
  readonly destroyed: Deletion | null;
}

/** All versions of one path. After a purge only `highest` is left, and `maxVersions` is 0. */
export interface History {
  /** The highest live version, 0 without any. */
  readonly current: number;
  /** The lowest number left by the last pruning, else the lowest live one; 0 without any. */
  readonly oldest: number;
  /** Highest number ever given. */
  readonly highest: number;
  /** How many versions a put leaves, deleted ones included. */
  readonly maxVersions: number;
  /** When the first version was stored, milliseconds since the epoch. */
  readonly createdMs: number;
  /** When the path last changed, milliseconds since the epoch. */
  readonly updatedMs: number;
  /** When the path expires and reads as absent, milliseconds since the epoch; null for never. */
  readonly expiresMs: number | null;
  /**
   * Highest number at the time when the path had expired and was written again. No operation reads versions up to it.
   * Absent when nothing has expired.
   */
  readonly expiredUpTo?: number;
  /** Custom metadata that users set. */
  readonly custom: Readonly<Record<string, string>>;
  /** Ascending by number. */
  readonly versions: readonly VersionInfo[];
}

/** A history after a change, and the numbers that changed. Without any, it is the history from before. */
export interface Change {
  readonly history: History;
  readonly affected: readonly number[];
}

/** Metadata that a caller sets; absent members stay unchanged. */
export interface MetadataChange {
  /** These entries are added, or replace those of the same name. */
  readonly custom?: Readonly<Record<string, string>>;
  /** Names of entries to remove; unknown names are ignored. */
  readonly unset?: readonly string[];
  /** Counts from the next put on. */
  readonly maxVersions?: number;
  /** When the path expires, milliseconds since the epoch; null for never. */
  readonly expiresMs?: number | null;
}

/** Whether the path was purged. */
export function isPurged(history: History): boolean {
  return history.maxVersions === 0;
}

/** Whether the path has expired and therefore reads as absent. */
export function isExpired({ expiresMs }: History, nowMs: number): boolean {
  return expiresMs !== null && expiresMs <= nowMs;
}

/** Number of the version that a read returns, 0 without any. */
export function readableCurrent(history: History | undefined, nowMs: number): number {
  return history && !isExpired(history, nowMs) ? history.current : 0;
}

/** What a purge leaves of a history. */
export function purgedHistory({ highest }: History): History {
  const nothing = { current: 0, oldest: 0, maxVersions: 0, createdMs: 0, updatedMs: 0 };
  return { ...nothing, highest, expiresMs: null, custom: {}, versions: [] };
}

/** Number that the next put gets. */
export function nextNumber(history: History | undefined): number {
  return (history?.highest ?? 0) + 1;
}

/**
 * Adds a version with the next number and makes it current. `affected` names the versions beyond the limit,
 * which the caller removes. `maxVersions` counts only for the first version of a path. Expired versions stay unreadable:
 * they count as deleted since the expiry, and {@linkcode undeleteVersions} skips them.
 */
export function addVersion(
  before: History | undefined,
  version: Omit<VersionInfo, "number" | "deleted" | "destroyed">,
  maxVersions: number,
): Change {
  const number = nextNumber(before);
  const history = before && !isPurged(before)
    ? afterExpiry(before, { atMs: version.createdMs, by: version.author })
    : undefined;
  const max = history?.maxVersions ?? maxVersions;
  const added = { ...version, number, deleted: null, destroyed: null };
  const all = [...history?.versions ?? [], added];
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
      expiresMs: history?.expiresMs ?? null,
      ...(history?.expiredUpTo === undefined ? {} : { expiredUpTo: history.expiredUpTo }),
      custom: history?.custom ?? {},
      versions: kept,
    },
  };
}

/** The history that a write continues: without readable versions if the path had expired. */
function afterExpiry(history: History, { atMs, by }: Deletion): History {
  const { expiresMs } = history;
  if (expiresMs === null || expiresMs > atMs) return history;
  const deleted = { atMs: expiresMs, by };
  const versions = history.versions.map((info) => info.deleted ? info : { ...info, deleted });
  const expiredUpTo = history.highest;
  return { ...history, versions, current: 0, oldest: 0, expiresMs: null, expiredUpTo };
}

/**
 * Soft-deletes. No number and 0 mean the current version; numbers that do not exist or are destroyed are ignored,
 * and a version that is deleted already is stamped again.
 */
export function deleteVersions(
  history: History,
  wanted: readonly number[],
  deletion: Deletion,
): Change {
  const numbers = meant(history, wanted);
  const affected = numbersIn(history, (info) => numbers.has(info.number) && !info.destroyed);
  return removed(history, affected, (info) => ({ ...info, deleted: deletion }), deletion.atMs);
}

/**
 * Marks versions whose values are destroyed. No number and 0 mean the current version; numbers that do not exist or
 * are destroyed already are ignored.
 */
export function destroyVersions(
  history: History,
  wanted: readonly number[],
  destroyed: Deletion,
): Change {
  const numbers = meant(history, wanted);
  const affected = numbersIn(history, (info) => numbers.has(info.number) && !info.destroyed);
  const mark = (info: VersionInfo) => ({ ...info, deleted: info.deleted ?? destroyed, destroyed });
  return removed(history, affected, mark, destroyed.atMs);
}

/** The requested numbers, except 0, that do not exist. */
export function missingIn(history: History, wanted: readonly number[]): number[] {
  const known = new Set(history.versions.map(({ number }) => number));
  return [...new Set(wanted)].filter((number) => number !== 0 && !known.has(number));
}

function meant(history: History, wanted: readonly number[]): Set<number> {
  const numbers = new Set(wanted.length === 0 ? [0] : wanted);
  if (numbers.has(0)) numbers.add(history.current);
  return numbers;
}

/** The history once `mark` has made some versions unreadable. */
function removed(
  history: History,
  affected: readonly number[],
  mark: (info: VersionInfo) => VersionInfo,
  nowMs: number,
): Change {
  if (affected.length === 0) return { history, affected };
  const versions = marked(history, affected, mark);
  const isCurrentGone = affected.includes(history.current);
  return {
    affected,
    history: {
      ...history,
      versions,
      current: isCurrentGone ? highestLive(versions) : history.current,
      oldest: oldestLive(versions),
      updatedMs: isCurrentGone ? nowMs : history.updatedMs,
    },
  };
}

/**
 * Undoes soft-deletion; destroyed and expired versions stay unreadable. No number and 0 mean the newest deleted version
 * above the current one, else the newest deleted one. The highest restored version becomes current when it is above
 * the current one.
 */
export function undeleteVersions(
  history: History,
  wanted: readonly number[],
  nowMs: number,
): Change {
  if (isExpired(history, nowMs)) return { history, affected: [] };
  const { expiredUpTo = 0 } = history;
  const deleted = numbersIn(
    history,
    (info) => info.deleted !== null && !info.destroyed && info.number > expiredUpTo,
  );
  const numbers = new Set(wanted.length === 0 ? [0] : wanted);
  // Numbers ascend: the last deleted one is above the current one if any is.
  if (numbers.has(0)) numbers.add(deleted.at(-1) ?? 0);
  const affected = deleted.filter((number) => numbers.has(number));
  const highest = affected.at(-1);
  if (highest === undefined) return { history, affected };

  const versions = marked(history, affected, (info) => ({ ...info, deleted: null }));
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

/** Whether `wanted` cannot be undeleted because the path or one of the versions has expired. */
export function isOutOfReach(history: History, wanted: readonly number[], nowMs: number): boolean {
  const { expiredUpTo = 0 } = history;
  if (isExpired(history, nowMs)) return true;
  return wanted.some((number) => number > 0 && number <= expiredUpTo);
}

/** Changes the metadata of a path. The caller rejects a new expiry of an expired path. */
export function changeMetadata(history: History, change: MetadataChange, nowMs: number): History {
  const { custom = {}, unset = [], maxVersions = history.maxVersions } = change;
  const gone = new Set(unset);
  const kept = Object.entries(history.custom).filter(([name]) => !gone.has(name));
  return {
    ...history,
    maxVersions,
    updatedMs: nowMs,
    expiresMs: change.expiresMs === undefined ? history.expiresMs : change.expiresMs,
    custom: Object.fromEntries([...kept, ...Object.entries(custom)]),
  };
}

/** Why a version cannot be read. */
export type Absence = "version" | "deleted" | "destroyed" | "expired";

/** The live version with this number; 0 means the current one. */
export function findLive(history: History, number: number, nowMs: number): VersionInfo | Absence {
  if (isExpired(history, nowMs)) return "expired";
  const wanted = number === 0 ? history.current : number;
  const info = history.versions.find((info) => info.number === wanted);
  if (info?.destroyed) return "destroyed";
  if (info && info.number <= (history.expiredUpTo ?? 0)) return "expired";
  if (info) return info.deleted === null ? info : "deleted";
  return number === 0 && history.versions.length > 0 ? "deleted" : "version";
}

function numbersIn(history: History, test: (info: VersionInfo) => boolean): number[] {
  return history.versions.filter(test).map((info) => info.number);
}

function marked(
  history: History,
  numbers: readonly number[],
  mark: (info: VersionInfo) => VersionInfo,
): VersionInfo[] {
  return history.versions.map((info) => numbers.includes(info.number) ? mark(info) : info);
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
