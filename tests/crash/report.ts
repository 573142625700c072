/** Keeps what a suite measured, for `docs/reliability.md`. */
const PATH = Deno.env.get("SPIKE_RELIABILITY_RESULTS");

/** Prints the result of a suite, and adds it to the file that `SPIKE_RELIABILITY_RESULTS` names. */
export function recordRun(suite: string, result: Record<string, unknown>): void {
  console.log(`${suite}: ${JSON.stringify(result)}`);
  if (PATH === undefined) return;
  let all: Record<string, unknown> = {};
  try {
    all = JSON.parse(Deno.readTextFileSync(PATH));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  Deno.writeTextFileSync(PATH, `${JSON.stringify({ ...all, [suite]: result }, null, 2)}\n`);
}
