/** How a check ended. */
export type FindingLevel = "ok" | "warning" | "failure";

/** One line of `spike doctor`. */
export interface Diagnosis {
  /** What was looked at, in a word or two. */
  readonly check: string;
  readonly level: FindingLevel;
  /** What was found. */
  readonly detail: string;
  /** What to do; absent where there is nothing to do. */
  readonly advice?: string;
}

/** All is well. */
export function ok(check: string, detail: string): Diagnosis {
  return { check, level: "ok", detail };
}

/** It works, but ought to be looked at. */
export function warning(check: string, detail: string, advice: string): Diagnosis {
  return { check, level: "warning", detail, advice };
}

/** It does not work. */
export function failure(check: string, detail: string, advice: string): Diagnosis {
  return { check, level: "failure", detail, advice };
}

/** What cannot be looked at because of something that another line tells, and tells what to do about. */
export function unchecked(checks: readonly string[], why: string): Diagnosis[] {
  return checks.map((check) => ({ check, level: "warning", detail: `not checked: ${why}` }));
}

/** A span of time for a person. */
export function spanText(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}
