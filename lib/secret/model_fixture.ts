/**
 * The rules of secrets once more, as simply as they can be said: everything that was ever put, and what became of
 * it. Random rounds of writes and reads are given to the model and to the real thing, which must answer alike.
 */
import fc from "fast-check";

/** A change of one path. */
export type Write =
  & { readonly path: string; readonly cas: number | undefined }
  & (
    | { readonly kind: "put"; readonly value: string; readonly isBinary: boolean }
    | {
      readonly kind: "delete" | "undelete" | "destroy";
      readonly versions: readonly number[];
    }
    | { readonly kind: "purge" }
    | {
      readonly kind: "setMetadata";
      readonly note: string | undefined;
      readonly max: number | undefined;
      readonly expiry: Expiry | undefined;
    }
    | { readonly kind: "copy" | "move"; readonly from: string; readonly version: number }
  );

/** When a path expires: it has, it never will, or not as long as a test runs. */
export type Expiry = "past" | "never" | "future";

/** A question. */
export type Read =
  | { readonly kind: "get"; readonly path: string; readonly version: number }
  | {
    readonly kind: "metadata";
    readonly path: string;
    readonly version: number;
    /** Also of a path of which nothing can be read. */
    readonly all: boolean;
  }
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
 * stands for itself, and `no path`, `no version`, `deleted`, `destroyed` and `expired` for what was not found.
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
const rare = { nil: undefined, freq: 3 };
const write: fc.Arbitrary<Write> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("put" as const),
      path,
      cas,
      value: fc.string({ maxLength: 12 }),
      isBinary: fc.boolean(),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom("delete", "undelete", "destroy"),
      path,
      cas,
      versions,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("purge" as const), path, cas }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("setMetadata" as const),
      path,
      cas,
      note: fc.option(fc.string({ maxLength: 6 }), rare),
      max: fc.option(fc.integer({ min: 1, max: 6 }), rare),
      expiry: fc.option(fc.constantFrom<Expiry[]>("past", "never", "never", "future"), rare),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constantFrom("copy", "move"),
      path,
      cas,
      from: path,
      version: fc.oneof(fc.constant(0), number),
    }),
  },
);
const read: fc.Arbitrary<Read> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant("get" as const), path, version: number }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("metadata" as const),
      path,
      version: number,
      all: fc.boolean(),
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
  isDestroyed: boolean;
  /** The path expired while it was there, and was written anew. */
  hasExpired: boolean;
  /** Pushed out or purged. */
  isGone: boolean;
}

interface ModelSecret {
  /** Index is the version's number - 1. */
  readonly puts: Put[];
  oldest: number;
  max: number;
  note: string;
  isExpired: boolean;
  isPurged: boolean;
}

/** What every write and read must lead to. */
export class Model {
  readonly #secrets = new Map<string, ModelSecret>();

  write(step: Write): Answer {
    if (step.kind === "move" && step.from === step.path) return "api_bad_request";
    const secret = this.#secrets.get(step.path);
    if (step.cas !== undefined && step.cas !== readable(secret)) return "entity_conflict";
    switch (step.kind) {
      case "put":
        return this.#put(step.path, told(step.value, step.isBinary));
      case "copy":
      case "move":
        return this.#copy(step);
      case "purge":
        return secret === undefined ? "no path" : purge(secret);
    }
    if (secret === undefined || secret.isPurged) return "no path";
    switch (step.kind) {
      case "setMetadata":
        return describe(secret, step);
      case "undelete":
        return restore(secret, step.versions);
      default:
        return remove(secret, step.versions, step.kind);
    }
  }

  read(step: Read): Answer {
    if (step.kind === "list") return this.#list(step);
    const secret = this.#secrets.get(step.path);
    if (secret === undefined || secret.isPurged) return "no path";
    if (step.kind === "metadata" && step.all) return metadataOf(secret);
    const found = find(secret, step.version);
    if (typeof found === "string") return found;
    return step.kind === "get" ? `${found.number}:${found.value}` : metadataOf(secret);
  }

  /** All questions that can be asked of one path. */
  questions(): Read[] {
    return PATHS.flatMap((path) => [
      { kind: "metadata", path, version: 0, all: true } as const,
      ...Array.from(
        { length: (this.#secrets.get(path)?.puts.length ?? 0) + 2 },
        (_, version): Read =>
          version % 2
            ? { kind: "get", path, version }
            : { kind: "metadata", path, version, all: false },
      ),
    ]);
  }

  /** What a get of the current version of each path must lead to. */
  current(): [path: string, answer: Answer][] {
    return PATHS.map((path) => [path, this.read({ kind: "get", path, version: 0 })]);
  }

  #put(path: string, value: string): Answer {
    const secret = this.#begin(path);
    secret.puts.push({
      value,
      isDeleted: false,
      isDestroyed: false,
      hasExpired: false,
      isGone: false,
    });
    const kept = numbers(secret, () => true);
    const pushedOut = kept.slice(0, -secret.max);
    for (const number of pushedOut) at(secret, number).isGone = true;
    if (pushedOut.length > 0) secret.oldest = numbers(secret, () => true)[0] ?? 0;
    else secret.oldest ||= secret.puts.length;
    return secret.puts.length;
  }

  /** The secret to add a version to; what had expired before is as if it were deleted. */
  #begin(path: string): ModelSecret {
    const known = this.#secrets.get(path);
    const fresh = {
      oldest: 0,
      max: MODEL_MAX_VERSIONS,
      note: "",
      isExpired: false,
      isPurged: false,
    };
    const secret = known ?? { puts: [], ...fresh };
    if (secret.isPurged) Object.assign(secret, fresh);
    if (secret.isExpired) {
      for (const put of secret.puts) Object.assign(put, { isDeleted: true, hasExpired: true });
      secret.oldest = 0;
      secret.isExpired = false;
    }
    this.#secrets.set(path, secret);
    return secret;
  }

