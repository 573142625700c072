import assert from "node:assert/strict";
import { ordinarySlots } from "../../lib/seal/mod.ts";
import { openMemory } from "../../lib/store/mod.ts";
import { keepLines } from "./_sink.ts";
import { KEK_SLOTS, SharedPage } from "./page.ts";
import { followKeyring } from "./readers.ts";

/** Readers of one thread, and how often they have forgotten. */
function readersOf(page: SharedPage) {
  const kekSlots = ordinarySlots(KEK_SLOTS);
  const readers = followKeyring({ page, kekSlots, store: openMemory(), log: keepLines().log });
  const cleared = { count: 0, bell: Promise.withResolvers<void>() };
  Object.assign(readers().secrets, {
    clear: () => {
      cleared.count++;
      cleared.bell.resolve();
    },
  });
  return { readers, cleared };
}

Deno.test("after a destruction every thread forgets the keys it unwrapped, be there requests or not", async () => {
  const page = new SharedPage();
  const { cleared } = readersOf(new SharedPage(page.buffer));
  // Waiting for a word of shared memory alone keeps no thread alive.
  const alive = setInterval(() => {}, 60_000);
  page.publishForget();
  await cleared.bell.promise;
  clearInterval(alive);
  assert.equal(cleared.count, 1);
});

Deno.test("a request that comes before the thread was told forgets first", () => {
  const page = new SharedPage();
  const { readers, cleared } = readersOf(page);
  page.publishForget();
  readers();
  readers();
  assert.equal(cleared.count, 1);
});
