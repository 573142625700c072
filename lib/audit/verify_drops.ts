import { headOf, type RecordKind } from "./record_head.ts";
import type { LogFault } from "./log_fault.ts";

/** The dropped records of one file. */
interface Dropped {
  readonly file: string;
  /** Number of the first record of the file. */
  readonly begins: number;
  first: { readonly record: number; readonly line: number } | undefined;
  last: number;
  count: number;
  /** Those that were not requests. */
  readonly others: { readonly record: number; readonly line: number; readonly kind: RecordKind }[];
}

/** What a notice says is dropped. */
interface Announced {
  /** Number of the notice's own record. */
  readonly record: number;
  readonly first: number;
  /** Absent in notices of older versions. */
  readonly last?: number;
  readonly count: number;
}

const decoder = new TextDecoder();
const NUMBER = "(0|[1-9][0-9]{0,15})";
/** Older versions named neither the file nor the last record. */
const DROPPED = new RegExp(
  `"event":"records_dropped","detail":\\{(?:"file":"[0-9.a-z]+",)?` +
    `"first":${NUMBER},(?:"last":${NUMBER},)?"count":${NUMBER}\\}\\}$`,
);

/** Compares the records that were dropped from each file with the notices that retention left before. */
export class Drops {
  readonly #files: Dropped[] = [];
  readonly #announced: Announced[] = [];
  /** Dropped records whose kind nothing proves. */
  unbound = 0;

  /** A file begins, with this record. */
  begin(file: string, begins: number): void {
    this.#files.push({ file, begins, first: undefined, last: 0, count: 0, others: [] });
  }

  /** A dropped record; of which kind, where that is proved. */
  take(record: number, line: number, kind: RecordKind | undefined): void {
    const file = this.#files.at(-1);
    if (!file) return;
    file.first ??= { record, line };
    file.last = record;
    file.count++;
    if (kind === undefined) this.unbound++;
    else if (kind !== "request") file.others.push({ record, line, kind });
  }

  /** A record that is there: it may be a notice of what was dropped. */
  notice(record: number, bytes: Uint8Array): void {
    if (headOf(bytes)?.kind !== "notice") return;
    const [, first, last, count] = DROPPED.exec(decoder.decode(bytes)) ?? [];
    if (first === undefined) return;
    this.#announced.push({
      record,
      first: Number(first),
      ...(last === undefined ? {} : { last: Number(last) }),
      count: Number(count),
    });
  }

  /** What was dropped without a notice among the first `signed` records, or is not what retention drops. */
  *unfounded(signed: number): Generator<LogFault> {
    for (const { file, begins, first, last, count, others } of this.#files) {
      for (const { record, line, kind } of others) {
        yield { record, file, line, what: `a record of kind ${kind} was dropped` };
      }
      if (!first) continue;
      const notices = this.#announced.filter((one) =>
        one.record < signed && one.first === begins && (one.last ?? last) >= last
      );
      if (notices.some((one) => one.count === count)) continue;
      const told = notices.at(-1)?.count;
      yield {
        ...first,
        ...(last > first.record ? { to: last } : {}),
        file,
        what: told === undefined
          ? `${count} dropped without a signed notice`
          : `${count} dropped, but the signed notice counts ${told}`,
      };
    }
  }
}
