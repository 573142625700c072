import assert from "node:assert/strict";
import type { KeeperStatus } from "../api/mod.ts";
import { judgeState } from "./watch_state.ts";

function keepers(...states: KeeperStatus["state"][]) {
  return states.map((state) => ({ state }));
}

Deno.test("a Nexus without a final key is not ready, whatever its keepers are", () => {
  for (const state of ["waiting", "provisional", "database_lost"] as const) {
    assert.deepEqual(judgeState(state, keepers("unreachable"), 2), [state]);
  }
});

Deno.test("keepers that lack their shard are a warning, and too few of them another one", () => {
  assert.deepEqual(judgeState("ready", keepers("ok", "ok", "ok"), 2), []);
  assert.deepEqual(judgeState("ready", keepers("unknown", "unknown", "unknown"), 2), []);
  assert.deepEqual(judgeState("ready", keepers("ok", "ok", "empty"), 2), ["keepers_degraded"]);
  assert.deepEqual(judgeState("ready", keepers("ok", "unknown", "wrong"), 2), ["keepers_degraded"]);
  assert.deepEqual(
    judgeState("ready", keepers("ok", "unreachable", "wrong"), 2),
    ["keepers_degraded", "keepers_too_few"],
  );
  assert.deepEqual(judgeState("ready", [], 1), []);
});
