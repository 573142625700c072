/** What the overload suite measured, and how it is told. */

/** Latencies of one caller who asks one question after the other, while something else goes on. */
export interface Measured {
  readonly what: string;
  /** In milliseconds, ascending. */
  readonly latencies: readonly number[];
}

/** The value below which a part of them lies. */
export function percentile({ latencies }: Measured, part: number): number {
  return latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * part))] ?? NaN;
}

/** How many times the 99th percentile of the quiet is that of the measured. */
export function ratio(quiet: Measured, measured: Measured): number {
  return percentile(measured, 0.99) / percentile(quiet, 0.99);
}

/** A table in Markdown; the first of the rows is the quiet. */
export function toTable(rows: readonly Measured[]): string {
  const [quiet] = rows;
  if (!quiet) throw new Error("Nothing was measured");
  const lines = rows.map((row) => {
    const [p50, p99] = [0.5, 0.99].map((part) => percentile(row, part).toFixed(1));
    const times = row === quiet ? "" : ratio(quiet, row).toFixed(2);
    return `| ${row.what} | ${row.latencies.length} | ${p50} | ${p99} | ${times} |`;
  });
  return [
    "| Meanwhile | Requests | Median (ms) | 99th percentile (ms) | Times the quiet |",
    "| --- | ---: | ---: | ---: | ---: |",
    ...lines,
  ].join("\n");
}
