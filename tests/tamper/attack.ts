import type { Observation } from "./observe.ts";
import {
  type Files,
  MAX_VERSIONS,
  type Path,
  PATHS,
  PLACES,
  POLICIES,
  type PolicyName,
} from "./plan.ts";

/** Who notices an attack: the word, and what the documentation says of it. */
export const DETECTORS = {
  read:
    "whoever reads it is refused with `state_integrity_check` (status 500, exit code 2), and the log of Nexus names path and version",
  write: "reads are served; the next write is refused, and stores nothing",
  start: "the next start; a system that runs has its keys in memory, and goes on until then",
  restore: "a restoration by hand from recovery shards",
  verify:
    "`spike operator verify` and the background scrub, which compare every secret, policy and named cipher key with the audit log and name what differs; users see it as it is told here",
  outside:
    "a checkpoint of the audit log that was kept where the attacker cannot write (`spike audit export`); without one, only what the log itself still tells",
  nobody: "**nobody**: nothing binds the row to a key",
  harmless: "nobody needs to",
} as const;

/** What is seen afterwards, by what was seen before. */
export type Outcome = (before: Observation) => Observation;

/** Something that somebody does who can write the database file, and what follows. */
export interface Attack {
  readonly name: string;
  readonly detector: keyof typeof DETECTORS;
  /** For the documentation: what users see, in one sentence or less. */
  readonly seen: string;
  /**
   * SQL on the store's database, with the schemas `earlier`, `fork` and `other` attached; or what is done to the
   * file, which is only tried while the system is stopped.
   */
  readonly attack: string | ((files: Files) => void);
  /** When the system was stopped during the attack and started after it. */
  readonly stopped: Outcome;
  /** When it ran on, all caches warm. Default: as when it was stopped. */
  readonly running?: Outcome;
}

/** Nothing is different. */
export const nothing: Outcome = (before) => before;

/** These answers are different, all others as before. */
export function only(changes: Observation): Outcome {
  return (before) => ({ ...before, ...changes });
}

/** Several changes at once. */
export function all(...outcomes: readonly Outcome[]): Outcome {
  return (before) => outcomes.reduce((seen, outcome) => outcome(seen), before);
}

/** Nexus does not start, or does not come to have a key; there is nothing to ask. */
export function noStart(why: string): Outcome {
  return () => ({ start: why });
}

/** Refused: the message names path and version. `isCurrent` when a get without number asks for it. */
export function versionLost(path: Path, version: number, isCurrent = false): Outcome {
  const refusal = `state_integrity_check: Version ${version} of ${path} is not what was stored`;
  return only({
    [`get ${path}@${version}`]: refusal,
    ...(isCurrent ? { [`get ${path}`]: refusal } : {}),
  });
}

/** Every question about the path is refused, writes included. */
export function headLost(path: Path): Outcome {
  return everyAnswer(path, `state_integrity_check: Head of ${path} is not what was stored`);
}

/** The path is unknown; a write of it meets the version rows that are left, unless there are none. */
export function pathGone(path: Path, put: string): Outcome {
  return all(
    everyAnswer(path, "no such path"),
    only({ [`put ${path}`]: put }),
    (before) => only({ list: PATHS.filter((p) => p !== path).toSorted().join(" ") })(before),
  );
}

/** A write of `path` is refused because of a row that should not be there. */
export function putRefused(path: Path, version: number): Outcome {
  return only({ [`put ${path}`]: alreadyThere(path, version) });
}

/** Writes of any path, and of any policy, are refused. */
export function putsRefused(
  path: (path: Path) => string,
  policy: (name: PolicyName) => Observation,
): Outcome {
  return only(Object.assign(
    Object.fromEntries(PATHS.map((each) => [`put ${each}`, path(each)])),
    ...POLICIES.map(policy),
  ));
}

/** Writes of any path, and of any policy, are refused alike. */
export function everyPutRefused(refusal: string): Outcome {
  return putsRefused(() => refusal, (name) => ({ [`put policy ${name}`]: refusal }));
}

/** The policy is refused to whoever asks for it or replaces it, and grants nothing. */
export function policyLost(name: PolicyName): Outcome {
  const refusal = `state_integrity_check: Policy ${name} is not what was stored`;
  return only({
    [`policy ${name}`]: refusal,
    [`put policy ${name}`]: refusal,
    [`read at ${PLACES[name]}`]: "no",
  });
}

/** A system that runs has the policies in memory: who asks for one sees the row, decisions stay. */
export function withDecisionsAsBefore(stopped: Outcome): Outcome {
  return (before) => {
    const kept = Object.entries(before).filter(([name]) => /^policies$|^\w+ at /.test(name));
    return { ...stopped(before), ...Object.fromEntries(kept) };
  };
}

/** What a write says that meets a row of its own number. */
export function alreadyThere(path: Path, version: number): string {
  return `state_integrity_check: Version ${version} of ${path} is already stored, but its head does not list it`;
}

function everyAnswer(path: Path, answer: string): Outcome {
  const numbers = Array.from({ length: MAX_VERSIONS + 2 }, (_, i) => `get ${path}@${i + 1}`);
  const names = [`get ${path}`, ...numbers, `metadata ${path}`, `put ${path}`];
  return only(Object.fromEntries(names.map((name) => [name, answer])));
}

/** SQL condition for a row of `versions`. */
export function row(path: Path, version: number): string {
  return `path = '${path}' AND version = ${version}`;
}

/** SQL expression: `column` with one byte of it changed, counted from 1. */
export function flipped(column: string, at = 20): string {
  return `CAST(substr(${column}, 1, ${at - 1}) || CASE substr(${column}, ${at}, 1)
    WHEN x'01' THEN x'02' ELSE x'01' END || substr(${column}, ${at + 1}) AS BLOB)`;
}

/** SQL that exchanges one column of two rows of a table. */
export function exchanged(table: string, column: string, one: string, two: string): string {
  return `
    CREATE TEMP TABLE kept AS SELECT ${column} AS cell FROM ${table} WHERE ${one};
    UPDATE ${table} SET ${column} = (SELECT ${column} FROM ${table} WHERE ${two}) WHERE ${one};
    UPDATE ${table} SET ${column} = (SELECT cell FROM kept) WHERE ${two};`;
}
