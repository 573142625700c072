import assert from "node:assert/strict";
import { MemorySource, parseSpiffeId, type X509Svid } from "../spiffe/mod.ts";
import { judgeIdentity } from "./watch_identity.ts";

const SVID: X509Svid = {
  id: parseSpiffeId("spiffe://spike.ist/spike/nexus"),
  certificates: [],
  privateKey: new Uint8Array(),
  notBeforeMs: 1_000,
  notAfterMs: 5_000,
  hint: "",
};

Deno.test("an identity is good, expiring, expired, withdrawn, and good again with a new one", () => {
  const source = new MemorySource();
  assert.deepEqual(judgeIdentity(source, 1_000), ["no_identity"]);
  source.set(SVID, new Map());
  assert.deepEqual(judgeIdentity(source, 4_000), []);
  assert.deepEqual(judgeIdentity(source, 4_001), ["identity_expiring"]);
  assert.deepEqual(judgeIdentity(source, 5_000), ["identity_expiring"]);
  assert.deepEqual(judgeIdentity(source, 5_001), ["identity_expired"]);
  source.withdraw("the entry is gone");
  assert.deepEqual(judgeIdentity(source, 2_000), ["no_identity"]);
  source.set({ ...SVID, notAfterMs: 9_000 }, new Map());
  assert.deepEqual(judgeIdentity(source, 5_001), []);
});
