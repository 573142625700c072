/** What interoperability tests found, kept in `results.json`: from it comes the table in `docs/compatibility.md`. */
import assert from "node:assert/strict";

/** The outcome of one check. */
export interface Finding {
  /** Which part of the tests. */
  readonly area: string;
  /** The SDK's function, or the pair of programs that was tried. */
  readonly call: string;
  readonly check: string;
  readonly ok: boolean;
  /** How this project differs from the original here, on purpose. */
  readonly differs?: string;
  /** What came instead; only of a failure, and not kept. */
  readonly got?: string;
}

/** Where the last recorded run stands. */
export const RESULTS = new URL("./results.json", import.meta.url);

/** The findings of the last recorded run. */
export function recorded(): Finding[] {
  return JSON.parse(Deno.readTextFileSync(RESULTS));
}

/** The findings among the lines that a peer wrote. */
export function findingsIn(output: string): Finding[] {
  const lines = output.split("\n").filter((line) => line.startsWith('{"area"'));
  return lines.map((line) => JSON.parse(line));
}

/**
 * Demands that all findings of an area hold and are those of the last recorded run; with `SPIKE_RECORD=1` records
 * them instead, for `scripts/write_docs.ts` to make the table of.
 */
export function settle(area: string, findings: readonly Finding[]): void {
  const failures = findings.filter(({ ok }) => !ok);
  assert.deepEqual(failures, [], `${failures.length} of ${findings.length} checks failed`);
  assert.ok(findings.length > 0, "there are findings");
  const others = recorded().filter((finding) => finding.area !== area);
  if (Deno.env.get("SPIKE_RECORD") === "1") {
    const all = [...others, ...findings].toSorted((a, b) =>
      a.area < b.area ? -1 : Number(a.area > b.area)
    );
    Deno.writeTextFileSync(RESULTS, `${JSON.stringify(all, null, 2)}\n`);
    return;
  }
  const before = recorded().filter((finding) => finding.area === area);
  assert.deepEqual(
    findings,
    before,
    "run the suite with SPIKE_RECORD=1, then scripts/write_docs.ts",
  );
}
