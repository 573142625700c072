/**
 * The rules of secrets once more, as simply as they can be said: everything that was ever put, and what became of
 * it. Random rounds of writes and reads are given to the model and to the real thing, which must answer alike.
 */
import fc from "fast-check";

/** A change of one path. */
export type Write =
  & { readonly path: string; readonly cas: number | undefined }
  & (
    | { readonly kind: "put"; readonly value: string }
    | { readonly kind: "delete" | "undelete"; readonly versions: readonly number[] }
  );

/** A question. */
export type Read =
  | { readonly kind: "get" | "metadata"; readonly path: string; readonly version: number }
  | {
    readonly kind: "list";
    readonly prefix: string;
    readonly after: string;
    readonly limit: number | undefined;
  };

/** Writes at once, in this order, and reads once these are done. */
export interface Round {
  readonly writes: readonly Write[];
  readonly reads: readonly Read[];
  /** Whether everything that is remembered is forgotten first. */
  readonly isForgetful: boolean;
}

/**
 * What a write or a read led to: the current version or a value, a list, or why not. A code of the closed list
 * stands for itself, and `no path`, `no version` and `deleted` for what was not found.
 */
export type Answer = string | number | readonly (string | number)[];

/** How many versions a path keeps in the model. */
export const MODEL_MAX_VERSIONS = 4;

/** They sort otherwise by locale, by case, and with what follows them. */
const PATHS = ["a", "a/b", "a/", "a//b", "a-b", "B", "b"];

/** Mostly few, so that they grow histories; now and then the others, for the listings. */
const path = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom("a", "a/b") },
  { weight: 1, arbitrary: fc.constantFrom(...PATHS) },
);
const number = fc.integer({ min: 0, max: 9 });
const cas = fc.oneof(
  { weight: 5, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: number },
);
const versions = fc.array(number, { maxLength: 3 });
const write: fc.Arbitrary<Write> = fc.oneof(
  fc.record({ kind: fc.constant("put" as const), path, cas, value: fc.string({ maxLength: 12 }) }),
  fc.record({ kind: fc.constantFrom("delete", "undelete"), path, cas, versions }),
);
const read: fc.Arbitrary<Read> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom("get", "metadata"),
      path,
      version: number,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("list" as const),
      prefix: fc.constantFrom("", "a", "a/", "b", "B", "c", "a/\u{1f511}"),
      after: fc.constantFrom("", ...PATHS, "a/z", "a\ufffd", "a\u{1f511}", "~"),
      limit: fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined }),
    }),
  },
);
const round: fc.Arbitrary<Round> = fc.record({
  writes: fc.array(write, { minLength: 1, maxLength: 8 }),
  reads: fc.array(read, { maxLength: 6 }),
  isForgetful: fc.boolean(),
});

/** A history of a store, of some hundred steps when it is not shrunk. */
export function anyRounds(most: number): fc.Arbitrary<readonly Round[]> {
  return fc.array(round, { minLength: 1, maxLength: most, size: "max" });
}

interface Put {
  readonly value: string;
  isDeleted: boolean;
  isPruned: boolean;
}

interface ModelSecret {
  /** Index is the version's number - 1. */
  readonly puts: Put[];
  oldest: number;
}

/** What every write and read must lead to. */
export class Model {
  readonly #secrets = new Map<string, ModelSecret>();

  write(step: Write): Answer {
    const secret = this.#secrets.get(step.path);
    if (step.cas !== undefined && step.cas !== currentOf(secret)) return "entity_conflict";
    if (step.kind === "put") return this.#put(step.path, step.value);
    if (secret === undefined) return "no path";
    return step.kind === "delete" ? remove(secret, step.versions) : restore(secret, step.versions);
  }

  read(step: Read): Answer {
    if (step.kind === "list") return this.#list(step);
    const secret = this.#secrets.get(step.path);
    if (secret === undefined) return "no path";
    const number = step.version || currentOf(secret);
    if (number === 0) return "deleted";
    const put = secret.puts[number - 1];
    if (put === undefined || put.isPruned) return "no version";
    if (put.isDeleted) return "deleted";
    return step.kind === "get" ? `${number}:${put.value}` : metadataOf(secret);
  }

  /** All questions that can be asked of one path. */
  questions(): Read[] {
    return PATHS.flatMap((path) =>
      Array.from(
        { length: (this.#secrets.get(path)?.puts.length ?? 0) + 2 },
        (_, version): Read => ({ kind: version % 2 ? "get" : "metadata", path, version }),
      )
    );
  }

  #put(path: string, value: string): Answer {
    const secret = this.#secrets.get(path) ?? { puts: [], oldest: 0 };
    this.#secrets.set(path, secret);
    secret.puts.push({ value, isDeleted: false, isPruned: false });
    const pruned = secret.puts.slice(0, -MODEL_MAX_VERSIONS).filter((put) => !put.isPruned);
    for (const put of pruned) put.isPruned = true;
    if (pruned.length > 0) secret.oldest = numbers(secret, () => true)[0] ?? 0;
    else secret.oldest ||= secret.puts.length;
    return secret.puts.length;
  }

  #list({ prefix, after, limit }: Read & { readonly kind: "list" }): Answer {
    return [...this.#secrets.keys()]
      .filter((path) => path.startsWith(prefix) && (after === "" || path > after))
      .toSorted((a, b) => a < b ? -1 : 1)
      .slice(0, limit);
  }
}

function remove(secret: ModelSecret, wanted: readonly number[]): Answer {
  return mark(secret, true, meant(wanted, currentOf(secret)));
}

function restore(secret: ModelSecret, wanted: readonly number[]): Answer {
  const deleted = numbers(secret, (put) => put.isDeleted);
  const found = meant(wanted, deleted.at(-1) ?? 0).filter((number) => deleted.includes(number));
  return found.length === 0 ? "no version" : mark(secret, false, found);
}

/** The numbers that a list names; none, and 0, stand for `zero`. */
function meant(wanted: readonly number[], zero: number): number[] {
  return (wanted.length === 0 ? [0] : wanted).map((number) => number || zero);
}

function mark(secret: ModelSecret, isDeleted: boolean, wanted: readonly number[]): Answer {
  const found = numbers(secret, () => true).filter((number) => wanted.includes(number));
  for (const number of found) {
    const put = secret.puts[number - 1];
    if (put) put.isDeleted = isDeleted;
  }
  if (found.length > 0) secret.oldest = numbers(secret, (put) => !put.isDeleted)[0] ?? 0;
  return currentOf(secret);
}

function currentOf(secret: ModelSecret | undefined): number {
  return (secret && numbers(secret, (put) => !put.isDeleted).at(-1)) ?? 0;
}

/** Numbers of what is kept and fulfils `test`, ascending. */
function numbers({ puts }: ModelSecret, test: (put: Put) => boolean): number[] {
  return puts.flatMap((put, i) => !put.isPruned && test(put) ? [i + 1] : []);
}

/** Current, oldest, then all kept numbers, negative when deleted. */
function metadataOf(secret: ModelSecret): readonly number[] {
  const kept = numbers(secret, () => true);
  const all = kept.map((number) => secret.puts[number - 1]?.isDeleted ? -number : number);
  return [currentOf(secret), secret.oldest, ...all];
}
