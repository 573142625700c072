/** Runs the cases of one target and says how far it is; a case that never ends is the watcher's to notice. */
import { randomOfCase } from "./random.ts";
import { TARGETS } from "./target.ts";

/** What a worker is to do. */
export interface Task {
  readonly target: string;
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  /** One word: the case that is under way. */
  readonly progress: SharedArrayBuffer;
}

/** What came of it. */
export interface Tally {
  accepted: number;
  refused: number;
  slowestMs: number;
  slowestCase: number;
  /** The first case that broke something. */
  failure?: { readonly index: number; readonly hex: string; readonly error: string };
}

/** One case after the other, until one breaks something. */
export function runCases(task: Task): Tally {
  const target = TARGETS.find(({ name }) => name === task.target);
  if (target === undefined) throw new Error(`${task.target} is no target`);
  const progress = new Int32Array(task.progress);
  const tally: Tally = { accepted: 0, refused: 0, slowestMs: 0, slowestCase: 0 };
  for (let index = task.from; index < task.to; index++) {
    Atomics.store(progress, 0, index);
    const input = target.makeInput(randomOfCase(task.seed, index));
    const beganMs = performance.now();
    try {
      tally[target.run(input)]++;
    } catch (error) {
      const text = error instanceof Error ? error.stack ?? error.message : String(error);
      return { ...tally, failure: { index, hex: input.toHex(), error: text } };
    }
    const tookMs = performance.now() - beganMs;
    if (tookMs > tally.slowestMs) Object.assign(tally, { slowestMs: tookMs, slowestCase: index });
  }
  return tally;
}

const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<Task>) => void) | null;
  postMessage(tally: Tally): void;
};
scope.onmessage = ({ data }) => scope.postMessage(runCases(data));
