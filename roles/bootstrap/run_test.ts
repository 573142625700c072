import assert from "node:assert/strict";
import { SpikeError } from "../../lib/error/error.ts";
import type { NexusStatus } from "../../lib/api/mod.ts";
import type { BootstrapSettings } from "../../lib/config/mod.ts";
import { FakeKeeper } from "../../lib/recovery/_fake_keeper.ts";
import { sampleId, sampleKey, sampleSet, sampleShards } from "../../lib/recovery/_sample.ts";
import { rebuild, setKey, type StampedShard } from "../../lib/recovery/mod.ts";
import { answerProbe, deriveVerifyKey, matchesKeyCheck } from "../../lib/seal/mod.ts";
import { splitP256 } from "../../lib/shamir/mod.ts";
import { type BootstrapDeps, type NexusClient, runBootstrap } from "./run.ts";

const SETTINGS = {
  threshold: 2,
  shares: 3,
  scheme: "gf256",
  force: false,
  keeperTimeoutMs: 1_000,
  keeperMaxRetries: 5,
  retryInitialMs: 100,
  retryMaxMs: 200,
  verificationTimeoutMs: 10_000,
} as BootstrapSettings;

/** A Nexus that takes what the keepers hold and answers proofs of it. */
class FakeNexus implements NexusClient {
  state: NexusStatus["state"] | "away" = "waiting";
  key: Uint8Array | undefined;
  proofs = 0;
  provedBy: "root" | "set" | undefined;

  constructor(readonly keepers: readonly FakeKeeper[]) {}

  status(): Promise<NexusStatus> {
    if (this.state === "away") return Promise.reject(unreachable());
    const initialized = this.state === "ready";
    return Promise.resolve({ state: this.state, initialized } as NexusStatus);
  }

  async verify({ nonce, ciphertext }: Parameters<NexusClient["verify"]>[0]): Promise<string> {
    this.proofs++;
    if (this.state === "away") throw unreachable();
    const candidates = await Promise.all(this.keepers.map((k) => k.clientFor("nexus").shards()));
    const result = rebuild(candidates.flat(), {
      threshold: 2,
      isKey: (key, stamp) => !stamp?.check || matchesKeyCheck(key, stamp.setId, stamp.check),
    });
    if (result.kind !== "rebuilt") throw new SpikeError("state_not_ready", "No key");
    const keys = [deriveVerifyKey(result.key, result.stamp?.setId ?? sampleId(99)), result.key];
    const hash = answerProbe(keys, nonce, ciphertext);
    if (!hash) throw new SpikeError("api_internal_error", "Nexus answered 500");
    this.key = result.key;
    this.provedBy = answerProbe([result.key], nonce, ciphertext) ? "root" : "set";
    this.state = "ready";
    return hash;
  }
}

function unreachable(): SpikeError {
  return new SpikeError("net_peer_connection", "Cannot reach it");
}

function build(options: { isOriginal?: boolean; settings?: Partial<BootstrapSettings> } = {}) {
  const keepers = [1, 2, 3].map((i) => new FakeKeeper(i, options.isOriginal));
  const nexus = new FakeNexus(keepers);
  const said: string[] = [];
  const pauses: number[] = [];
  const drawn: Uint8Array[] = [];
  const world = { nowMs: 0, seed: 1, onSleep: () => {} };
  const rootKey = new Uint8Array(32);
  const run = (change: Partial<BootstrapDeps> = {}) =>
    runBootstrap({
      settings: { ...SETTINGS, ...options.settings },
      keepers: keepers.map((keeper) => keeper.clientFor("bootstrap")),
      nexus,
      rootKey,
      random: (length) => {
        const bytes = Uint8Array.from({ length }, (_, i) => (world.seed * 31 + i * 7 + 1) & 0xff);
        world.seed++;
        drawn.push(bytes);
        return bytes;
      },
      clock: () => world.nowMs,
      sleep: (ms) => {
        pauses.push(ms);
        world.nowMs += ms;
        world.onSleep();
        return Promise.resolve();
      },
      say: (line) => void said.push(line),
      ...change,
    });
  const isWiped = () => rootKey.every((byte) => byte === 0);
  const sets = () =>
    keepers.map(({ holding }) => holding.current?.stamp && setKey(holding.current.stamp));
  return { keepers, nexus, said, pauses, drawn, world, rootKey, run, isWiped, sets };
}

/** Keepers as a Nexus leaves them: confirmed, with a store. */
function confirm(keepers: readonly FakeKeeper[], storeId = sampleId(1)): void {
  const shards = sampleShards({ storeId, key: sampleKey(5), set: sampleSet() });
  for (const [i, { bytes, stamp }] of shards.entries()) {
    const keeper = keepers[i];
    if (keeper) keeper.holding = { current: { bytes, stamp, from: "nexus" } };
  }
}

