/** An input that once broke a parser, or told two of them apart. */
export interface Finding {
  readonly target: string;
  readonly hex: string;
  readonly what: string;
}

/** What runs have found; each stays a test. */
export const FINDINGS: readonly Finding[] = [];
