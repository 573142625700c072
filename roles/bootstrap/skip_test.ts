import assert from "node:assert/strict";
import { reasonToSkip } from "./skip.ts";

const FRESH = { backend: "sqlite", completed: false, force: false } as const;

Deno.test("a fresh system with a root key to make is not skipped", () => {
  assert.equal(reasonToSkip(FRESH), undefined);
});

Deno.test("a completed system is skipped unless it is forced", () => {
  assert.match(reasonToSkip({ ...FRESH, completed: true }) ?? "", /SPIKE_BOOTSTRAP_COMPLETED/);
  assert.equal(reasonToSkip({ ...FRESH, completed: true, force: true }), undefined);
});

Deno.test("memory has no key to make, and no force changes that", () => {
  assert.match(reasonToSkip({ ...FRESH, backend: "memory", force: true }) ?? "", /memory/);
});

Deno.test("lite is skipped as the original does, with the way to bootstrap it", () => {
  const reason = reasonToSkip({ ...FRESH, backend: "lite" }) ?? "";
  assert.match(reason, /unset SPIKE_NEXUS_BACKEND_STORE for Bootstrap alone/);
  assert.match(reason, /--backend sqlite/);
});
