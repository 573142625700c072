import assert from "node:assert/strict";
import { type Authority, createAuthority } from "../authority/authority.ts";
import { GRPC_CODE } from "./grpc.ts";
import { parseSpiffeId, parseTrustDomain, type TrustDomain } from "../spiffe/id.ts";
import type { SvidSource, X509Svid } from "../spiffe/source.ts";
import { FakeTimers } from "../spiffe/_fake_timers.ts";
import { encodeSvidAnswer } from "./answer.ts";
import { openWorkloadSource, type WorkloadSourceOptions } from "./source.ts";
import type { StreamListener } from "./stream.ts";

const DOMAIN = parseTrustDomain("spike.ist");
const ID = parseSpiffeId("spiffe://spike.ist/spike/nexus");
const ADDRESS = { kind: "unix", path: "/run/agent.sock" } as const;
const TTL_MS = 3_600_000;

let sharedAuthority: Promise<Authority> | undefined;

function authority(): Promise<Authority> {
  return sharedAuthority ??= createAuthority({ trustDomain: DOMAIN });
}

async function issue(hint = ""): Promise<X509Svid> {
  return await (await authority()).issue(ID, TTL_MS, { hint });
}

async function encode(
  svids: readonly X509Svid[],
  others: readonly [TrustDomain, Uint8Array][] = [],
) {
  const bundles = new Map<TrustDomain, readonly Uint8Array[]>([
    [DOMAIN, (await authority()).anchors()],
    ...others.map(([domain, der]) => [domain, [der]] as const),
  ]);
  return encodeSvidAnswer({ svids, bundles });
}

/** An agent that does what the test says. */
class FakeAgent {
  readonly timers = new FakeTimers();
  readonly log: string[] = [];
  readonly methods: string[] = [];
  closed = 0;
  #listener: StreamListener | undefined;

  open(options: WorkloadSourceOptions = {}): SvidSource {
    return openWorkloadSource(ADDRESS, {
      now: this.timers.now,
      random: () => 0.5,
      startTimer: this.timers.start,
      log: (reason) => this.log.push(reason),
      openStream: (_address, method, listener) => {
        this.methods.push(method);
        this.#listener = listener;
        return {
          close: () => {
            this.closed++;
            return Promise.resolve();
          },
        };
      },
      ...options,
    });
  }

  get opened(): number {
    return this.methods.length;
  }

  send(message: Uint8Array): void {
    this.#listener?.message(message.slice());
  }

  end(code: number, message = ""): void {
    this.#listener?.ended({ code, message });
  }
}

async function countCalls(source: SvidSource, act: () => void): Promise<number> {
  // What went before is announced first.
  await Promise.resolve();
  let calls = 0;
  const unsubscribe = source.subscribe(() => calls++);
  act();
  await Promise.resolve();
  unsubscribe();
  return calls;
}

Deno.test("the first message makes the source ready with the first identity", async () => {
  const agent = new FakeAgent();
  const source = agent.open();
  const ready = source.ready(1000);
  assert.throws(() => source.current(), { code: "spiffe_unable_to_fetch_x509_source" });

  const svid = await issue();
  agent.send(await encode([svid, await issue("other")]));

  const snapshot = await ready;
  assert.deepEqual(agent.methods, ["FetchX509SVID"]);
  assert.deepEqual(snapshot.svid, svid);
  assert.deepEqual([...snapshot.bundles.keys()], [DOMAIN]);
  assert.equal(snapshot.generation, 1);
  assert.equal(snapshot.receivedAtMs, agent.timers.nowMs);
  assert.equal(source.current(), snapshot);
  assert.equal(await source.ready(1), snapshot);
  assert.deepEqual(agent.timers.delays(), [], "no timer is left behind");
  await source.close();
});

