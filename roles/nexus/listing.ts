import { SpikeError } from "../../lib/api/error.ts";
import type { Sight } from "../../lib/policy/mod.ts";

/** Most paths that a filtered page looks at, and most that any page with a limit answers. */
export const MAX_SCANNED = 10_000;
/** A page that has taken so long is answered as it is. */
const MAX_MS = 250;
/** Paths fetched at a time, between which others get their turn. */
const CHUNK = 1_000;

/** Comes after every character of a path. */
const BEHIND_ALL = "\x7f";

/** A page of paths. */
export interface Page {
  readonly keys: readonly string[];
  /** What was looked at goes up to here, and there may be more behind it. It need not be one of the keys. */
  readonly stoppedAt?: string;
}

/** Which page. */
export interface PageRequest {
  readonly prefix: string;
  /** Only paths behind this one. */
  readonly after: string;
  /** At least 1; absent for as many as one page may have. */
  readonly limit?: number;
}

/** What a listing reads from. */
export interface PathSource {
  list(request: {
    readonly prefix: string;
    readonly after?: string;
    readonly limit?: number;
  }): Promise<readonly string[]>;
}

/** Checks a page's limit: absent and 0 mean none. Throws `api_bad_request`. */
export function parseLimit(limit: number | undefined): number | undefined {
  if (limit === undefined || limit === 0) return undefined;
  if (limit > 0) return Math.min(limit, MAX_SCANNED);
  throw new SpikeError("api_bad_request", `Limit is ${limit}, expected at least 1, or 0 for none`);
}

/** A page for who may see everything. Without a limit it has all paths. */
export async function listEverything(source: PathSource, request: PageRequest): Promise<Page> {
  const { prefix, after, limit } = request;
  const keys = await source.list({ prefix, after, ...(limit ? { limit } : {}) });
  const last = keys.at(-1);
  return {
    keys,
    ...(limit && keys.length === limit && last !== undefined ? { stoppedAt: last } : {}),
  };
}

/**
 * A page for who may see a part. Looks only where its sight allows anything at all, and there at a bounded number
 * of paths, so that it may be short, or empty, and still not the last one.
 */
export async function listVisible(
  source: PathSource,
  sight: Sight,
  request: PageRequest,
  clock: () => number,
): Promise<Page> {
  const scan = new Scan(request.limit ?? MAX_SCANNED, clock);
  let { after } = request;
  for (const prefix of ranges(sight, request.prefix)) {
    if (isBehind(after, prefix)) continue;
    for (;;) {
      if (scan.isOver) return scan.page(after);
      const chunk = await source.list({ prefix, after, limit: CHUNK });
      scan.looks++;
      for (const path of chunk) {
        if (scan.isOver) return scan.page(after);
        after = path;
        scan.look(path, sight);
      }
      if (chunk.length < CHUNK) break;
    }
    after = prefix + BEHIND_ALL;
  }
  return { keys: scan.keys };
}

class Scan {
  readonly keys: string[] = [];
  /** Paths seen, visible or not, and questions asked of the store. */
  looks = 0;
  readonly #limit: number;
  readonly #clock: () => number;
  readonly #endMs: number;

  constructor(limit: number, clock: () => number) {
    this.#limit = limit;
    this.#clock = clock;
    this.#endMs = clock() + MAX_MS;
  }

  get isOver(): boolean {
    return this.keys.length === this.#limit || this.looks >= MAX_SCANNED ||
      (this.looks > 0 && this.#clock() > this.#endMs);
  }

  look(path: string, sight: Sight): void {
    this.looks++;
    if (sight.sees(path)) this.keys.push(path);
  }

  page(stoppedAt: string): Page {
    return { keys: this.keys, stoppedAt };
  }
}

/** Where both the sight and the request allow something. Ascending, and apart from each other. */
function ranges({ prefixes }: Sight, wanted: string): string[] {
  return prefixes.flatMap((prefix) => {
    if (prefix.startsWith(wanted)) return prefix;
    return wanted.startsWith(prefix) ? wanted : [];
  });
}

/** Whether everything that begins with `prefix` comes before `after`. Both are ASCII. */
function isBehind(after: string, prefix: string): boolean {
  return prefix < after && !after.startsWith(prefix);
}