  #copy(step: Write & { readonly kind: "copy" | "move" }): Answer {
    const source = this.#secrets.get(step.from);
    if (source === undefined || source.isPurged) return "no path";
    const found = find(source, step.version);
    if (typeof found === "string") return found;
    const before = this.#secrets.get(step.path);
    const isNew = before === undefined || before.isPurged;
    const { max, note } = source;
    // What is inherited counts from the next put on, too.
    const answer = this.#put(step.path, found.value);
    const target = this.#secrets.get(step.path);
    if (isNew && target) Object.assign(target, { max, note });
    if (step.kind === "move") mark(source, "delete", numbers(source, (put) => !put.isDeleted));
    return answer;
  }

  #list({ prefix, after, limit }: Read & { readonly kind: "list" }): Answer {
    return [...this.#secrets.entries()]
      .filter(([path, { isPurged }]) =>
        !isPurged && path.startsWith(prefix) && (after === "" || path > after)
      )
      .map(([path]) => path)
      .toSorted((a, b) => a < b ? -1 : 1)
      .slice(0, limit);
  }
}

/** How a value is told: bytes and text are not the same. */
export function told(value: string, isBinary: boolean): string {
  return `${isBinary ? "bytes" : "text"} ${value}`;
}

function find(
  secret: ModelSecret,
  version: number,
): Answer & string | { number: number; value: string } {
  if (secret.isExpired) return "expired";
  const number = version || currentOf(secret);
  if (number === 0) return "deleted";
  const put = secret.puts[number - 1];
  if (put === undefined || put.isGone) return "no version";
  if (put.isDestroyed) return "destroyed";
  if (put.hasExpired) return "expired";
  return put.isDeleted ? "deleted" : { number, value: put.value };
}

function purge(secret: ModelSecret): Answer {
  for (const put of secret.puts) Object.assign(put, { isGone: true, hasExpired: false });
  secret.isPurged = true;
  secret.isExpired = false;
  return 0;
}

function describe(
  secret: ModelSecret,
  { note, max, expiry }: Write & { readonly kind: "setMetadata" },
): Answer {
  if (expiry !== undefined && secret.isExpired) return "expired";
  secret.note = note ?? secret.note;
  secret.max = max ?? secret.max;
  if (expiry !== undefined) secret.isExpired = expiry === "past";
  return readable(secret);
}

function remove(
  secret: ModelSecret,
  wanted: readonly number[],
  kind: "delete" | "destroy",
): Answer {
  return mark(secret, kind, meant(wanted, currentOf(secret)));
}

function restore(secret: ModelSecret, wanted: readonly number[]): Answer {
  if (secret.isExpired) return "expired";
  const deleted = numbers(
    secret,
    (put) => put.isDeleted && !put.isDestroyed && !put.hasExpired,
  );
  const found = meant(wanted, deleted.at(-1) ?? 0).filter((number) => deleted.includes(number));
  const isOut = wanted.some((number) => secret.puts[number - 1]?.hasExpired);
  if (found.length === 0) return isOut ? "expired" : "no version";
  return mark(secret, "undelete", found);
}

/** The numbers that a list names; none, and 0, stand for `zero`. */
function meant(wanted: readonly number[], zero: number): number[] {
  return (wanted.length === 0 ? [0] : wanted).map((number) => number || zero);
}

function mark(
  secret: ModelSecret,
  kind: "delete" | "undelete" | "destroy",
  wanted: readonly number[],
): Answer {
  const found = numbers(secret, (put) => !put.isDestroyed)
    .filter((number) => wanted.includes(number));
  for (const number of found) {
    const put = at(secret, number);
    put.isDeleted = kind !== "undelete";
    put.isDestroyed = kind === "destroy";
  }
  if (found.length > 0) secret.oldest = numbers(secret, (put) => !put.isDeleted)[0] ?? 0;
  return readable(secret);
}

function at({ puts }: ModelSecret, number: number): Put {
  const put = puts[number - 1];
  if (put === undefined) throw new Error(`Nothing was put as version ${number}`);
  return put;
}

function currentOf(secret: ModelSecret | undefined): number {
  return (secret && numbers(secret, (put) => !put.isDeleted).at(-1)) ?? 0;
}

/** The current version as long as it can be read. */
function readable(secret: ModelSecret | undefined): number {
  return secret?.isExpired ? 0 : currentOf(secret);
}

/** Numbers of what is kept and fulfils `test`, ascending. */
function numbers({ puts }: ModelSecret, test: (put: Put) => boolean): number[] {
  return puts.flatMap((put, i) => !put.isGone && test(put) ? [i + 1] : []);
}

/** Current, oldest, number to keep and note, then all kept numbers, negative when deleted, halved when destroyed. */
function metadataOf(secret: ModelSecret): Answer {
  const { oldest, max, note } = secret;
  const kept = numbers(secret, () => true).map((number) => {
    const { isDeleted, isDestroyed } = at(secret, number);
    return isDestroyed ? number / -2 : isDeleted ? -number : number;
  });
  return [currentOf(secret), oldest, max, note, ...kept];
}