Deno.test("a later message replaces everything and is announced once", async () => {
  const agent = new FakeAgent();
  const source = agent.open();
  const other = parseTrustDomain("other.test");
  const [anchor = new Uint8Array()] = (await authority()).anchors();
  agent.send(await encode([await issue()], [[other, anchor]]));
  const first = source.current();
  assert(first.bundles.has(other));

  const second = await issue();
  const messages = [await encode([await issue()]), await encode([second])];
  const calls = await countCalls(source, () => messages.forEach((message) => agent.send(message)));

  assert.equal(calls, 1);
  assert.deepEqual(source.current().svid, second);
  assert.equal(source.current().generation, 3);
  assert(!source.current().bundles.has(other), "what a snapshot does not name is withdrawn");
  assert(first.bundles.has(other), "a former snapshot is not touched");
  await source.close();
});

Deno.test("a message that cannot be used is reported once and changes nothing", async () => {
  const agent = new FakeAgent();
  const source = agent.open();
  const svid = await issue();
  agent.send(await encode([svid]));
  const before = source.current();
  const foreign = await issue();

  const empty = new Uint8Array();
  const wrongKey = await encode([{ ...svid, privateKey: foreign.privateKey }]);
  const noKey = await encode([svid, { ...svid, privateKey: empty }]);
  const garbage = new Uint8Array([0x0a, 5, 1]);
  const calls = await countCalls(source, () => {
    for (const bad of [empty, empty, wrongKey, noKey, garbage]) agent.send(bad);
  });

  assert.equal(calls, 0);
  assert.equal(source.current(), before);
  assert.equal(agent.closed, 0, "the stream stays");
  assert.equal(agent.log.length, 4);
  assert.match(agent.log[0] ?? "", /has no identity/);
  assert.match(agent.log[1] ?? "", /does not belong/);
  assert.match(agent.log[2] ?? "", /"spiffe:\/\/spike.ist\/spike\/nexus" has no x509_svid_key/);
  assert.match(agent.log[3] ?? "", /no X509SVIDResponse/);
  await source.close();
});

Deno.test("the message is wiped, because it held the private key", async () => {
  let listener: StreamListener | undefined;
  const source = openWorkloadSource(ADDRESS, {
    openStream: (_address, _method, given) => {
      listener = given;
      return { close: () => Promise.resolve() };
    },
  });
  const message = await encode([await issue()]);
  listener?.message(message);
  assert(message.every((byte) => byte === 0));
  assert(source.current().svid.privateKey.some((byte) => byte !== 0));
  assert(source.current().bundles.get(DOMAIN)?.[0]?.some((byte) => byte !== 0));
  await source.close();
});

Deno.test("a configured hint picks its identity", async () => {
  const agent = new FakeAgent();
  const source = agent.open({ hint: "b" });
  const [wanted, second] = [await issue("b"), await issue("b")];
  agent.send(await encode([await issue("a"), wanted, second]));
  assert.deepEqual(source.current().svid, wanted);
  await source.close();
});

Deno.test("of two identities with the same hint the first counts", async () => {
  const agent = new FakeAgent();
  const source = agent.open({ hint: "internal" });
  const first = await issue("internal");
  agent.send(await encode([await issue(), first, await issue("internal")]));
  assert.deepEqual(source.current().svid, first);
  await source.close();
});

Deno.test("an update without any identity is reported and takes nothing", async () => {
  const agent = new FakeAgent();
  const source = agent.open();
  agent.send(await encode([await issue()]));
  const before = source.current();
  agent.send(new Uint8Array());
  assert.equal(source.current(), before);
  assert.match(agent.log.join(), /it has no identity/);
  assert.equal(agent.opened, 1, "the stream stays");
  await source.close();
});

Deno.test("an empty federated bundle trusts nothing, and one that is left out is gone", async () => {
  const agent = new FakeAgent();
  const source = agent.open();
  const other = parseTrustDomain("other.test");
  agent.send(await encode([await issue()], [[other, new Uint8Array()]]));
  assert.deepEqual(source.current().bundles.get(other), []);
  agent.send(await encode([await issue()]));
  assert.equal(source.current().bundles.has(other), false);
  await source.close();
});

