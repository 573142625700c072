import type { Change } from "./entry.ts";
import { headOf } from "./record_head.ts";
import type { Restorations } from "./restorations.ts";

/** The newest record of a row: its digest, or its removal. */
export interface Recorded {
  /** Empty for a key, whose wrapping is not recorded. */
  readonly digest: string | undefined;
  /** Revision of the transaction that stored the row. */
  readonly revision: number;
  /** Whether it is there without being listed. */
  readonly isPurged: boolean;
}

/**
 * Kinds of rows that are recorded: heads of secrets, policies, heads of named cipher keys, all with their digests, and
 * versions of long-lived keys, which are recorded once and never removed.
 */
export const ROW_KINDS = ["head", "policy", "keyHead", "key"] as const;

/** Kind of a row that is recorded. */
export type RowKind = (typeof ROW_KINDS)[number];

const decoder = new TextDecoder();

/** The newest digest of every row, gathered from records in their order. Costs some 200 bytes for each row. */
export class Newest {
  readonly #restorations: Restorations | undefined;
  #count = 0;
  readonly #rows = new Map<string, Recorded>();
  /** Revision of the first recorded transaction; older ones have no record. */
  firstRevision: number | undefined;

  /** Ignores changes that restores reverted. */
  constructor(restorations?: Restorations) {
    this.#restorations = restorations;
  }

  /** Takes the bytes of a record; all but those of changes are passed over, and what nobody wrote like that. */
  take(record: Uint8Array): void {
    const at = this.#count++;
    if (headOf(record)?.kind !== "change") return;
    const change = changeIn(record);
    if (change === undefined) return;
    const { revision, changes } = change;
    if (this.#restorations?.tookBack(at, revision)) return;
    this.firstRevision ??= revision;
    for (const change of changes) this.#change(revision, change);
  }

  /** The newest record of a row, by its name in the records. */
  of(kind: RowKind, name: string): Recorded | undefined {
    return this.#rows.get(keyOf(kind, name));
  }

  /** Names of the rows of one kind that were not removed. */
  *names(kind: RowKind): Generator<string> {
    for (const [key, { digest }] of this.#rows) {
      if (digest !== undefined && key.startsWith(`${kind} `)) yield key.slice(kind.length + 1);
    }
  }

  #change(revision: number, change: Change): void {
    if ("head" in change) {
      this.#rows.set(keyOf("head", change.head), {
        digest: change.digest,
        revision,
        isPurged: change.purged === true,
      });
    } else if ("policy" in change) {
      const digest = "digest" in change ? change.digest : undefined;
      this.#rows.set(keyOf("policy", change.policy), { digest, revision, isPurged: false });
    } else if ("keyHead" in change) {
      const { keyHead, digest } = change;
      this.#rows.set(keyOf("keyHead", keyHead), { digest, revision, isPurged: false });
    } else if ("key" in change) {
      const name = nameOfKey({ name: change.key, version: change.version });
      this.#rows.set(keyOf("key", name), { digest: "", revision, isPurged: false });
    }
  }
}

interface ChangeRecord {
  readonly revision: number;
  readonly changes: readonly Change[];
}

/** Undefined for a malformed record; the verification checks signatures. */
function changeIn(record: Uint8Array): ChangeRecord | undefined {
  try {
    const { revision, changes }: Partial<ChangeRecord> = Object(JSON.parse(decoder.decode(record)));
    const isChange = typeof revision === "number" && Array.isArray(changes) &&
      changes.every((change) => typeof change === "object" && change !== null);
    return isChange ? { revision, changes } : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** One version of a long-lived key, as one name. */
export function nameOfKey({ name, version }: { name: string; version: number }): string {
  return `${name} version ${version}`;
}

function keyOf(kind: RowKind, name: string): string {
  return `${kind} ${name}`;
}
