/** What the suites measured, for `docs/reliability.md`. */
import { fileURLToPath } from "node:url";

/** Where results are kept between a run of the suites and the page that shows them. */
export const RESULTS = fileURLToPath(new URL("../../docs/reliability.json", import.meta.url));

/** Figures of one suite, by their names. */
export type Result = Readonly<Record<string, number | Readonly<Record<string, number>>>>;

/** Results by suite. */
export type Results = Readonly<Record<string, Result>>;

/** All results that are kept. */
export function readResults(): Results {
  return JSON.parse(Deno.readTextFileSync(RESULTS));
}

/** Prints the result of a suite, and keeps it where `SPIKE_KEEP_RESULTS` is 1. */
export function recordRun(suite: string, result: Result): void {
  console.log(`${suite}: ${JSON.stringify(result)}`);
  if (Deno.env.get("SPIKE_KEEP_RESULTS") !== "1") return;
  const sorted = Object.entries({ ...readResults(), [suite]: result })
    .sort(([a], [b]) => a < b ? -1 : 1);
  Deno.writeTextFileSync(RESULTS, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`);
}

/** The results as a table; figures of a suite that belong together have rows of their own. */
export function resultTables(results: Results): string {
  const rows = Object.entries(results).flatMap(([suite, result]) => {
    const single = Object.entries(result).filter(([, value]) => typeof value === "number");
    const groups = Object.entries(result).flatMap(([name, value]) =>
      typeof value === "number"
        ? []
        : Object.entries(value).map(([key, count]) =>
          `| ${suite} | ${name}, ${key} | ${number(count)} |`
        )
    );
    return [
      ...single.map(([name, value]) => `| ${suite} | ${name} | ${number(value)} |`),
      ...groups,
    ];
  });
  return ["| Suite | What | Figure |", "| --- | --- | ---: |", ...rows].join("\n");
}

function number(value: unknown): string {
  return Number(value).toLocaleString("en-US");
}
