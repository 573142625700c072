import { movesIn } from "./moves.ts";
import { headOf } from "./record_head.ts";

const decoder = new TextDecoder();
const UNRECORDED =
  /"event":"changes_unrecorded","detail":\{"from":(\d+),"to":(\d+),"why":"([a-z ]+)"/;

/**
 * Follows the revisions of changes: each transaction leaves a record, so their numbers have no gap. Versions that
 * wrote format 1 left none for transactions that changed nothing of interest; nothing is said of gaps there.
 */
export class Revisions {
  #last: number | undefined;

  /** Transactions up to this one are not recorded in the log. */
  begin(revision: number): void {
    this.#last = revision;
  }

  /** Takes the bytes of a record; answers what is wrong. */
  *take(record: Uint8Array): Generator<string> {
    const head = headOf(record);
    if (head?.kind === "request" || head?.kind === undefined) return;
    const { revision } = movesIn(record);
    if (revision === undefined) return;
    const before = this.#last;
    this.#last = head.format === 1 ? undefined : revision;
    if (head.kind === "notice") {
      const [, from, to, why] = UNRECORDED.exec(decoder.decode(record)) ?? [];
      if (why) yield `${rangeOf(Number(from), Number(to))} without a record: ${why}`;
      return;
    }
    if (before === undefined || revision === before + 1) return;
    yield revision > before
      ? `${rangeOf(before + 1, revision - 1)} without a record before this one`
      : `the change has revision ${revision}, and the one before it ${before}`;
  }
}

function rangeOf(from: number, to: number): string {
  return from === to
    ? `the change of revision ${from} is`
    : `the changes of revisions ${from} to ${to} are`;
}
