import assert from "node:assert/strict";
import { SpikeError } from "../error/error.ts";
import { connectionShare, raiseDescriptorLimit } from "./descriptors.ts";

Deno.test("the limit that is read is that of the process", () => {
  const [, soft, hard] = /open files\s+(\d+)\s+(\d+)/.exec(
    Deno.readTextFileSync("/proc/self/limits"),
  ) ?? [];
  assert.equal(raiseDescriptorLimit(), Math.min(Number(hard), 1_048_576));
  assert.ok(Number(soft) <= Number(hard));
});

Deno.test("connections leave descriptors free, however many listeners share them", () => {
  for (const listeners of [1, 2, 8]) {
    assert.ok(connectionShare(4096, listeners + 2, listeners) * listeners < 4096 * 3 / 4);
  }
});

Deno.test("a limit that leaves nothing for connections is refused with what is needed", () => {
  assert.throws(() => connectionShare(64, 2, 1), (error) => {
    assert.ok(error instanceof SpikeError);
    assert.match(error.message, /is 64; this process needs at least \d+/);
    const least = Number(/at least (\d+)/.exec(error.message)?.[1]);
    return connectionShare(least, 2, 1) >= 32;
  });
});
