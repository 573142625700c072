/** Restores of the store from a backup, as the logs record them. */
interface Restoration {
  /** How many records came before. */
  readonly at: number;
  /** Revision of the backup: the restore reverted later changes. */
  readonly revision: number;
}

const decoder = new TextDecoder();
const RESTORED =
  /^\{"format":[12],"n":\d+,"kind":"notice","time":\d+,"event":"store_restored","detail":/;

/** Collects from records, in order, which changes restores reverted, and which logs were missing at that time. */
export class Restorations {
  readonly #found: Restoration[] = [];
  readonly #absent = new Set<string>();
  #count = 0;

  /** Adds the bytes of a record. */
  take(record: Uint8Array): void {
    this.#count++;
    if (!RESTORED.test(decoder.decode(record.subarray(0, 160)))) return;
    const detail = detailOf(record);
    this.#found.push({ at: this.#count, revision: Number(detail.revision) });
    for (const log of String(detail.missing ?? "").split(",")) this.#absent.add(log);
  }

  /** Whether there was any. */
  get isEmpty(): boolean {
    return this.#found.length === 0;
  }

  /** Whether a restore reverted the change of a record, counted from 0 over all logs. */
  tookBack(at: number, revision: number): boolean {
    return this.#found.some((one) => at < one.at && revision > one.revision);
  }

  /** Whether a log was missing already when the store was restored, so that it was not removed later. */
  wentWithout(log: string): boolean {
    return this.#absent.has(log);
  }
}

/** Empty for a malformed record; the verification checks signatures. */
function detailOf(record: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    return Object(Object(JSON.parse(decoder.decode(record))).detail);
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
