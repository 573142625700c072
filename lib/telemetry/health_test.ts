import assert from "node:assert/strict";
import { Health, type HealthWord, judgeHealth } from "./health.ts";

Deno.test("checks are run when somebody asks, each word is told once, and a check can be removed", async () => {
  const health = new Health();
  let state: HealthWord[] = ["waiting"];
  health.add(() => state);
  const remove = health.add(() => Promise.resolve(["waiting", "no_identity"] as const));
  assert.deepEqual(await health.read(), ["waiting", "no_identity"]);
  remove();
  state = [];
  assert.deepEqual(await health.read(), []);
});

Deno.test("what fails and what only warns is told apart, in the order of the list", () => {
  const found: HealthWord[] = ["memory_not_locked", "waiting", "starting", "waiting"];
  assert.deepEqual(judgeHealth(found), {
    failing: ["starting", "waiting"],
    warning: ["memory_not_locked"],
  });
});
