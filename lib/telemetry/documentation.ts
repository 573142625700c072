import { HEALTH_WORDS } from "./health.ts";
import type { Metric } from "./metric.ts";
import { METRICS } from "./metric_table.ts";

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), `|${head.map(() => " --- |").join("")}`, ...rows.map(line)];
}

function labelsOf(metric: Metric): string {
  const labels = Object.entries(metric.labels).map(([name, { values }]) =>
    `\`${name}\` (${values})`
  );
  return labels.length === 0 ? "–" : labels.join("; ");
}

/** All metrics and all words of health in Markdown. */
export function telemetryTables(): string {
  const metrics = Object.entries(METRICS).map(([name, metric]: [string, Metric]) => [
    `\`${name}\``,
    metric.kind,
    labelsOf(metric),
    `${metric.help}.`,
  ]);
  const words = Object.entries(HEALTH_WORDS).map(([word, { level, meaning }]) => [
    `\`${word}\``,
    level,
    meaning,
  ]);
  return [
    "## Metrics",
    "",
    ...table(["Name", "Kind", "Labels", "Meaning"], metrics),
    "",
    "## Words of health",
    "",
    ...table(["Word", "Level", "Meaning"], words),
    "",
  ].join("\n");
}
