import assert from "node:assert/strict";
import { ordinarySlots } from "../../../lib/seal/mod.ts";
import { openMemory } from "../../../lib/store/mod.ts";
import { meter } from "../../../lib/telemetry/mod.ts";
import { idOf, startApps } from "./_app_fixture.ts";
import { keepLines } from "../../../lib/telemetry/_sink.ts";
import { KEK_SLOTS, SharedPage } from "../../../lib/shared_page/page.ts";
import { followKeyring } from "./readers.ts";

/** Readers of one thread, and how often they have forgotten. */
function readersOf(page: SharedPage) {
  const kekSlots = ordinarySlots(KEK_SLOTS);
  const readers = followKeyring({ page, kekSlots, store: openMemory(), log: keepLines().log });
  const cleared = { count: 0, bell: Promise.withResolvers<void>() };
  Object.assign(readers.now().secrets, {
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
  readers.now();
  readers.now();
  assert.equal(cleared.count, 1);
});

Deno.test("a thread whose Nexus gives up its keys wipes those it remembers, without waiting for a request", async () => {
  await using apps = await startApps();
  const path = "tenants/acme/db";
  const superuser = idOf("superuser");
  await apps.ask(superuser, "secret", { path, values: { k: "v" } });
  await apps.ask(superuser, "keys:create", { key: "pay" });
  for (const app of [0, 1]) {
    await apps.ask(superuser, "secret:get", { path }, app);
    await apps.ask(superuser, "encrypt", { plaintext: "aGk=", key: "pay" }, app);
  }
  const counts = () => {
    const series = meter.read().get("spike_keys_held") ?? new Map();
    return ["data", "named"].map((kind) => series.get(`kind="${kind}"`));
  };
  // The gauge of this one thread has the word of the app that was asked last.
  assert.deepEqual(counts(), [1, 1]);
  apps.control.seal();
  assert.ok(await apps.page.haveForgotten(10_000));
  assert.deepEqual(counts(), [0, 0]);
  const { status } = await apps.ask(superuser, "secret:get", { path });
  assert.equal(status, 503);
});
