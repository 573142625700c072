import assert from "node:assert/strict";
import type { NexusSettings } from "../../../lib/config/mod.ts";
import { candidatesOf, sampleKey, sampleSet, sampleShards } from "../../../lib/recovery/_sample.ts";
import { deriveVerifyKey, makeProbe, ordinarySlots, osRandom } from "../../../lib/seal/mod.ts";
import {
  DEFAULT_TRUST_ROOTS,
  MemorySource,
  parseSpiffeId,
  trustDomainOf,
} from "../../../lib/spiffe/mod.ts";
import { openMemory, type Store } from "../../../lib/store/mod.ts";
import { keepRecords } from "../request/_auditing.ts";
import { startCore } from "./core.ts";
import { KEK_SLOTS, ROOT_SLOTS, SharedPage } from "../../../lib/shared_page/page.ts";

const SETTINGS = {
  backend: "sqlite",
  keeperPeers: [],
  threshold: 2,
  shares: 3,
  scheme: "gf256",
  acceptEmptyStore: false,
  trustRoots: DEFAULT_TRUST_ROOTS,
  callTimeouts: { connectMs: 1, headersMs: 1, totalMs: 1 },
  keeperUpdateIntervalMs: 60_000,
  keeperProbeIntervalMs: 60_000,
  maxSecretVersions: 10,
} as unknown as NexusSettings;

/** A core without keepers: shards come by `offer` and by hand. */
async function start(settings: Partial<NexusSettings> = {}, store: Store = openMemory()) {
  const page = new SharedPage();
  const rootSlots = ordinarySlots(ROOT_SLOTS);
  let initialised = 0;
  const counting: Store = {
    ...store,
    write: (work) =>
      store.write((tx) =>
        work({
          ...tx,
          revision: tx.revision,
          meta: () => tx.meta(),
          keks: () => tx.keks(),
          keys: (name) => tx.keys(name),
          head: (path) => tx.head(path),
          secret: (path, version) => tx.secret(path, version),
          changeMeta: (change) => tx.changeMeta(change),
          putKek: (kek) => tx.putKek(kek),
          reserveSeals: (generation, count) => tx.reserveSeals(generation, count),
          putKey: (key) => tx.putKey(key),
          reserveKeySeals: (...key) => tx.reserveKeySeals(...key),
          putHead: (row) => tx.putHead(row),
          insertVersion: (path, row) => tx.insertVersion(path, row),
          rewrapVersion: (path, version, wrapping) => tx.rewrapVersion(path, version, wrapping),
          deleteVersions: (path, versions) => tx.deleteVersions(path, versions),
          mark: (name) => tx.mark(name),
          putMark: (name, value) => tx.putMark(name, value),
          putOutbox: (record) => tx.putOutbox(record),
          clearOutbox: (revision) => tx.clearOutbox(revision),
          putAuditLog: (row) => tx.putAuditLog(row),
          initialise: (meta, kek) => (initialised++, tx.initialise(meta, kek)),
        })
      ),
  };
  const core = await startCore({
    settings: { ...SETTINGS, ...settings },
    source: new MemorySource(),
    page,
    rootSlots,
    kekSlots: ordinarySlots(KEK_SLOTS),
    cipherSlots: ordinarySlots(1),
    auditing: keepRecords(counting),
  });
  const verify = async (key = sampleKey()) => {
    const probe = makeProbe(deriveVerifyKey(key, sampleSet().setId), osRandom);
    return await core.port.verify(probe.nonce, probe.ciphertext) === probe.expectedHash;
  };
  return { ...core, page, rootSlots, verify, store, stores: () => initialised };
}

const AUTHOR = "spiffe://spike.ist/spike/pilot/role/superuser";
const CALL = {
  id: parseSpiffeId(AUTHOR),
  trustDomain: trustDomainOf(parseSpiffeId(AUTHOR)),
  serial: "0a",
  correlation: "1",
  operation: "secret.put",
  grant: { by: "role", name: "superuser" },
} as const;
const PUT = { path: "a", values: { k: "v" }, call: CALL };

/** A store that belongs to the sample key. */
async function startedStore(): Promise<Store> {
  const store = openMemory();
  const core = await start({}, { ...store, close: () => Promise.resolve() });
  await core.control.offer(candidatesOf(sampleShards()));
  await core.verify();
  await core.stop();
  return store;
}

