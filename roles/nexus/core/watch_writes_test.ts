import assert from "node:assert/strict";
import { SpikeError } from "../../../lib/error/error.ts";
import type { Store } from "../../../lib/store/mod.ts";
import { expose } from "../../../lib/telemetry/exposition.ts";
import { Health, Meter } from "../../../lib/telemetry/mod.ts";
import { watchWrites } from "./watch_writes.ts";

Deno.test("writes that the disk does not take are told until one is taken again, refusals are not", async () => {
  let failure: Error | undefined;
  const disk = {
    write: (work: () => unknown) => failure ? Promise.reject(failure) : Promise.resolve(work()),
  } as unknown as Store;
  const [health, meter] = [new Health(), new Meter()];
  const store = watchWrites(disk, health, meter);
  const attempt = () => store.write(() => Promise.resolve("done"));
  const told = async (why?: Error) => {
    failure = why;
    if (why) await assert.rejects(attempt(), why);
    else assert.equal(await attempt(), "done");
    return await health.read();
  };
  assert.deepEqual(await told(new SpikeError("entity_conflict", "Changed meanwhile")), []);
  assert.deepEqual(await told(new SpikeError("store_failure", "No space")), ["writes_failing"]);
  assert.deepEqual(await told(new SpikeError("entity_conflict", "Changed meanwhile")), [
    "writes_failing",
  ]);
  assert.deepEqual(await told(), []);
  assert.match(expose([meter.read()]), /^spike_store_failures_total 1$/m);
});
