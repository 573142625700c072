/** What the overload suite measured, and how it is told. */

/** Latencies in milliseconds, ascending. */
export type Latencies = readonly number[];

/** Latencies of one caller who asks one question after the other: in turns while something goes on, and while not. */
export interface Measured {
  readonly what: string;
  readonly quiet: Latencies;
  readonly loaded: Latencies;
}

/** The value below which a part of them lies. */
export function percentile(latencies: Latencies, part: number): number {
  return latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * part))] ?? NaN;
}

/** How many times the 99th percentile of the quiet is that of the loaded. */
export function ratio({ quiet, loaded }: Measured): number {
  return percentile(loaded, 0.99) / percentile(quiet, 0.99);
}

/** A table in Markdown. */
export function toTable(rows: readonly Measured[]): string {
  const lines = rows.map((row) => {
    const times = [row.quiet, row.loaded].flatMap((latencies) =>
      [0.5, 0.99].map((part) => percentile(latencies, part).toFixed(1))
    );
    const cells = [row.what, row.loaded.length, ...times, ratio(row).toFixed(2)];
    return `| ${cells.join(" | ")} |`;
  });
  return [
    "| Meanwhile | Requests | Quiet median (ms) | Quiet 99 % | Median (ms) | 99 % | Times |",
    "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ...lines,
  ].join("\n");
}
