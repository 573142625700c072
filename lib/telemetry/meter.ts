import { type LabelRule, type Metric, OTHER } from "./metric.ts";
import { type LabelsOf, type MetricName, METRICS } from "./metric_table.ts";

/** State of a histogram. */
export interface Distribution {
  /** Observations by bucket, not cumulative; the last bucket is unbounded. */
  readonly counts: readonly number[];
  /** Sum of all observed values. */
  readonly sum: number;
}

/** Values of one thread as plain data: by metric name, then by labels in exposition format. */
export type Measured = ReadonlyMap<string, ReadonlyMap<string, number | Distribution>>;

/**
 * The metrics of one thread. Every thread has its own instance, so nothing is shared or locked; the main thread sums them
 * when they are requested.
 */
export class Meter {
  readonly #series = new Map<string, Map<string, number | MutableDistribution>>();
  readonly #collectors = new Set<() => void>();

  /** Adds `by` (default 1) to a counter. */
  count<N extends MetricName<"counter">>(name: N, labels: LabelsOf<N>, by = 1): void {
    const series = this.#of(name);
    const key = labelText(name, labels);
    series.set(key, (series.get(key) as number | undefined ?? 0) + by);
  }

  /** Sets a gauge. */
  set<N extends MetricName<"gauge">>(name: N, labels: LabelsOf<N>, value: number): void {
    this.#of(name).set(labelText(name, labels), value);
  }

  /** Removes a gauge, so that a stale value is not exposed as the current one. */
  clear(name: MetricName<"gauge">): void {
    this.#series.delete(name);
  }

  /** Adds a value to a histogram. */
  observe<N extends MetricName<"histogram">>(name: N, labels: LabelsOf<N>, value: number): void {
    const { buckets } = METRICS[name];
    const series = this.#of(name);
    const key = labelText(name, labels);
    let state = series.get(key) as MutableDistribution | undefined;
    if (state === undefined) {
      state = { counts: new Array(buckets.length + 1).fill(0), sum: 0 };
      series.set(key, state);
    }
    const found = buckets.findIndex((end) => value <= end);
    const at = found < 0 ? buckets.length : found;
    state.counts[at] = (state.counts[at] ?? 0) + 1;
    state.sum += value;
  }

  /** Registers a callback that sets gauges before each {@linkcode Meter.read}. */
  collect(collect: () => void): void {
    this.#collectors.add(collect);
  }

  /** Runs the collectors and returns the current values. */
  read(): Measured {
    for (const collect of this.#collectors) collect();
    return this.#series;
  }

  #of(name: string): Map<string, number | MutableDistribution> {
    let series = this.#series.get(name);
    if (series === undefined) this.#series.set(name, series = new Map());
    return series;
  }
}

interface MutableDistribution {
  readonly counts: number[];
  sum: number;
}

const RULES: ReadonlyMap<string, readonly (readonly [string, LabelRule])[]> = new Map(
  Object.entries(METRICS).map(([name, { labels }]: [string, Metric]) => [
    name,
    Object.entries(labels),
  ]),
);

/** Labels in exposition format, in the order of the table; a value outside the table becomes `other`. */
function labelText(name: string, labels: Readonly<Record<string, string>>): string {
  let text = "";
  for (const [label, rule] of RULES.get(name) ?? []) {
    const given = labels[label] ?? "";
    const value = rule.isAllowed(given) ? given : OTHER;
    text += `${text === "" ? "" : ","}${label}="${value}"`;
  }
  return text;
}