Deno.test("two proofs at once make one store", async () => {
  const { control, verify, page, stop, stores } = await start();
  await control.offer(candidatesOf(sampleShards()));
  assert.equal(page.state, "provisional");
  assert.deepEqual(await Promise.all([verify(), verify(), verify()]), [true, true, true]);
  assert.equal(page.state, "ready");
  assert.equal(stores(), 1);
  await stop();
});

Deno.test("of a wrong and a right proof at once the first in turn decides, and no half store is left", async () => {
  const { control, verify, page, stop, stores } = await start();
  await control.offer(candidatesOf(sampleShards()));
  const outcomes = await Promise.allSettled([verify(sampleKey(9)), verify()]);
  assert.deepEqual(outcomes.map(({ status }) => status), ["rejected", "rejected"]);
  assert.equal(page.state, "waiting");
  assert.equal(stores(), 0);
  await stop();
});

Deno.test("before there is a key nothing is written, and status tells where it stands", async () => {
  const { port, stop, control } = await start();
  await assert.rejects(port.putSecret(PUT), { code: "root_key_missing" });
  await assert.rejects(port.recover({ confirms: false }), { code: "recovery_failed" });
  const before = await port.status({ verbose: false });
  assert.deepEqual([before.state, before.initialized, before.keepers], ["waiting", false, []]);
  assert.equal("storeId" in before, false);
  await control.offer(candidatesOf(sampleShards()));
  assert.equal((await port.status({ verbose: false })).state, "provisional");
  await assert.rejects(port.putSecret(PUT), { code: "root_key_missing" });
  await stop();
});

Deno.test("a restored key opens the store, and what was restored by hand is wiped", async () => {
  const store = await startedStore();
  const { port, page, stop } = await start({}, store);
  const [one, two] = sampleShards();
  assert.ok(one && two);
  const handed = [one.bytes.slice(), two.bytes.slice()];
  assert.deepEqual(await port.restore(1, handed[0] as Uint8Array), {
    collected: 1,
    remaining: 1,
    restored: false,
  });
  const wrong = two.bytes.with(0, 1 ^ (two.bytes[0] ?? 0));
  await assert.rejects(port.restore(2, wrong), { code: "api_bad_request" });
  assert.ok(wrong.every((byte) => byte === 0), "a refused shard is wiped, too");
  assert.equal((await port.restore(2, handed[1] as Uint8Array)).restored, true);
  assert.equal(page.state, "ready");
  assert.ok(handed.every((bytes) => bytes.every((byte) => byte === 0)));
  assert.deepEqual(await port.putSecret(PUT), { version: 1 });
  assert.deepEqual(await port.restore(1, one.bytes.slice()), {
    collected: 2,
    remaining: 0,
    restored: true,
  }, "one custodian more hears that it is done");
  const foreign = two.bytes.with(0, 1 ^ (two.bytes[0] ?? 0));
  await assert.rejects(port.restore(2, foreign), { code: "state_already_initialized" });
  assert.equal((await port.recover({ confirms: true })).shards.length, 3);
  await stop();
});

Deno.test("without a database there is nothing to restore", async () => {
  const { port, stop } = await start();
  await assert.rejects(port.restore(1, sampleKey()), { code: "api_bad_request" });
  await stop();
});

Deno.test("a memory backend is ready at once and has neither keepers nor recovery shards", async () => {
  const { port, page, stop } = await start({ backend: "memory" });
  assert.equal(page.state, "ready");
  assert.deepEqual(await port.putSecret(PUT), { version: 1 });
  assert.throws(() => port.recover({ confirms: false }), { code: "api_bad_request" });
  await assert.rejects(port.restore(1, sampleKey()), { code: "api_bad_request" });
  assert.deepEqual((await port.status({ verbose: false })).keepers, []);
  await stop();
});

Deno.test("stopping zeroes the keys and ends a loop that waits", async () => {
  const { control, verify, stop, page, rootSlots } = await start();
  await control.offer(candidatesOf(sampleShards()));
  await verify();
  await stop();
  assert.equal(page.state, "waiting");
  assert.ok(rootSlots.slot(0).every((byte) => byte === 0));
});

Deno.test("writes go on after the key was dropped and recovered", async () => {
  const { control, port, verify, stop } = await start();
  await control.offer(candidatesOf(sampleShards()));
  await verify();
  await port.putSecret(PUT);
  control.standBack(1);
  await assert.rejects(port.putSecret(PUT), { code: "root_key_missing" });
  await control.offer(candidatesOf(sampleShards()));
  assert.deepEqual(await port.putSecret(PUT), { version: 2 });
  await stop();
});
