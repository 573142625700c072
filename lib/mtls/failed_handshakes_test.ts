import assert from "node:assert/strict";
import type { Fields, Logger } from "../telemetry/mod.ts";
import { FailedHandshakes, networkOf } from "./failed_handshakes.ts";

function scene() {
  const lines: Fields[] = [];
  const add = (event: string, fields: Fields = {}) => lines.push({ event, ...fields });
  const log: Logger = { debug: add, info: add, warn: add, error: add };
  const time = { now: 0 };
  const failed = new FailedHandshakes(log, () => time.now);
  const fail = (count: number, remote = "192.0.2.1") =>
    Array.from({ length: count }, () => failed.note(remote)).filter(Boolean).length;
  return { lines, time, failed, fail };
}

Deno.test("an address that fails too often is limited, and another one is not", () => {
  const { failed, fail } = scene();
  assert.equal(fail(127), 127);
  assert.deepEqual(failed.limitsFor("192.0.2.1"), {});
  fail(2);
  assert.deepEqual(failed.limitsFor("192.0.2.1"), { mostFailures: 2 });
  assert.deepEqual(failed.limitsFor("192.0.2.2"), {});
  assert.deepEqual(failed.limitsFor(undefined), {});
});

Deno.test("a limited address gets four failures back per second, and all of them in half a minute", () => {
  const { time, failed, fail } = scene();
  assert.equal(fail(1000), 128);
  time.now = 1_000;
  assert.deepEqual(failed.limitsFor("192.0.2.1"), {});
  assert.equal(fail(1000), 4);
  time.now = 60_000;
  assert.equal(fail(1000), 128);
});

Deno.test("failures beyond the limit are logged in sum, once a minute", () => {
  const { lines, time, fail } = scene();
  fail(128);
  assert.deepEqual(lines, []);
  fail(500);
  assert.deepEqual(lines, [{ event: "handshakes_limited", address: "192.0.2.1", failures: 1 }]);
  time.now = 59_999;
  fail(1_000);
  assert.equal(lines.length, 1);
  time.now = 60_000;
  fail(1_000);
  assert.deepEqual(lines[1], {
    event: "handshakes_limited",
    address: "192.0.2.1",
    failures: 499 + (1_000 - 128) + 1,
  });
});

Deno.test("a clock that is set back gives no failures back", () => {
  const { time, failed, fail } = scene();
  time.now = 100_000;
  fail(200);
  time.now = 0;
  assert.deepEqual(failed.limitsFor("192.0.2.1"), { mostFailures: 2 });
});

Deno.test("a flood of addresses evicts, and costs no memory", () => {
  const { failed, fail } = scene();
  fail(200, "192.0.2.1");
  for (let i = 0; i < 4096; i++) fail(1, `10.0.${i >> 8}.${i & 0xff}`);
  assert.deepEqual(failed.limitsFor("192.0.2.1"), {});
});

Deno.test("one address is an IPv4 address, mapped or not, or the first half of an IPv6 address", () => {
  for (
    const [given, network] of [
      ["192.0.2.1", "192.0.2.1"],
      ["::ffff:192.0.2.1", "192.0.2.1"],
      ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
      ["2001:db8:1:2::6", "2001:db8:1:2::/64"],
      ["2001:db8::6", "2001:db8:0:0::/64"],
      ["fe80::1%eth0", "fe80:0:0:0::/64"],
      ["::1", "0:0:0:0::/64"],
      [undefined, "unknown"],
    ] as const
  ) assert.equal(networkOf(given), network);
});
