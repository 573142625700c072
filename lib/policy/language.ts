import type { Automaton } from "./automaton.ts";

/** A condition on a text: the automaton must match it, or must not. */
export interface Condition {
  /** Pattern to test. */
  readonly automaton: Automaton;
  /** Whether it must match. */
  readonly isMatched: boolean;
}

/** Remaining steps; searches that share a budget are bounded together. */
export interface Budget {
  /** Steps left. */
  left: number;
}

/** A shortest text, proof that none exists up to the given length, or unknown because the budget was exhausted. */
export type Search =
  | { readonly kind: "found"; readonly text: string }
  | { readonly kind: "none" }
  | { readonly kind: "unknown" };

/** The order in which characters are tried, so that examples look familiar. */
const CODES = [..."abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_./"]
  .map((character) => character.charCodeAt(0));
const ALL_CODES = [...new Set([...CODES, ...Array(128).keys()])];

/** One step of the search, with the way to it. */
interface Step {
  readonly states: readonly number[];
  readonly length: number;
  readonly code?: number;
  readonly before?: Step;
}

/**
 * Finds a shortest text of at most `maxLength` ASCII characters that meets all conditions. The search is exact: it walks
 * the product of the automata. Without a result within the budget it returns `unknown`.
 */
export function findText(
  conditions: readonly Condition[],
  { maxLength, budget }: { readonly maxLength: number; readonly budget: Budget },
): Search {
  if (budget.left <= 0) return { kind: "unknown" };
  const codes = representatives(conditions);
  const first: Step = { states: conditions.map(({ automaton }) => automaton.start), length: 0 };
  const seen = new Set([first.states.join()]);
  const queue: Step[] = [first];
  for (let at = 0; at < queue.length; at++) {
    const step = queue[at];
    if (!step) break;
    if (isMet(conditions, step)) return { kind: "found", text: textOf(step) };
    if (step.length === maxLength) continue;
    for (const code of codes) {
      if (budget.left <= 0) return { kind: "unknown" };
      budget.left--;
      const states = conditions.map(({ automaton }, i) =>
        automaton.step(step.states[i] ?? 0, code)
      );
      const key = states.join();
      if (seen.has(key) || isHopeless(conditions, states)) continue;
      seen.add(key);
      queue.push({ states, length: step.length + 1, code, before: step });
    }
  }
  return { kind: "none" };
}

/** One character from each group that no condition distinguishes. */
function representatives(conditions: readonly Condition[]): number[] {
  const tables = [...new Set(conditions.flatMap(({ automaton }) => [...automaton.tables]))];
  const groups = new Map<string, number>();
  for (const code of ALL_CODES) {
    const group = tables.map((table) => table[code]).join("");
    if (!groups.has(group)) groups.set(group, code);
  }
  return [...groups.values()];
}

function isMet(conditions: readonly Condition[], { states }: Step): boolean {
  return conditions.every(({ automaton, isMatched }, i) =>
    automaton.accepts(states[i] ?? 0) === isMatched
  );
}

function isHopeless(conditions: readonly Condition[], states: readonly number[]): boolean {
  return conditions.some(({ automaton, isMatched }, i) => {
    const state = states[i] ?? 0;
    return isMatched ? automaton.isHopeless(state) : automaton.isSettled(state);
  });
}

function textOf(step: Step): string {
  const codes: number[] = [];
  for (let at: Step | undefined = step; at?.code !== undefined; at = at.before) codes.push(at.code);
  return String.fromCharCode(...codes.reverse());
}
