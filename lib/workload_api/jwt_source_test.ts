import assert from "node:assert/strict";
import { FakeTimers } from "../spiffe/_fake_timers.ts";
import { GRPC_CODE } from "./grpc.ts";
import { parseTrustDomain } from "../spiffe/id.ts";
import { createJwtAuthority } from "../authority/jwt_authority.ts";
import { type JwtDocuments, JwtKeys } from "../jwt_svid/jwt_keys.ts";
import { followJwtBundles, followJwtFile } from "./jwt_source.ts";
import { encodeJwtBundlesResponse } from "./message.ts";
import type { StreamListener } from "./stream.ts";

const DOMAIN = parseTrustDomain("spike.ist");
const encode = (text: string) => new TextEncoder().encode(text);

function follow() {
  const timers = new FakeTimers();
  const taken: JwtDocuments[] = [];
  const reports: string[] = [];
  const streams: StreamListener[] = [];
  const source = followJwtBundles(
    { kind: "unix", path: "/run/agent.sock" },
    { take: (documents) => taken.push(documents), report: (reason) => reports.push(reason) },
    {
      startTimer: timers.start,
      random: () => 0.5,
      openStream: (_address, method, listener) => {
        assert.equal(method, "FetchJWTBundles");
        streams.push(listener);
        return { close: () => Promise.resolve() };
      },
    },
  );
  const end = (code: number, message = "") => streams.at(-1)?.ended({ code, message });
  const say = (bytes: Uint8Array) => streams.at(-1)?.message(bytes);
  return { timers, taken, reports, streams, source, end, say };
}

Deno.test("bundles come with every message, and the stream is opened again when it ends", async () => {
  const world = follow();
  const bundles = new Map([["spiffe://spike.ist", encode("{}")]]);
  world.say(encodeJwtBundlesResponse(bundles));
  assert.deepEqual(world.taken, [{ form: "agent", byDomain: bundles }]);
  world.end(GRPC_CODE.UNAVAILABLE, "gone");
  assert.deepEqual(world.reports, ["UNAVAILABLE: gone"]);
  world.timers.advance(1_000);
  assert.equal(world.streams.length, 2);
  assert.equal(world.taken.length, 1, "an agent that goes away takes nothing with it");
  await world.source.close();
  world.end(GRPC_CODE.UNAVAILABLE);
  assert.deepEqual(world.timers.delays(), []);
});

Deno.test("an agent that denies twice takes all bundles away, one that has no such call is left alone", () => {
  const denied = follow();
  denied.say(encodeJwtBundlesResponse(new Map([["spiffe://spike.ist", encode("{}")]])));
  denied.end(GRPC_CODE.PERMISSION_DENIED);
  denied.timers.advance(1_000);
  assert.equal(denied.taken.length, 1);
  denied.end(GRPC_CODE.PERMISSION_DENIED);
  assert.deepEqual(denied.taken.at(-1), { form: "agent", byDomain: new Map() });
  const without = follow();
  without.end(GRPC_CODE.UNIMPLEMENTED, "no");
  assert.deepEqual([without.timers.delays(), without.reports], [[], ["UNIMPLEMENTED: no"]]);
});

Deno.test("a message that is none is reported, and nothing is taken", () => {
  const world = follow();
  world.say(Uint8Array.of(0x0a, 0x7f));
  assert.deepEqual(world.taken, []);
  assert.match(world.reports[0] ?? "", /no JWTBundlesResponse message$/);
});

Deno.test("a bundle that cannot be read leaves its domain as it was, one that is gone takes its keys", async () => {
  const [ours, theirs] = await Promise.all([createJwtAuthority(), createJwtAuthority()]);
  const reports: string[] = [];
  const keys = new JwtKeys((reason) => reports.push(reason));
  const give = (...entries: [string, Uint8Array][]) =>
    keys.update({ form: "agent", byDomain: new Map(entries) });
  const other = parseTrustDomain("acme.example");
  give(["spiffe://spike.ist", ours.jwks()], ["spiffe://acme.example", theirs.jwks()]);
  assert.deepEqual([keys.keysOf(DOMAIN)?.size, keys.keysOf(other)?.size], [1, 1]);
  give(["spiffe://spike.ist", encode("{")]);
  assert.deepEqual([keys.keysOf(DOMAIN)?.size, keys.keysOf(other)], [1, undefined]);
  assert.match(reports[0] ?? "", /^spike\.ist: /);
  give(["not a domain!", ours.jwks()]);
  assert.equal(keys.keysOf(DOMAIN)?.size, 1);
  give();
  assert.equal(keys.keysOf(DOMAIN), undefined);
});

Deno.test("a file is read again when it changes, and a file that is away changes nothing", async () => {
  const dir = await Deno.makeTempDir();
  const path = `${dir}/bundle.json`;
  const timers = new FakeTimers();
  const keys = new JwtKeys((reason) => assert.fail(reason));
  const reports: string[] = [];
  const authority = await createJwtAuthority();
  let taken = Promise.withResolvers<void>();
  const source = followJwtFile(path, DOMAIN, {
    take: (documents) => {
      keys.update(documents);
      taken.resolve();
    },
    report: (reason) => reports.push(reason),
  }, { startTimer: timers.start });
  await timers.running(1_000);
  assert.match(reports[0] ?? "", /^File .*bundle\.json cannot be read/);
  await Deno.writeFile(path, authority.jwks());
  timers.advance(1_000);
  await taken.promise;
  assert.equal(keys.keysOf(DOMAIN)?.size, 1);
  await timers.running(1_000);
  taken = Promise.withResolvers();
  const other = {
    trust_domains: { "acme.example": JSON.parse(new TextDecoder().decode(authority.jwks())) },
  };
  await Deno.writeTextFile(path, JSON.stringify(other));
  timers.advance(1_000);
  await taken.promise;
  assert.equal(keys.keysOf(DOMAIN), undefined);
  assert.equal(keys.keysOf(parseTrustDomain("acme.example"))?.size, 1);
  await timers.running(1_000);
  await Deno.remove(path);
  timers.advance(1_000);
  await timers.running(1_000);
  assert.equal(keys.isEmpty, false);
  await source.close();
  await Deno.remove(dir, { recursive: true });
});
