/** What one path must hold: a model of versions that knows nothing of how they are stored. */

/** One write. */
export type Op =
  | { readonly kind: "put"; readonly value: string }
  | { readonly kind: "delete" | "undelete" };

interface Version {
  readonly value: string;
  readonly isDeleted: boolean;
}

/** How many versions of a path Nexus keeps unless it is told otherwise. */
export const KEPT = 10;

/** The versions of a path; changing it makes another one. */
export class History {
  readonly highest: number;
  readonly #versions: ReadonlyMap<number, Version>;

  constructor(highest = 0, versions: ReadonlyMap<number, Version> = new Map()) {
    this.highest = highest;
    this.#versions = versions;
  }

  /** What there is to read under a number; undefined where there is nothing. */
  at(number: number): string | undefined {
    const version = this.#versions.get(number);
    return version?.isDeleted === false ? version.value : undefined;
  }

  /** Whether such a write changes anything. */
  can({ kind }: Op): boolean {
    if (kind === "put") return true;
    return [...this.#versions.values()].some(({ isDeleted }) =>
      isDeleted === (kind === "undelete")
    );
  }

  /** The history after a write: of the newest version, the newest live one, the newest deleted one. */
  after(op: Op): History {
    const versions = new Map(this.#versions);
    if (op.kind === "put") {
      versions.set(this.highest + 1, { value: op.value, isDeleted: false });
      versions.delete(this.highest + 1 - KEPT);
      return new History(this.highest + 1, versions);
    }
    const numbers = [...versions.keys()].sort((a, b) => b - a);
    const isDeleted = op.kind === "delete";
    const number = numbers.find((each) => versions.get(each)?.isDeleted !== isDeleted);
    const version = number === undefined ? undefined : versions.get(number);
    if (number !== undefined && version) versions.set(number, { ...version, isDeleted });
    return new History(this.highest, versions);
  }

  /** Numbers that a reader has to look at to tell this history from its neighbours. */
  get window(): number[] {
    const first = Math.max(1, this.highest - KEPT);
    return Array.from({ length: this.highest + 2 - first + 1 }, (_, i) => first + i);
  }
}

/** What was found under each number of a window. */
export type Found = ReadonlyMap<number, string | undefined>;

/** Whether that is what a history says. */
export function agrees(history: History, found: Found): boolean {
  return [...found].every(([number, value]) => history.at(number) === value);
}

/** What is known of a path: what was acknowledged, and the one write that was under way, if any. */
export class Known {
  acknowledged = new History();
  pending: Op | undefined;

  /** The histories that there may be after a crash. */
  get possible(): History[] {
    const { acknowledged, pending } = this;
    return pending ? [acknowledged, acknowledged.after(pending)] : [acknowledged];
  }

  begin(op: Op): void {
    this.pending = op;
  }

  acknowledge(): void {
    if (this.pending) this.acknowledged = this.acknowledged.after(this.pending);
    this.pending = undefined;
  }

  /** Takes what was found for the truth; false when it cannot be. */
  settle(found: Found): boolean {
    const history = this.possible.find((each) => agrees(each, found));
    if (!history) return false;
    this.acknowledged = history;
    this.pending = undefined;
    return true;
  }
}
