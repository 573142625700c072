import assert from "node:assert/strict";
import { FakeTimers } from "./_fake_timers.ts";
import { createAuthority } from "../authority/authority.ts";
import { parseSpiffeId, parseTrustDomain } from "./id.ts";
import { type IdentityState, identityState, watchIdentity } from "./identity_state.ts";
import { MemorySource } from "./memory_source.ts";

const ID = parseSpiffeId("spiffe://spike.ist/spike/nexus");
const HOUR_MS = 3_600_000;
const LOOK_MS = 1_000;

async function scene() {
  const timers = new FakeTimers();
  const trustDomain = parseTrustDomain("spike.ist");
  const authority = await createAuthority({ trustDomain, clock: timers.now });
  const issue = () => authority.issue(ID, HOUR_MS);
  const bundles = new Map([[trustDomain, authority.anchors()]]);
  const source = new MemorySource({ svid: await issue(), bundles });
  return { timers, source, issue, bundles };
}

Deno.test("an identity is usable inside of its time, bounds included, and says both times outside of it", async () => {
  const { source } = await scene();
  const { notBeforeMs, notAfterMs } = source.current().svid;
  for (const at of [notBeforeMs, notAfterMs]) {
    assert.deepEqual(identityState(source, at), { isUsable: true, id: ID, notAfterMs });
  }
  const early = identityState(source, notBeforeMs - 1);
  const late = identityState(source, notAfterMs + 1);
  assert(!early.isUsable && !late.isUsable);
  assert.equal(early.why, "not-yet-valid");
  assert.equal(late.why, "expired");
  for (const { reason } of [early, late]) assert.match(reason, /2026-\S+Z, it is 2026-\S+Z$/);
});

Deno.test("a source without an identity says why it has none", () => {
  const state = identityState(new MemorySource(undefined, { place: "nowhere" }), 0);
  assert(!state.isUsable && state.why === "missing");
  assert.match(state.reason, /No X.509-SVID from nowhere/);
});

Deno.test("each loss and return of an identity is told once, whatever causes it", async () => {
  const { timers, source, issue, bundles } = await scene();
  const told: string[] = [];
  const onChange = (state: IdentityState) => told.push(state.isUsable ? "back" : state.why);
  let jumpMs = 0;
  const clock = () => timers.nowMs + jumpMs;
  const stop = watchIdentity(source, { onChange, clock, startTimer: timers.start });
  const tell = async (expected: string[]) => {
    timers.advance(3 * LOOK_MS);
    await Promise.resolve();
    assert.deepEqual(told.splice(0), expected);
  };
  await tell([]);
  source.withdraw("no identity issued");
  await tell(["missing"]);
  source.set(await issue(), bundles);
  await tell(["back"]);
  timers.advance(2 * HOUR_MS);
  await tell(["expired"]);
  source.set(await issue(), bundles);
  await tell(["back"]);
  jumpMs = -HOUR_MS;
  await tell(["not-yet-valid"]);
  jumpMs = HOUR_MS;
  await tell(["expired"]);
  jumpMs = 0;
  await tell(["back"]);
  stop();
  source.withdraw("late");
  await tell([]);
  assert.deepEqual(timers.delays(), [], "no timer is left");
});
