/** What a label may hold. Everything else is counted under `other`, so that no text of a caller gets in. */
export interface LabelRule {
  /** For the documentation. */
  readonly values: string;
  isAllowed(value: string): boolean;
}

/** One line of the table of metrics. */
export interface Metric<L extends string = string> {
  readonly kind: "counter" | "gauge" | "histogram";
  /** One sentence, without its full stop in the exposition. */
  readonly help: string;
  readonly labels: Readonly<Record<L, LabelRule>>;
  /** Upper ends of a histogram's buckets, ascending, without infinity. */
  readonly buckets?: readonly number[];
}

/** The word for a label value that the table does not know. */
export const OTHER = "other";

/** A label that holds one of a closed list of words; `values` says which where the list is long. */
export function words(
  list: readonly string[],
  values: string = list.map((word) => `\`${word}\``).join(", "),
): LabelRule {
  const allowed = new Set(list);
  return {
    values,
    isAllowed: (value) => allowed.has(value),
  };
}

/** A label whose values match a pattern; `values` says in words which. */
export function matching(pattern: RegExp, values: string): LabelRule {
  return { values, isAllowed: (value) => pattern.test(value) };
}

const NO_LABELS = {};

/** A number that only grows. */
export function counter<L extends string = never>(
  help: string,
  labels: Record<L, LabelRule> = NO_LABELS as Record<L, LabelRule>,
): Metric<L> & { readonly kind: "counter" } {
  return { kind: "counter", help, labels };
}

/** A number that goes up and down. What several threads set of it is added up. */
export function gauge<L extends string = never>(
  help: string,
  labels: Record<L, LabelRule> = NO_LABELS as Record<L, LabelRule>,
): Metric<L> & { readonly kind: "gauge" } {
  return { kind: "gauge", help, labels };
}

/** How often values fell into each of some ranges. */
export function histogram<L extends string = never>(
  help: string,
  buckets: readonly number[],
  labels: Record<L, LabelRule> = NO_LABELS as Record<L, LabelRule>,
): Metric<L> & { readonly kind: "histogram"; readonly buckets: readonly number[] } {
  return { kind: "histogram", help, labels, buckets };
}
