/**
 * Fills a store with a thousand and then a million secrets, through the real writer, and prints what pages and
 * gets cost at both sizes: `deno run -A tests/scale/million.ts [secrets] [directory]`. Takes minutes and more than
 * a gigabyte of disk, which it gives back. Not part of the test suite.
 */
import { AUTHOR, type World, worldOver } from "../../lib/secret/secret_fixture.ts";
import { openSqlite } from "../../lib/store/mod.ts";
import { type Figures, measure, pathOf, valuesOf } from "./measure.ts";

const FEW = 1_000;
/** As many puts at once as one commit takes. */
const WAVE = 256;

async function fill({ writer }: World, from: number, to: number): Promise<void> {
  for (let n = from; n < to; n += WAVE) {
    const wave = Array.from({ length: Math.min(WAVE, to - n) }, (_, i) => n + i);
    await Promise.all(
      wave.map((each) =>
        writer.put({ path: pathOf(each), values: valuesOf(each), author: AUTHOR })
      ),
    );
  }
}

function print(sizes: ReadonlyMap<number, Figures>): void {
  const columns = [...sizes.keys()].map((count) => `${count.toLocaleString("en")} secrets`);
  console.log(`| median (99th percentile) | ${columns.join(" | ")} |`);
  console.log(`| --- |${" ---: |".repeat(columns.length)}`);
  const [first = new Map()] = sizes.values();
  for (const what of first.keys()) {
    const cells = [...sizes.values()].map((figures) => {
      const { median = 0, p99 = 0 } = figures.get(what) ?? {};
      return `${inMs(median)} (${inMs(p99)})`;
    });
    console.log(`| ${what} | ${cells.join(" | ")} |`);
  }
}

function inMs(us: number): string {
  return us < 1_000 ? `${us.toFixed(0)} µs` : `${(us / 1_000).toFixed(1)} ms`;
}

async function main(many: number, parent: string | undefined): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "spike-scale-", ...(parent && { dir: parent }) });
  const path = `${dir}/spike.db`;
  const store = openSqlite({ path, mode: "write" });
  try {
    const world = await worldOver(store, path);
    const sizes = new Map<number, Figures>();
    await fill(world, 0, FEW);
    sizes.set(FEW, await measure(world, FEW));
    const since = performance.now();
    await fill(world, FEW, many);
    const seconds = (performance.now() - since) / 1_000;
    console.error(
      `Filled in ${seconds.toFixed(0)} s, ${((many - FEW) / seconds).toFixed(0)} puts/s`,
    );
    sizes.set(many, await measure(world, many));
    print(sizes);
    console.error(`File: ${(Deno.statSync(path).size / 1e6).toFixed(0)} MB`);
    console.error(`Memory: ${(Deno.memoryUsage().rss / 1e6).toFixed(0)} MB`);
  } finally {
    await store.close();
    await Deno.remove(dir, { recursive: true });
  }
}

if (import.meta.main) {
  const [many = "1000000", parent] = Deno.args;
  await main(Number(many), parent);
}
