/**
 * Fuzzes what reads other people's bytes: `deno task fuzz [--cases N] [--seed S] [--target NAME [--only CASE]]`.
 * Prints the seed; the same seed makes the same cases. Ends with 1 when a case broke something or took too long.
 */
import { parseArgs } from "node:util";
import { TARGETS } from "./target.ts";
import { runCases, type Tally, type Task } from "./worker.ts";

const CASES = 1_000_000;
/** Hundreds of times what the dearest case takes; a case that takes longer hangs. */
const CASE_LIMIT_MS = 10_000;
const LOOK_MS = 1_000;

const { values } = parseArgs({
  options: {
    cases: { type: "string" },
    seed: { type: "string" },
    target: { type: "string" },
    only: { type: "string" },
  },
});
const total = whole("cases") ?? CASES;
const seed = whole("seed") ?? crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
const only = whole("only");
const targets = TARGETS.filter(({ name }) => values.target === undefined || name === values.target);
if (targets.length === 0) {
  fail(`--target is one of ${TARGETS.map(({ name }) => name).join(", ")}`);
}

console.log(`seed ${seed}`);
let isClean = true;
const shares = targets.reduce((sum, { share }) => sum + share, 0);
for (const { name, share } of targets) {
  const cases = Math.round(total * share / shares);
  const [from, to] = only === undefined ? [0, cases] : [only, only + 1];
  const progress = new SharedArrayBuffer(4);
  const task = { target: name, seed, from, to, progress };
  const beganMs = performance.now();
  const tally = only === undefined ? await watch(task) : await runCases(task);
  const seconds = (performance.now() - beganMs) / 1000;
  isClean = await report(name, to - from, tally, seconds) && isClean;
}
Deno.exit(isClean ? 0 : 1);

/** Runs a task in a thread of its own, which is ended when a case of it does not. */
function watch(task: Task): Promise<Tally | { hangsAt: number }> {
  const worker = new Worker(new URL("worker.ts", import.meta.url), { type: "module" });
  const progress = new Int32Array(task.progress);
  let former = -1;
  let sinceMs = performance.now();
  return new Promise((resolve, reject) => {
    const timer = setInterval(() => {
      const now = Atomics.load(progress, 0);
      if (now !== former) [former, sinceMs] = [now, performance.now()];
      else if (performance.now() - sinceMs > CASE_LIMIT_MS) end(() => resolve({ hangsAt: now }));
    }, LOOK_MS);
    const end = (settle: () => void) => {
      clearInterval(timer);
      worker.terminate();
      settle();
    };
    worker.onmessage = ({ data }: MessageEvent<Tally>) => end(() => resolve(data));
    worker.onerror = (event) => end(() => reject(new Error(event.message)));
    worker.postMessage(task);
  });
}

/** Whether all is well. */
async function report(
  name: string,
  cases: number,
  tally: Tally | { hangsAt: number },
  seconds: number,
): Promise<boolean> {
  if ("hangsAt" in tally) {
    console.log(`${name}: case ${tally.hangsAt} takes more than ${CASE_LIMIT_MS} ms`);
    console.log(`  again: deno task fuzz --seed ${seed} --target ${name} --only ${tally.hangsAt}`);
    return false;
  }
  const { accepted, refused, slowestMs, slowestCase, failure } = tally;
  console.log(
    `${name}: ${cases} cases, ${accepted} accepted, ${refused} refused, ${seconds.toFixed(0)} s, ` +
      `slowest ${slowestMs.toFixed(0)} ms (case ${slowestCase}; ${await aloneMs(
        name,
        slowestCase,
      )} ms alone)`,
  );
  if (failure === undefined) return true;
  console.log(`  case ${failure.index} broke something: ${failure.error}\n  input ${failure.hex}`);
  console.log(`  again: deno task fuzz --seed ${seed} --target ${name} --only ${failure.index}`);
  return false;
}

/** What a case takes when it is run once more: on a busy machine the first figure is mostly waiting. */
async function aloneMs(target: string, index: number): Promise<string> {
  const progress = new SharedArrayBuffer(4);
  const task = { target, seed, from: index, to: index + 1, progress };
  await runCases(task);
  return (await runCases(task)).slowestMs.toFixed(1);
}

function whole(name: "cases" | "seed" | "only"): number | undefined {
  const text = values[name];
  if (text === undefined) return undefined;
  if (!/^\d{1,10}$/.test(text)) fail(`--${name} is ${JSON.stringify(text)}, expected a number`);
  return Number(text);
}

function fail(message: string): never {
  console.error(message);
  Deno.exit(1);
}
