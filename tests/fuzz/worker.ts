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
export async function runCases(task: Task): Promise<Tally> {
  const target = TARGETS.find(({ name }) => name === task.target);
  if (target === undefined) throw new Error(`${task.target} is no target`);
  const progress = new Int32Array(task.progress);
  const tally: Tally = { accepted: 0, refused: 0, slowestMs: 0, slowestCase: 0 };
  for (let index = task.from; index < task.to; index++) {
    Atomics.store(progress, 0, index);
    const input = target.makeInput(randomOfCase(task.seed, index));
    const beganMs = performance.now();
    try {
      tally[await target.run(input)]++;
    } catch (error) {
      const text = error instanceof Error ? error.stack ?? error.message : String(error);
      const small = await shrink(input, async (smaller) => {
        try {
          await target.run(smaller);
          return false;
        } catch (again) {
          return nameOf(again) === nameOf(error);
        }
      });
      return { ...tally, failure: { index, hex: small.toHex(), error: text } };
    }
    const tookMs = performance.now() - beganMs;
    if (tookMs > tally.slowestMs) Object.assign(tally, { slowestMs: tookMs, slowestCase: index });
  }
  return tally;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message.split("\n", 1)}` : String(error);
}

/** Tries that a failure is worth. */
const SHRINK_TRIES = 400;

/** A shorter input that fails in the same way: pieces are left out, ever smaller ones, while it still does. */
async function shrink(
  input: Uint8Array,
  fails: (input: Uint8Array) => Promise<boolean>,
): Promise<Uint8Array> {
  let best = input;
  let tries = 0;
  for (let size = best.length >> 1; size > 0 && tries < SHRINK_TRIES; size >>= 1) {
    for (let at = 0; at < best.length && tries < SHRINK_TRIES;) {
      const shorter = new Uint8Array([...best.subarray(0, at), ...best.subarray(at + size)]);
      tries++;
      if (await fails(shorter)) best = shorter;
      else at += size;
    }
  }
  return best;
}

const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<Task>) => void) | null;
  postMessage(tally: Tally): void;
};
scope.onmessage = async ({ data }) => scope.postMessage(await runCases(data));
