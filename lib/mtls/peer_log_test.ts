import assert from "node:assert/strict";
import { parseSpiffeId } from "../spiffe/mod.ts";
import { type PeerLink, PeerLog, seldom } from "./peer_log.ts";

function link(path: string, more: Partial<PeerLink> = {}): PeerLink {
  const id = parseSpiffeId(`spiffe://spike.ist/${path}`);
  return { id, side: "accepted", protocol: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", ...more };
}

Deno.test("each kind of link is kept once, with when it was seen last", () => {
  const log = new PeerLog();
  log.note(link("b"), 1);
  log.note(link("a"), 2);
  log.note(link("b"), 3);
  log.note(link("b", { side: "made" }), 4);
  const short = log.links.map(({ id, side, lastSeenMs }) =>
    `${id.slice(-1)} ${side} ${lastSeenMs}`
  );
  assert.deepEqual(short, ["a accepted 2", "b accepted 3", "b made 4"]);
});

Deno.test("a flood of identities evicts those not seen for longest", () => {
  const log = new PeerLog();
  log.note(link("kept"), 0);
  for (let i = 0; i < 255; i++) log.note(link(`x${i}`), i);
  log.note(link("kept"), 300);
  log.note(link("new"), 301);
  const ids = log.links.map(({ id }) => id.split("/").at(-1));
  assert.equal(ids.length, 256);
  assert(ids.includes("kept") && ids.includes("new") && !ids.includes("x0"));
});

Deno.test("a link is passed on at most once in ten seconds, another one at once", () => {
  let now = 0;
  const passed: string[] = [];
  const pass = seldom(({ id }) => passed.push(id.slice(-1)), () => now);
  for (const [at, path] of [[0, "a"], [1, "a"], [2, "b"], [9_999, "a"], [10_000, "a"]] as const) {
    now = at;
    pass(link(path));
  }
  assert.deepEqual(passed, ["a", "b", "a"]);
});
