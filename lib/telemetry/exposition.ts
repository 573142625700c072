import type { Distribution, Measured } from "./meter.ts";
import type { Metric } from "./metric.ts";
import { METRICS } from "./metric_table.ts";

/** Content type of Prometheus's text format. */
export const EXPOSITION_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Sums the metrics of all threads and writes them in Prometheus's text format, version 0.0.4. */
export function expose(threads: readonly Measured[]): string {
  const lines: string[] = [];
  for (const [name, metric] of Object.entries(METRICS) as [string, Metric][]) {
    const series = sum(threads.flatMap((measured) => measured.get(name) ?? []));
    if (series.size === 0) continue;
    lines.push(`# HELP ${name} ${metric.help}.`, `# TYPE ${name} ${metric.kind}`);
    for (const labels of [...series.keys()].sort()) {
      const value = series.get(labels) ?? 0;
      if (typeof value === "number") lines.push(`${name}${braced(labels)} ${value}`);
      else lines.push(...distribution(name, labels, value, metric.buckets ?? []));
    }
  }
  return lines.join("\n") + "\n";
}

function sum(
  all: readonly ReadonlyMap<string, number | Distribution>[],
): Map<string, number | Distribution> {
  const total = new Map<string, number | Distribution>();
  for (const [labels, value] of all.flatMap((series) => [...series])) {
    const before = total.get(labels);
    total.set(labels, before === undefined ? value : add(before, value));
  }
  return total;
}

function add(a: number | Distribution, b: number | Distribution): number | Distribution {
  if (typeof a === "number" || typeof b === "number") return Number(a) + Number(b);
  const counts = a.counts.map((count, i) => count + (b.counts[i] ?? 0));
  return { counts, sum: a.sum + b.sum };
}

function distribution(
  name: string,
  labels: string,
  { counts, sum }: Distribution,
  buckets: readonly number[],
): string[] {
  const before = labels === "" ? "" : `${labels},`;
  let reached = 0;
  const lines = counts.map((count, i) => {
    reached += count;
    return `${name}_bucket{${before}le="${buckets[i] ?? "+Inf"}"} ${reached}`;
  });
  return [
    ...lines,
    `${name}_sum${braced(labels)} ${sum}`,
    `${name}_count${braced(labels)} ${reached}`,
  ];
}

function braced(labels: string): string {
  return labels === "" ? "" : `{${labels}}`;
}
