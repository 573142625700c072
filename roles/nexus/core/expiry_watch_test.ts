import assert from "node:assert/strict";
import { inWorld } from "../../../lib/secret/secret_fixture.ts";
import { meter } from "../../../lib/telemetry/mod.ts";
import { keepLines } from "../../../lib/telemetry/_sink.ts";
import { ExpiryWatch } from "./expiry_watch.ts";
import { Wake } from "../../../lib/async/wake.ts";

const AUTHOR = "spiffe://example.org/web";
const DAY_MS = 86_400_000;

Deno.test("secrets that expire before long are named once, and again when they have; both are counted", () =>
  inWorld("sqlite", async ({ writer, store, now }) => {
    const startMs = now();
    const days = { gone: -1, soon: 3, later: 30, never: undefined };
    for (const [path, day] of Object.entries(days)) {
      await writer.put({ path, values: {}, author: AUTHOR });
      if (day === undefined) continue;
      await writer.setMetadata({ path, expiresMs: startMs + day * DAY_MS, author: AUTHOR });
    }
    const { log, lines } = keepLines();
    let nowMs = startMs;
    const watch = new ExpiryWatch({
      store,
      page: { state: "ready" },
      wake: new Wake(new AbortController().signal),
      warningMs: 7 * DAY_MS,
      clock: () => nowMs,
      log,
    });
    const gauges = () =>
      ["spike_secrets_expired", "spike_secrets_expiring_soon"].map((name) =>
        [...meter.read().get(name)?.values() ?? []][0]
      );
    await watch.look();
    await watch.look();
    assert.deepEqual(lines.map(({ event, fields }) => [event, fields["path"]]), [
      ["secret_expired", "gone"],
      ["secret_expires_soon", "soon"],
    ]);
    assert.deepEqual(gauges(), [1, 1]);
    nowMs += 25 * DAY_MS;
    await watch.look();
    assert.deepEqual(lines.slice(2).map(({ event, fields }) => [event, fields["path"]]), [
      ["secret_expired", "soon"],
      ["secret_expires_soon", "later"],
    ]);
    assert.deepEqual(gauges(), [2, 1]);
  }));

Deno.test("a look that fails is logged, and the watch goes on until it is told to end", async () => {
  const { log, lines } = keepLines();
  const stopping = new AbortController();
  const wake = new Wake(stopping.signal);
  let looks = 0;
  const watch = new ExpiryWatch({
    store: {
      expiring: () => {
        if (++looks === 2) stopping.abort();
        else wake.now();
        return Promise.reject(new Error("The disk is gone"));
      },
    },
    page: { state: "ready" },
    wake,
    warningMs: 1,
    clock: () => 0,
    log,
  });
  await watch.run();
  assert.deepEqual(lines.map(({ event }) => event), ["expiry_watch_failed"]);
  assert.equal(looks, 2);
});
