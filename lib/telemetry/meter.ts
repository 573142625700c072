import { type LabelRule, type Metric, OTHER } from "./metric.ts";
import { type LabelsOf, type MetricName, METRICS } from "./metric_table.ts";

/** A histogram's state: how many fell into each bucket (the last is the rest), and their sum. */
export interface Distribution {
  readonly counts: readonly number[];
  readonly sum: number;
}

/** What one thread has measured, as plain data: by metric, by labels as they are exposed. */
export type Measured = ReadonlyMap<string, ReadonlyMap<string, number | Distribution>>;

/**
 * Counts what one thread does. Every thread has one of its own, so nothing here is shared or locked; the main
 * thread adds them up when it is asked.
 */
export class Meter {
  readonly #series = new Map<string, Map<string, number | MutableDistribution>>();
  readonly #collectors = new Set<() => void>();

  /** Adds to a counter. */
  count<N extends MetricName<"counter">>(name: N, labels: LabelsOf<N>, by = 1): void {
    const series = this.#of(name);
    const key = labelText(name, labels);
    series.set(key, (series.get(key) as number | undefined ?? 0) + by);
  }

  /** Sets a gauge. */
  set<N extends MetricName<"gauge">>(name: N, labels: LabelsOf<N>, value: number): void {
    this.#of(name).set(labelText(name, labels), value);
  }

  /** Forgets a gauge, so that an old value is not taken for the present one. */
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

  /** Has `collect` set gauges each time somebody looks. */
  collect(collect: () => void): void {
    this.#collectors.add(collect);
  }

  /** What was measured up to now. */
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

/** Labels as they are exposed, in the order of the table; what the table does not allow is `other`. */
function labelText(name: string, labels: Readonly<Record<string, string>>): string {
  let text = "";
  for (const [label, rule] of RULES.get(name) ?? []) {
    const given = labels[label] ?? "";
    const value = rule.isAllowed(given) ? given : OTHER;
    text += `${text === "" ? "" : ","}${label}="${value}"`;
  }
  return text;
}
