import { SpikeError } from "../../../lib/error/error.ts";
import type { Sight } from "../../../lib/policy/mod.ts";
import type { SecretEntry } from "../../../lib/secret/mod.ts";

/** Most paths of a filtered page, and of any page with a limit. */
export const MAX_LISTED = 10_000;
/** Paths fetched at a time, between which others get their turn. */
const CHUNK = 1_000;
/** Paths that are read at a time where most of a folder is skipped. */
const LEVEL_CHUNK = 32;

/** Comes after every character of a path. */
const BEHIND_ALL = "\x7f";

/** A page of paths. */
export interface Page {
  readonly keys: readonly string[];
  /** Those of the keys whose time is over. */
  readonly expired: readonly string[];
  /** The page is full and ends here: at its last key, or behind the folder that this is. */
  readonly stoppedAt?: string;
}

/** Which page. */
export interface PageRequest {
  readonly prefix: string;
  /** Only paths behind this one. */
  readonly after: string;
  /** At least 1; absent for as many as one page may have. */
  readonly limit?: number;
  /**
   * Only one level below the prefix: paths without a further slash, and each folder once, with its slash.
   */
  readonly isOneLevel?: boolean;
}

/** The store that a listing reads. */
export interface PathSource {
  entries(request: {
    readonly prefix: string;
    readonly after?: string;
    readonly limit?: number;
  }): Promise<readonly SecretEntry[]>;
}

/** The members of a `Sight` that a listing uses. */
type VisiblePaths = Pick<Sight, "prefixes" | "sees">;

/** Gives other tasks a turn. Rejects when the caller has disconnected. */
export type Pause = () => Promise<void>;

/** The sight of a caller who may see every path. */
const UNLIMITED: VisiblePaths = { prefixes: [""], sees: () => true };

/** Checks a page's limit: absent and 0 mean none. Throws `api_bad_request`. */
export function parseLimit(limit: number | undefined): number | undefined {
  if (limit === undefined || limit === 0) return undefined;
  if (limit > 0) return Math.min(limit, MAX_LISTED);
  throw new SpikeError("api_bad_request", `Limit is ${limit}, expected at least 1, or 0 for none`);
}

/** A page for a caller who may see every path. Without a limit it has all paths, unless it is of one level only. */
export async function listEverything(
  source: PathSource,
  request: PageRequest,
  pause: Pause,
): Promise<Page> {
  if (request.isOneLevel) return await listVisible(source, UNLIMITED, request, pause);
  const { prefix, after, limit } = request;
  const entries = await source.entries({ prefix, after, ...(limit ? { limit } : {}) });
  const last = entries.at(-1);
  return {
    keys: entries.map(({ path }) => path),
    expired: entries.filter(({ isExpired }) => isExpired).map(({ path }) => path),
    ...(limit && entries.length === limit && last ? { stoppedAt: last.path } : {}),
  };
}

/**
 * A page for a caller who may see some paths. It reads only where the caller's sight allows anything, and there
 * continues past any number of hidden paths until the page is full: a bound on what it reads, or a `stoppedAt` that
 * depends on what follows, would disclose them.
 */
export async function listVisible(
  source: PathSource,
  sight: VisiblePaths,
  request: PageRequest,
  pause: Pause,
): Promise<Page> {
  const page = new VisiblePage(request, sight);
  let { after } = request;
  const most = request.isOneLevel ? LEVEL_CHUNK : CHUNK;
  for (const prefix of ranges(sight, request.prefix)) {
    if (isBehind(after, prefix)) continue;
    for (;;) {
      const chunk = await source.entries({ prefix, after, limit: most });
      for (const entry of chunk) {
        after = page.look(entry, after);
        if (page.isFull) return page.end(after);
      }
      if (page.isTimeToPause(chunk.length)) await pause();
      if (chunk.length < most) break;
    }
    after = prefix + BEHIND_ALL;
  }
  return page.end();
}

/** The folder that stands for a path in a listing of one level; undefined for a path that stands for itself. */
function folderOf(path: string, { prefix, isOneLevel }: PageRequest): string | undefined {
  const at = isOneLevel ? path.indexOf("/", prefix.length) : -1;
  return at < 0 ? undefined : path.slice(0, at + 1);
}

/** Looks between two pauses. */
const LOOKS_PER_TURN = 2_000;

class VisiblePage {
  readonly #keys: string[] = [];
  readonly #expired: string[] = [];
  readonly #request: PageRequest;
  readonly #sight: VisiblePaths;
  readonly #limit: number;
  /** Paths looked at since the last pause, visible or not, and questions asked of the store. */
  #looks = 0;

  constructor(request: PageRequest, sight: VisiblePaths) {
    this.#request = request;
    this.#sight = sight;
    this.#limit = request.limit ?? MAX_LISTED;
  }

  get isFull(): boolean {
    return this.#keys.length === this.#limit;
  }

  /** Whether so much was looked at that others should get their turn. */
  isTimeToPause(looks: number): boolean {
    this.#looks += looks + 1;
    if (this.#looks < LOOKS_PER_TURN) return false;
    this.#looks = 0;
    return true;
  }

  /** Answers where the listing continues: after the path, or after its folder once that is listed. */
  look({ path, isExpired }: SecretEntry, after: string): string {
    // The chunk continues inside a folder that is listed already.
    if (path <= after) return after;
    if (!this.#sight.sees(path)) return path;
    const folder = folderOf(path, this.#request);
    this.#keys.push(folder ?? path);
    if (isExpired && folder === undefined) this.#expired.push(path);
    return folder === undefined ? path : folder + BEHIND_ALL;
  }

  end(stoppedAt?: string): Page {
    const page = { keys: this.#keys, expired: this.#expired };
    return stoppedAt === undefined ? page : { ...page, stoppedAt };
  }
}

/** Where both the sight and the request allow something. Ascending, and apart from each other. */
function ranges({ prefixes }: VisiblePaths, wanted: string): string[] {
  return prefixes.flatMap((prefix) => {
    if (prefix.startsWith(wanted)) return prefix;
    return wanted.startsWith(prefix) ? wanted : [];
  });
}

/** Whether everything that begins with `prefix` comes before `after`. Both are ASCII. */
function isBehind(after: string, prefix: string): boolean {
  return prefix < after && !after.startsWith(prefix);
}
