/** When the store was put back from a backup, as the logs tell it. */
interface Restoration {
  /** How many records came before. */
  readonly at: number;
  /** Of the backup: what was changed later was taken back. */
  readonly revision: number;
}

const decoder = new TextDecoder();
const RESTORED =
  /^\{"format":[12],"n":\d+,"kind":"notice","time":\d+,"event":"store_restored","detail":/;

/** Gathers from records, in their order, what restorations took back, and which logs they went without. */
export class Restorations {
  readonly #found: Restoration[] = [];
  readonly #absent = new Set<string>();
  #count = 0;

  /** Takes the bytes of a record. */
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

  /** Whether the change of a record, counted from 0 over all logs, was taken back. */
  tookBack(at: number, revision: number): boolean {
    return this.#found.some((one) => at < one.at && revision > one.revision);
  }

  /** Whether a log was not there any more when the store was put back: nobody took it away later. */
  wentWithout(log: string): boolean {
    return this.#absent.has(log);
  }
}

/** Empty for what somebody has made up; whether a record is signed is for the verification to tell. */
function detailOf(record: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    return Object(Object(JSON.parse(decoder.decode(record))).detail);
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
