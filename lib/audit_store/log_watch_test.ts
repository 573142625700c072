import assert from "node:assert/strict";
import type { ChangedFile } from "../audit/mod.ts";
import { Health } from "../telemetry/mod.ts";
import { keepLines } from "../telemetry/_sink.ts";
import { watchLog } from "./log_watch.ts";

Deno.test("a file that changes is logged once, told to probes, and told again when it is as it was", async () => {
  const { log, lines } = keepLines();
  const health = new Health();
  let now: ChangedFile[] = [];
  const watched = watchLog({ look: () => now, health, log });
  const file = { log: "ab", file: "ab/0.log" };
  watched.look();
  assert.deepEqual(await health.read(), []);
  now = [{ ...file, change: "truncated" }];
  watched.look();
  watched.look();
  assert.deepEqual(await health.read(), ["audit_log_changed"]);
  assert.deepEqual(watched.found, now);
  now = [{ ...file, change: "removed" }];
  watched.look();
  now = [];
  watched.look();
  assert.deepEqual(await health.read(), []);
  assert.deepEqual(lines.map(({ event, fields }) => [event, fields]), [
    ["audit_log_changed", { ...file, change: "truncated" }],
    ["audit_log_changed", { ...file, change: "removed" }],
    ["audit_log_as_written", file],
  ]);
});

Deno.test("files that cannot be looked at are no reason to end", async () => {
  const { log, lines } = keepLines();
  const look = () => {
    throw new Error("no access");
  };
  const health = new Health();
  watchLog({ look, health, log }).look();
  assert.deepEqual(lines.map(({ event }) => event), ["audit_log_unreadable"]);
  assert.deepEqual(await health.read(), []);
});
