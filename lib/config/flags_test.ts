import assert from "node:assert/strict";
import { parseFlags } from "./flags.ts";

Deno.test("flags take their value as the next argument or behind an equals sign", () => {
  const { flags, switches } = parseFlags(
    "nexus",
    ["--workers", "0", "--backend=memory", "--accept-empty-store", "--check-config"],
    ["check-config"],
  );
  assert.deepEqual(flags, { workers: "0", backend: "memory", "accept-empty-store": "true" });
  assert.deepEqual([...switches], ["check-config"]);
});

Deno.test("a switch of the original's single dash is taken", () => {
  assert.ok(parseFlags("bootstrap", ["-init"], ["init"]).switches.has("init"));
});

Deno.test("what is not a flag of the role is a usage error", () => {
  const wrong = [["--recovery-dir", "/x"], ["stray"], ["--workers"], ["--check-config=yes"]];
  for (const args of wrong) {
    assert.throws(() => parseFlags("nexus", args, ["check-config"]), { code: "usage" });
  }
});
