/** Something that is not as it was written. Records are counted from 0. */
export interface LogFault {
  /** The record, or the first of those among which it is. */
  readonly record: number;
  /** Last record of the range, where the fault cannot be located more precisely. */
  readonly to?: number;
  /** File name, as given to the verifier. */
  readonly file: string;
  /** Line number in the file, from 1. */
  readonly line: number;
  /** Description of the finding. */
  readonly what: string;
}