Deno.test("a hint that is not offered at first is final", async () => {
  const agent = new FakeAgent();
  const source = agent.open({ hint: "b" });
  const ready = source.ready(1000);
  agent.send(await encode([await issue("a"), await issue()]));
  await assert.rejects(ready, (error: Error) => {
    assert.match(error.message, /hint "b", it offers "a"$/);
    return true;
  });
  assert.equal(agent.closed, 1);
  assert.deepEqual(agent.timers.delays(), []);
  await source.close();
});

Deno.test("a hint that disappears withdraws the identity until it is back", async () => {
  const agent = new FakeAgent();
  const source = agent.open({ hint: "b" });
  agent.send(await encode([await issue("b")]));
  const message = await encode([await issue("a")]);
  assert.equal(await countCalls(source, () => agent.send(message)), 1);
  assert.throws(() => source.current(), /hint "b"/);
  agent.send(await encode([await issue("b")]));
  assert.equal(source.current().generation, 2);
  await source.close();
});

Deno.test("before the first identity attempts follow each other quickly", async () => {
  const agent = new FakeAgent();
  const source = agent.open();
  const delays: number[] = [];
  for (let attempt = 0; attempt < 7; attempt++) {
    agent.end(GRPC_CODE.UNAVAILABLE, "connect ENOENT");
    delays.push(...agent.timers.delays());
    agent.timers.advance(delays.at(-1) ?? 0);
  }
  assert.deepEqual(delays, [100, 200, 400, 800, 1000, 1000, 1000]);
  assert.equal(agent.opened, 8);
  assert.deepEqual(agent.log, ["UNAVAILABLE: connect ENOENT"]);
  await source.close();
});

Deno.test("after an identity attempts slow down by a second each, and a message resets that", async () => {
  const agent = new FakeAgent();
  const source = agent.open();
  const message = await encode([await issue()]);
  agent.send(message);
  const delays: number[] = [];
  for (let attempt = 0; attempt < 32; attempt++) {
    agent.end(GRPC_CODE.UNAVAILABLE, "agent is gone");
    delays.push(...agent.timers.delays());
    agent.timers.advance(delays.at(-1) ?? 0);
  }
  assert.deepEqual(delays.slice(0, 4), [1000, 2000, 3000, 4000]);
  assert.deepEqual(delays.slice(28), [29_000, 30_000, 30_000, 30_000]);
  assert.equal(source.current().generation, 1, "the state outlives the agent");

  agent.send(message);
  agent.end(GRPC_CODE.CANCELLED);
  assert.deepEqual(agent.timers.delays(), [1000]);
  await source.close();
});

Deno.test("jitter keeps the delay within a fifth", () => {
  for (const [random, delayMs] of [[0, 80], [0.999_999, 120]] as const) {
    const agent = new FakeAgent();
    agent.open({ random: () => random });
    agent.end(GRPC_CODE.UNAVAILABLE);
    assert.deepEqual(agent.timers.delays(), [delayMs]);
  }
});

Deno.test("a clean end is followed at once, but never more than once a second", async () => {
  const agent = new FakeAgent();
  const source = agent.open();
  const message = await encode([await issue()]);
  agent.send(message);
  agent.timers.advance(60_000);
  agent.end(GRPC_CODE.OK);
  assert.deepEqual(agent.timers.delays(), [0]);
  agent.timers.advance(0);
  assert.equal(agent.opened, 2);

  agent.send(message);
  agent.timers.advance(300);
  agent.end(GRPC_CODE.OK);
  assert.deepEqual(agent.timers.delays(), [700]);
  agent.timers.advance(700);

  agent.end(GRPC_CODE.OK);
  assert.deepEqual(agent.timers.delays(), [1000], "a stream without a message is a failure");
  await source.close();
});