Deno.test("a first run hands one set to all keepers, proves the key, and leaves no key behind", async () => {
  const { run, keepers, nexus, said, isWiped, drawn, sets } = build();
  await run();
  assert.equal(new Set(sets()).size, 1);
  assert.ok(keepers.every(({ holding }, i) => holding.current?.stamp?.index === i + 1));
  assert.equal(nexus.state, "ready");
  assert.equal(nexus.proofs, 1);
  assert.equal(isWiped(), true);
  const keys = drawn.filter(({ length }) => length === 32);
  assert.ok(keys.every((key) => key.every((byte) => byte === 0)), "the drawn copy is zeroed, too");
  assert.match(said.at(-1) ?? "", /^Done: .*SPIKE_BOOTSTRAP_COMPLETED=true/);
  assert.equal(said.filter((line) => /^Keeper \d has its shard$/.test(line)).length, 3);
});

Deno.test("a second run changes nothing and says so", async () => {
  const { run, sets, said, keepers } = build();
  await run();
  const before = sets();
  const asked = keepers.map((keeper) => keeper.asked.length);
  await run();
  assert.deepEqual(sets(), before);
  assert.match(said.at(-1) ?? "", /nothing was changed$/);
  assert.deepEqual(keepers.map((keeper) => keeper.asked.slice(asked[0])), [
    ["probe"],
    ["probe"],
    ["probe"],
  ]);
});

Deno.test("a run that was killed after any keeper can simply be repeated", async () => {
  for (let reached = 0; reached <= 3; reached++) {
    const { run, keepers, nexus, sets } = build();
    const half = sampleShards({ key: sampleKey(3), set: sampleSet({ setId: sampleId(33) }) });
    for (const shard of half.slice(0, reached)) {
      await keepers[shard.stamp.index - 1]?.clientFor("bootstrap").contribute(shard);
    }
    if (reached >= 2) nexus.state = "provisional";
    await run();
    assert.equal(new Set(sets()).size, 1, `${reached} keepers were reached`);
    assert.notDeepEqual(nexus.key, sampleKey(3));
    assert.equal(nexus.state, "ready");
  }
});

Deno.test("keepers that a Nexus has confirmed are left alone, Nexus answering or not", async () => {
  for (const state of ["away", "waiting"] as const) {
    const { run, keepers, nexus, sets, said } = build();
    confirm(keepers);
    nexus.state = state;
    const before = sets();
    await run();
    assert.deepEqual(sets(), before);
    assert.match(said.at(-1) ?? "", /^Keepers 1, 2, 3 hold confirmed shards/);
  }
});

Deno.test("a confirmed keeper that was away when Bootstrap looked still keeps its shard", async () => {
  const { run, keepers, isWiped, sets } = build();
  confirm(keepers.slice(0, 1));
  const [first] = keepers as [FakeKeeper];
  const before = sets()[0];
  const client = first.clientFor("bootstrap");
  const hidden = { ...client, probe: () => Promise.reject(unreachable()) };
  const others = keepers.slice(1).map((keeper) => keeper.clientFor("bootstrap"));
  await assert.rejects(run({ keepers: [hidden, ...others] }), { code: "shard_held" });
  assert.equal(sets()[0], before);
  assert.equal(isWiped(), true);
});

Deno.test("a forced run goes over confirmed keepers", async () => {
  const { run, keepers, nexus, sets } = build({ settings: { force: true } });
  confirm(keepers);
  nexus.state = "database_lost";
  const before = sets();
  await run();
  assert.equal(new Set(sets()).size, 1);
  assert.notDeepEqual(sets(), before);
  assert.equal(nexus.state, "ready");
});

Deno.test("without Nexus the shards are handed out all the same, and the proof waits for it", async () => {
  const { run, nexus, world, pauses, said } = build();
  nexus.state = "away";
  world.onSleep = () => {
    if (pauses.length === 3) nexus.state = "waiting";
  };
  await run();
  assert.deepEqual(pauses, [100, 200, 400]);
  assert.equal(said.filter((line) => line.startsWith("Waiting for Nexus")).length, 1);
});

Deno.test("a keeper that is away is tried again, and named when it stays away", async () => {
  const back = build();
  const [, second] = back.keepers as [unknown, FakeKeeper];
  second.mood = "down";
  back.world.onSleep = () => second.release();
  await back.run();
  assert.ok(second.holding.current);
  assert.ok(back.said.some((line) => /^Waiting for keeper 2 at https:\/\/keeper-2/.test(line)));

  const gone = build();
  const [, lost] = gone.keepers as [unknown, FakeKeeper];
  lost.mood = "down";
  await assert.rejects(gone.run(), { code: "net_peer_connection", message: /keeper-2/ });
  assert.equal(lost.asked.filter((question) => question === "contribute").length, 5);
  assert.equal(gone.isWiped(), true);
  assert.equal(gone.nexus.proofs, 0);
});

