import assert from "node:assert/strict";
import { pagesOf } from "./pages.ts";
import type { ListPage } from "./pages.ts";

function from(pages: (asked: number) => Partial<ListPage>) {
  let asked = 0;
  const ask = () => Promise.resolve({ paths: [], expired: [], ...pages(asked++) });
  return { asked: () => asked, work: Array.fromAsync(pagesOf(ask, {})) };
}

Deno.test("pages are followed to the last one", async () => {
  const { work } = from((n) => n < 200 ? { paths: [`p${n}`], next: `~${n}` } : { paths: ["z"] });
  assert.equal((await work).length, 201);
});

Deno.test("a listing in a circle is left, whatever its length", async () => {
  for (const length of [1, 2, 3, 7, 64, 100]) {
    const { work, asked } = from((n) => ({ next: `~${n % length}` }));
    await assert.rejects(work, {
      code: "data_unmarshal_failure",
      message: "The listing of Nexus has a page that leads back",
    });
    assert.ok(asked() <= 4 * length, `${asked()}`);
  }
});

Deno.test("a listing that never ends is left", async () => {
  await assert.rejects(from((n) => ({ next: `~${n}` })).work, /more than 100000 pages/);
  const paths = Array(100_000).fill("a".repeat(500));
  await assert.rejects(from((n) => ({ paths, next: `~${n}` })).work, /more than 268435456 char/);
});
