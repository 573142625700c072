/** What is measured of a store of any size, so that sizes can be compared. */
import { createSecretReader, type SecretReader } from "../../lib/secret/mod.ts";
import { AUTHOR, type World } from "../../lib/secret/secret_fixture.ts";
import { openSqlite } from "../../lib/store/mod.ts";

/** Microseconds, over all runs. */
export interface Timing {
  readonly median: number;
  readonly p99: number;
}

/** The figures by what was measured. */
export type Figures = ReadonlyMap<string, Timing>;

const PAGE = 1_000;
const RUNS = 500;

/** Path of the n-th secret: a thousand tenants, each with its share of the paths. */
export function pathOf(n: number): string {
  const tenant = String(n % 1_000).padStart(3, "0");
  return `tenants/t${tenant}/apps/app-${String(n).padStart(7, "0")}/db`;
}

/** What the n-th secret holds. */
export function valuesOf(n: number): Record<string, string> {
  return { username: `app-${n}`, password: `${n}`.padStart(40, "x") };
}

/** Measures a store that holds the secrets 0 to `count` - 1. */
export async function measure(world: World, count: number): Promise<Figures> {
  const { reader, writer } = world;
  const figures = new Map<string, Timing>();
  const add = async (what: string, runs: number, work: (run: number) => Promise<unknown>) =>
    void figures.set(what, await timed(runs, work));
  const nth = spread(count);

  await add(
    "page of 1,000 paths, at random places",
    RUNS,
    (run) => expectPage(reader.list({ after: pathOf(nth(run) % 500), limit: PAGE }), count),
  );
  await add(
    "page of 1,000 paths, from the start",
    RUNS,
    () => expectPage(reader.list({ limit: PAGE }), count),
  );
  await add(
    "page of a tenant's paths, by prefix",
    RUNS,
    (run) =>
      reader.list({ prefix: `tenants/t${String(run % 1_000).padStart(3, "0")}/`, limit: PAGE }),
  );
  await add("get, hot", RUNS * 10, () => get(reader, 0));
  await withReader(
    world,
    (fresh) => add("get, of paths that were not read before", RUNS, (run) => get(fresh, nth(run))),
  );
  await add("put of one more version, one at a time", RUNS / 5, (run) => {
    const n = nth(run);
    return writer.put({ path: pathOf(n), values: valuesOf(n), author: AUTHOR });
  });
  dropFromMemory(world.path);
  await withReader(
    world,
    (fresh) => add("get, with the file out of memory", RUNS / 5, (run) => get(fresh, nth(run))),
  );
  return figures;
}

/** Numbers below `count` in an order that no cache foresees; none twice in the first `count` runs. */
function spread(count: number): (run: number) => number {
  return (run) => (run * 610_639 + 17) % count;
}

async function get(reader: SecretReader, n: number): Promise<void> {
  const answer = await reader.get({ path: pathOf(n) });
  if (!answer.found || answer.values?.username !== `app-${n}`) throw new Error(`Lost ${pathOf(n)}`);
}

async function expectPage(page: Promise<readonly string[]>, count: number): Promise<void> {
  const { length } = await page;
  if (count > 2 * PAGE && length !== PAGE) throw new Error(`Page has ${length} paths`);
}

/** Reads through a connection and caches of its own, as another request worker would. */
async function withReader(
  { path, keyring }: World,
  work: (reader: SecretReader) => Promise<void>,
): Promise<void> {
  const store = openSqlite({ path, mode: "read" });
  await work(createSecretReader({ store, keyring }));
  await store.close();
}

/** Asks the system to forget its cached pages of the file (`posix_fadvise`, through coreutils' dd). */
function dropFromMemory(path: string): void {
  for (const file of [path, `${path}-wal`]) {
    const args = [
      `of=${file}`,
      "oflag=nocache",
      "conv=notrunc,fdatasync",
      "count=0",
      "status=none",
    ];
    new Deno.Command("dd", { args }).outputSync();
  }
}

async function timed(runs: number, work: (run: number) => Promise<unknown>): Promise<Timing> {
  const times = new Float64Array(runs);
  for (let run = 0; run < runs; run++) {
    const since = performance.now();
    await work(run);
    times[run] = (performance.now() - since) * 1_000;
  }
  times.sort();
  return { median: times[runs >> 1] ?? 0, p99: times[Math.floor(runs * 0.99)] ?? 0 };
}