Deno.test("once one keeper has refused, the others are not tried on with shards that are wiped", async () => {
  const { run, keepers } = build();
  const [one, two] = keepers as [FakeKeeper, FakeKeeper];
  const held = new SpikeError("shard_held", "The keeper keeps the shard it holds");
  const [a, b, c] = keepers.map((keeper) => keeper.clientFor("bootstrap"));
  assert.ok(a && b && c);
  const offered: StampedShard[] = [];
  const refusing = { ...a, contribute: () => Promise.reject(held) };
  const failing = {
    ...b,
    contribute: (shard: StampedShard) => {
      offered.push({ ...shard, bytes: shard.bytes.slice() });
      return Promise.reject(unreachable());
    },
  };
  await assert.rejects(run({ keepers: [refusing, failing, c] }), held);
  assert.ok(offered.length < 5);
  assert.ok(offered.every(({ bytes }) => bytes.some((byte) => byte !== 0)));
  assert.deepEqual([one.asked, two.asked], [["probe"], ["probe"]]);
});

Deno.test("a run that another one has overtaken ends, and says so", async () => {
  const { run, nexus, isWiped, pauses } = build();
  const overtaken = {
    status: async () => ({ ...await nexus.status(), state: pauses.length ? "ready" : "waiting" }),
    verify: () => {
      pauses.push(0);
      return Promise.reject(new SpikeError("api_internal_error", "Nexus answered 500"));
    },
  } as BootstrapDeps["nexus"];
  await assert.rejects(run({ nexus: overtaken }), {
    code: "state_already_initialized",
    message: /Another run of Bootstrap finished first/,
  });
  assert.equal(pauses.length, 1);
  assert.equal(isWiped(), true);
});

Deno.test("a wrong hash is fatal, and the key is wiped all the same", async () => {
  const { run, nexus, isWiped, pauses } = build();
  nexus.verify = () => Promise.resolve("0".repeat(64));
  await assert.rejects(run(), { code: "crypto_cipher_verification_failed" });
  assert.deepEqual(pauses, []);
  assert.equal(isWiped(), true);
});

Deno.test("a proof that is refused for a while is repeated until its time is up", async () => {
  const { run, nexus, isWiped, world } = build();
  nexus.verify = () =>
    Promise.reject(new SpikeError("state_not_ready", "Nexus has no root key yet"));
  await assert.rejects(run(), { code: "state_not_ready" });
  assert.ok(world.nowMs <= SETTINGS.verificationTimeoutMs);
  assert.ok(world.nowMs > 5_000);
  assert.equal(isWiped(), true);
});

Deno.test("refused by Nexus or a keeper, Bootstrap ends at once", async () => {
  const denied = new SpikeError("access_unauthorized", "Refused this identity");
  const byNexus = build();
  byNexus.nexus.status = () => Promise.reject(denied);
  await assert.rejects(byNexus.run(), denied);
  assert.equal(byNexus.keepers[0]?.holding.current, undefined);
  const byKeeper = build();
  const [first] = byKeeper.keepers as [FakeKeeper];
  first.mood = denied;
  await assert.rejects(byKeeper.run(), denied);
  assert.deepEqual(byKeeper.pauses, []);
});

Deno.test("keepers that drop stamps get a proof under the root key itself, which Nexus can check", async () => {
  const { run, nexus, isWiped } = build({ isOriginal: true });
  await run();
  assert.equal(nexus.state, "ready");
  assert.equal(nexus.proofs, 1);
  assert.equal(isWiped(), true);
});

Deno.test("with p256 the keepers get the shards that SPIKE in Go makes, and the proof is its own", async () => {
  const { run, keepers, nexus, isWiped } = build({ settings: { scheme: "p256" } });
  await run();
  assert.equal(nexus.state, "ready");
  assert.equal(nexus.provedBy, "root");
  assert.equal(isWiped(), true);
  const key = nexus.key ?? assert.fail("no key");
  const expected = splitP256({ secret: key, threshold: 2, shares: 3 });
  assert.deepEqual(
    keepers.map(({ holding }) => holding.current?.bytes),
    expected.map(({ bytes }) => bytes),
  );
});

Deno.test("a root key past the order of P-256 is drawn again", async () => {
  const { run, nexus } = build({ settings: { scheme: "p256" } });
  let keys = 0;
  const random = (length: number) =>
    new Uint8Array(length).fill(length === 32 && keys++ === 0 ? 0xff : 0x21);
  await run({ random });
  assert.ok(keys >= 2);
  assert.deepEqual(nexus.key, new Uint8Array(32).fill(0x21));
});

Deno.test("a Nexus that does not know the question is one without a key, or one that has it", async () => {
  const waiting = build({ settings: { scheme: "p256" } });
  waiting.nexus.status = () => Promise.reject(new SpikeError("state_not_ready", "503"));
  await waiting.run();
  assert.equal(waiting.nexus.proofs, 1);
  const ready = build({ settings: { scheme: "p256" } });
  ready.nexus.status = () => Promise.reject(new SpikeError("api_bad_request", "400"));
  await ready.run();
  assert.equal(ready.nexus.proofs, 0);
  assert.match(ready.said.at(-1) ?? "", /nothing was changed$/);
});
