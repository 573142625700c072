import assert from "node:assert/strict";
import type { KeeperStatus, NexusStatus } from "../../lib/api/status.ts";
import { lackOf } from "./readiness.ts";

const SINCE_MS = Date.UTC(2026, 0, 1, 12);

function keeper(index: number, state: KeeperStatus["state"], seenMs?: number): KeeperStatus {
  const url = `https://127.0.0.1:${8553 + index}`;
  const seen = seenMs === undefined ? {} : { lastSeen: new Date(seenMs).toISOString() };
  return { index, url, state, ...seen };
}

function status(state: NexusStatus["state"], keepers: KeeperStatus[]): NexusStatus {
  return {
    version: "0.1.0",
    state,
    backend: "sqlite",
    initialized: true,
    keepers,
    threshold: 2,
    shares: 3,
    since: "2026-01-01T00:00:00Z",
  };
}

Deno.test("a ready Nexus that has seen every awaited keeper lacks nothing", () => {
  const seen = status("ready", [keeper(1, "ok", SINCE_MS), keeper(2, "unreachable")]);
  assert.equal(lackOf(seen, new Map([[1, SINCE_MS]])), undefined);
});

Deno.test("a Nexus that is not ready lacks its key, and its keepers are named", () => {
  const lack = lackOf(status("waiting", [keeper(1, "empty"), keeper(2, "unreachable")]), new Map());
  assert.equal(lack, "Nexus is waiting, keeper-1 empty, keeper-2 unreachable");
});

Deno.test("a keeper that is not well, or that Nexus does not know, is lacking", () => {
  const present = status("ready", [keeper(1, "empty", SINCE_MS)]);
  assert.match(lackOf(present, new Map([[1, SINCE_MS]])) ?? "", /keeper-1 is empty/);
  assert.match(lackOf(present, new Map([[2, SINCE_MS]])) ?? "", /keeper-2 is unknown/);
});

Deno.test("what Nexus heard of a keeper's former process does not count", () => {
  const stale = status("ready", [keeper(1, "ok", SINCE_MS - 1)]);
  assert.match(lackOf(stale, new Map([[1, SINCE_MS]])) ?? "", /keeper-1 has not answered/);
});
