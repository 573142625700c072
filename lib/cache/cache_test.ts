import assert from "node:assert/strict";
import { BoundedCache, isSame } from "./cache.ts";

Deno.test("the entry unused for longest is forgotten first", () => {
  const cache = new BoundedCache<number>(2);
  cache.set("a", 1);
  cache.set("b", 2);
  cache.get("a");
  cache.set("c", 3);
  assert.deepEqual([cache.get("a"), cache.get("b"), cache.get("c")], [1, undefined, 3]);
  assert.equal(cache.size, 2);
});

Deno.test("whatever leaves is discarded once", () => {
  const discarded: string[] = [];
  const cache = new BoundedCache<string>(2, (value) => discarded.push(value));
  cache.set("a", "evicted");
  cache.set("b", "replaced");
  cache.set("b", "deleted");
  cache.set("c", "cleared");
  cache.delete("b");
  cache.delete("b");
  cache.clear();
  cache.clear();
  assert.deepEqual(discarded, ["replaced", "evicted", "deleted", "cleared"]);
});

Deno.test("a cache for nothing is refused", () => {
  assert.throws(() => new BoundedCache(0), RangeError);
});

Deno.test("byte strings are the same only when length and bytes are", () => {
  assert.equal(isSame(Uint8Array.of(1, 2), Uint8Array.of(1, 2)), true);
  assert.equal(isSame(Uint8Array.of(1, 2), Uint8Array.of(1, 3)), false);
  assert.equal(isSame(Uint8Array.of(1, 2), Uint8Array.of(1, 2, 0)), false);
});
