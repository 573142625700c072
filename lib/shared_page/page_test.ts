import assert from "node:assert/strict";
import { sampleId } from "../recovery/_sample.ts";
import { LockedKeyring, ordinarySlots } from "../seal/mod.ts";
import { KEK_SLOTS, SharedPage, STATES } from "./page.ts";

function ringOf(...generations: number[]): LockedKeyring {
  const ring = new LockedKeyring(ordinarySlots(KEK_SLOTS), sampleId(generations.length));
  for (const generation of generations) ring.put(generation, new Uint8Array(32).fill(generation));
  const [last] = generations.slice(-1);
  if (last) ring.use(last);
  return ring;
}

Deno.test("a new page waits and has published nothing", () => {
  const page = new SharedPage();
  assert.equal(page.state, "waiting");
  assert.equal(page.keyringRevision, 0);
  assert.equal(page.layout().currentKek, 0);
});

Deno.test("every state is seen by another view of the same page", () => {
  const page = new SharedPage();
  const view = new SharedPage(page.buffer);
  for (const state of STATES) {
    page.state = state;
    assert.equal(view.state, state);
  }
});

Deno.test("what is published comes back whole in another view, and the revision grows", () => {
  const page = new SharedPage();
  const view = new SharedPage(page.buffer);
  const first = ringOf(1).layout();
  page.publish(first);
  assert.deepEqual(view.layout(), first);
  const revision = view.keyringRevision;
  const second = ringOf(1, 2, 3).layout();
  page.publish(second);
  assert.deepEqual(view.layout(), second);
  assert.ok(view.keyringRevision > revision);
});

Deno.test("a change of policies is seen by every view, and touches nothing else", () => {
  const page = new SharedPage();
  const view = new SharedPage(page.buffer);
  page.publish(ringOf(1, 2).layout());
  page.cipherVersion = 3;
  const [before, layout] = [view.policyRevision, view.layout()];
  page.publishPolicies();
  page.publishPolicies();
  assert.equal(view.policyRevision, before + 2);
  assert.deepEqual([view.layout(), view.cipherVersion], [layout, 3]);
});

Deno.test("a layout is a copy: a later one does not change it", () => {
  const page = new SharedPage();
  page.publish(ringOf(1).layout());
  const before = page.layout();
  page.publish(ringOf(1, 2).layout());
  assert.equal(before.currentKek, 1);
  assert.deepEqual(before.storeId, sampleId(1));
});

Deno.test("a page holds no key", () => {
  const page = new SharedPage();
  const ring = ringOf(7);
  page.publish(ring.layout());
  assert.equal(new Uint8Array(page.buffer).toHex().includes(ring.kek(7).toHex()), false);
});

Deno.test("another thread never sees half of a keyring", async () => {
  const page = new SharedPage();
  const worker = new Worker(new URL("./_page_writer.ts", import.meta.url), { type: "module" });
  const done = new Promise((resolve) => worker.onmessage = resolve);
  worker.postMessage(page.buffer);
  let isDone = false;
  void done.then(() => isDone = true);
  let seen = 0;
  try {
    do {
      await new Promise((resolve) => setTimeout(resolve));
      for (let i = 0; i < 200; i++) {
        const { storeId, currentKek, slots } = page.layout();
        if (currentKek === 0) continue;
        seen++;
        assert.ok(slots.every((generation) => generation === currentKek));
        assert.ok(storeId.every((byte) => byte === (currentKek & 0xff)));
      }
    } while (!isDone);
  } finally {
    worker.terminate();
  }
  assert.ok(seen > 0);
});

Deno.test("who waits to forget is told every time, over another view too", async () => {
  const page = new SharedPage();
  // Waiting for a word of shared memory alone keeps no thread alive.
  const alive = setInterval(() => {}, 60_000);
  let told = 0;
  let bell = Promise.withResolvers<void>();
  new SharedPage(page.buffer).onForget(() => {
    told++;
    bell.resolve();
  });
  for (const expected of [1, 2]) {
    const before = page.forgetRevision;
    page.publishForget();
    await bell.promise;
    bell = Promise.withResolvers();
    assert.notEqual(page.forgetRevision, before);
    assert.equal(told, expected);
  }
  clearInterval(alive);
});

Deno.test("whoever asks to forget can wait until every thread has, and hears when one does not", async () => {
  const page = new SharedPage();
  const done: string[] = [];
  // Waiting for a word of shared memory alone keeps no thread alive.
  const alive = setInterval(() => {}, 60_000);
  for (const name of ["a", "b"]) new SharedPage(page.buffer).onForget(() => void done.push(name));
  page.publishForget();
  assert.equal(await page.haveForgotten(10_000), true);
  assert.deepEqual(done.sort(), ["a", "b"]);
  assert.equal(await page.haveForgotten(0), true, "nothing new to forget");
  page.publishForget();
  assert.equal(await page.haveForgotten(0), false, "the others had no turn yet");
  assert.equal(await page.haveForgotten(10_000), true);
  clearInterval(alive);
});

Deno.test("without a keyring nothing is opened under the zeros that are left of it", () => {
  const page = new SharedPage();
  page.publish(ringOf(1, 2).layout());
  const before = page.keyringRevision;
  page.publishNone();
  assert.notEqual(page.keyringRevision, before);
  const ring = LockedKeyring.attach(ordinarySlots(KEK_SLOTS), page.layout());
  assert.throws(() => ring.kek(1), { code: "root_key_missing" });
  assert.throws(() => ring.currentKek, { code: "root_key_missing" });
});
