/** Allowed values of a label. Any other value is counted as `other`, so no text of a caller gets in. */
export interface LabelRule {
  /** The allowed values in words, for the documentation. */
  readonly values: string;
  /** Whether a value is exposed as it is. */
  isAllowed(value: string): boolean;
}

/** One line of the table of metrics. */
export interface Metric<L extends string = string> {
  /** Type in the exposition. */
  readonly kind: "counter" | "gauge" | "histogram";
  /** One sentence without its full stop. */
  readonly help: string;
  /** Rules by label name. */
  readonly labels: Readonly<Record<L, LabelRule>>;
  /** Upper bounds of a histogram's buckets, ascending, without +Inf. */
  readonly buckets?: readonly number[];
}

/** Replaces a label value that is not allowed. */
export const OTHER = "other";

/** A label with a closed list of words; `values` describes them if the list is long. */
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

/** A label whose values match a pattern; `values` describes them in words. */
export function matching(pattern: RegExp, values: string): LabelRule {
  return { values, isAllowed: (value) => pattern.test(value) };
}

const NO_LABELS = {};

/** A metric that only increases. */
export function counter<L extends string = never>(
  help: string,
  labels: Record<L, LabelRule> = NO_LABELS as Record<L, LabelRule>,
): Metric<L> & { readonly kind: "counter" } {
  return { kind: "counter", help, labels };
}

/** A metric that goes up and down. Values of several threads are summed. */
export function gauge<L extends string = never>(
  help: string,
  labels: Record<L, LabelRule> = NO_LABELS as Record<L, LabelRule>,
): Metric<L> & { readonly kind: "gauge" } {
  return { kind: "gauge", help, labels };
}

/** A metric that counts observations by bucket. */
export function histogram<L extends string = never>(
  help: string,
  buckets: readonly number[],
  labels: Record<L, LabelRule> = NO_LABELS as Record<L, LabelRule>,
): Metric<L> & { readonly kind: "histogram"; readonly buckets: readonly number[] } {
  return { kind: "histogram", help, labels, buckets };
}