Deno.test("a denial before the first identity is waited out", async () => {
  const agent = new FakeAgent();
  const source = agent.open();
  const ready = source.ready(60_000);
  for (let attempt = 0; attempt < 5; attempt++) {
    agent.end(GRPC_CODE.PERMISSION_DENIED, "no identity issued");
    agent.timers.advance(1000);
  }
  agent.send(await encode([await issue()]));
  assert.equal((await ready).generation, 1);
  assert.deepEqual(agent.log, ["PERMISSION_DENIED: no identity issued"]);
  await source.close();
});

Deno.test("a denial after an identity withdraws it once a second attempt confirms it", async () => {
  const agent = new FakeAgent();
  const source = agent.open();
  const message = await encode([await issue()]);
  agent.send(message);

  const first = await countCalls(source, () => agent.end(GRPC_CODE.PERMISSION_DENIED, "none"));
  assert.equal(first, 0);
  assert.equal(source.current().generation, 1);
  assert.deepEqual(agent.timers.delays(), [250]);

  agent.timers.advance(250);
  const second = await countCalls(source, () => agent.end(GRPC_CODE.PERMISSION_DENIED, "none"));
  assert.equal(second, 1);
  assert.throws(() => source.current(), /PERMISSION_DENIED: none/);

  const ready = source.ready(60_000);
  agent.timers.advance(2000);
  agent.send(message);
  assert.equal((await ready).generation, 2);
  await source.close();
});

Deno.test("a denial that the next attempt does not confirm takes nothing", async () => {
  const agent = new FakeAgent();
  const source = agent.open();
  const message = await encode([await issue()]);
  agent.send(message);
  agent.end(GRPC_CODE.PERMISSION_DENIED);
  agent.timers.advance(250);
  agent.send(message);
  agent.end(GRPC_CODE.PERMISSION_DENIED);
  assert.equal(source.current().generation, 2);
  await source.close();
});

for (const code of [GRPC_CODE.INVALID_ARGUMENT, GRPC_CODE.UNIMPLEMENTED]) {
  Deno.test(`status ${code} ends the attempts and rejects ready()`, async () => {
    const agent = new FakeAgent();
    const source = agent.open();
    const ready = source.ready(1000);
    agent.end(code, "no good");
    await assert.rejects(ready, { code: "spiffe_unable_to_fetch_x509_source" });
    await assert.rejects(source.ready(1000), /unix:\/\/\/run\/agent.sock: \w+: no good$/);
    assert.deepEqual(agent.timers.delays(), []);
    assert.equal(agent.opened, 1);
    await source.close();
  });
}

Deno.test("ready() names the address, the last reason and a hint when its time is up", async () => {
  const agent = new FakeAgent();
  const source = agent.open();
  const ready = source.ready(5000);
  agent.end(GRPC_CODE.UNAVAILABLE, "connect ENOENT /run/agent.sock");
  agent.timers.advance(5000);
  await assert.rejects(ready, {
    code: "spiffe_unable_to_fetch_x509_source",
    message: "No X.509-SVID from Workload API unix:///run/agent.sock within 5000 ms: " +
      "UNAVAILABLE: connect ENOENT /run/agent.sock",
    hint: /registration entry/,
  });
  await source.close();
});

Deno.test("close() ends the stream, the waits and the snapshot", async () => {
  const agent = new FakeAgent();
  const source = agent.open();
  agent.send(await encode([await issue()]));
  await source.close();
  assert.equal(agent.closed, 1);
  assert.throws(() => source.current(), /it was closed/);
  await assert.rejects(source.ready(1000), /it was closed/);

  agent.end(GRPC_CODE.UNAVAILABLE);
  assert.deepEqual(agent.timers.delays(), [], "nothing is tried again");
});

Deno.test("close() rejects those who wait for the first identity", async () => {
  const agent = new FakeAgent();
  const source = agent.open();
  const ready = source.ready(1000);
  const closed = source.close();
  await assert.rejects(ready, /it was closed/);
  await closed;
  assert.deepEqual(agent.timers.delays(), []);
});
