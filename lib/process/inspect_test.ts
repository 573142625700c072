import assert from "node:assert/strict";
import type { ThreadReport } from "../telemetry/mod.ts";
import { createInspect } from "./inspect.ts";

const REPORT: ThreadReport = { health: ["waiting"], measured: new Map() };

/** A thread as its main thread sees it. */
class FakeThread extends EventTarget {
  asked = 0;

  postMessage(): void {
    this.asked++;
  }

  answer(): void {
    this.dispatchEvent(
      new MessageEvent("message", { data: { kind: "inspected", report: REPORT } }),
    );
  }
}

Deno.test("many who ask at once make one question, and the next one comes after its answer", async () => {
  const thread = new FakeThread();
  const inspect = createInspect([thread as unknown as Worker]);
  const asks = [inspect(), inspect(), inspect()];
  assert.equal(thread.asked, 1);
  thread.answer();
  assert.deepEqual(await Promise.all(asks), [[REPORT], [REPORT], [REPORT]]);
  const next = inspect();
  assert.equal(thread.asked, 2);
  thread.answer();
  await next;
});

Deno.test("a thread that does not answer is told from those that do, and may answer the next time", async () => {
  const [good, hung] = [new FakeThread(), new FakeThread()];
  const inspect = createInspect([good, hung] as unknown as Worker[], 1);
  const first = inspect();
  good.answer();
  assert.deepEqual(await first, [REPORT, undefined]);
  hung.answer();
  const second = inspect();
  good.answer();
  hung.answer();
  assert.deepEqual(await second, [REPORT, REPORT]);
});
