import { SpikeError } from "../error/error.ts";

/** Options of a listing. */
export interface ListOptions {
  /** List only paths that start with this prefix. */
  readonly prefix?: string;
  /** False to list one level below the prefix; folders end with a slash. */
  readonly recursive?: boolean;
  /** Maximum number of paths in a page. */
  readonly limit?: number;
  /** The `next` of the previous page. */
  readonly after?: string;
}

/** A page of paths. It may be short or empty without being the last one. */
export interface ListPage {
  /** Paths in ascending order; folders end with a slash. */
  readonly paths: readonly string[];
  /** Paths of this page whose secret has expired. */
  readonly expired: readonly string[];
  /** Absent on the last page. */
  readonly next?: string;
}

/** An honest page without paths stands for some 10,000 that were looked at. */
const MAX_PAGES = 100_000;
/** Ten million long paths would still fit. */
const MAX_CHARACTERS = 2 ** 28;

/**
 * All pages of a listing, as long as they lead on: a server that goes in a circle, or never comes to an end, is not
 * followed.
 */
export async function* pagesOf(
  ask: (options: ListOptions) => Promise<ListPage>,
  options: ListOptions,
): AsyncGenerator<ListPage> {
  let { after } = options;
  let marker = after;
  let characters = 0;
  for (let pages = 1; pages <= MAX_PAGES; pages++) {
    const page = await ask(after === undefined ? options : { ...options, after });
    const { next } = page;
    for (const path of page.paths) characters += path.length;
    if (characters > MAX_CHARACTERS) throw unending(`more than ${MAX_CHARACTERS} characters`);
    yield page;
    if (next === undefined) return;
    // Where a page begins is the server's own word; a circle comes by the marker, whatever its length (Brent).
    if (next === marker) throw unending("a page that leads back");
    if ((pages & (pages - 1)) === 0) marker = next;
    after = next;
  }
  throw unending(`more than ${MAX_PAGES} pages`);
}

function unending(what: string): SpikeError {
  return new SpikeError("data_unmarshal_failure", `The listing of Nexus has ${what}`, {
    hint: "Check that SPIKE_NEXUS_API_URL names a Nexus, and that its version is compatible",
  });
}
