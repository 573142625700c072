import assert from "node:assert/strict";
import type { Call } from "../audit/mod.ts";
import { decodeManifest } from "../recovery/mod.ts";
import { candidatesOf } from "../recovery/_sample.ts";
import { keepLines } from "../telemetry/_sink.ts";
import { createWorld } from "./_shard_world.ts";
import { createRecoveryPort, exportStatus } from "./recovery_port.ts";
import { RestoreCollection } from "./restore.ts";
import { createSerial } from "../async/serial.ts";

const ADA = { id: "spiffe://spike.ist/spike/pilot/role/superuser" } as Call;

/** The operations of a Nexus over the store and keepers of `world`. */
function serve(world: Awaited<ReturnType<typeof createWorld>>) {
  const nexus = world.start();
  const { control, page } = nexus;
  const { log, lines } = keepLines();
  let woken = 0;
  const port = createRecoveryPort({
    store: world.store,
    control,
    page,
    restore: new RestoreCollection({
      threshold: () => Promise.resolve(2),
      recognise: (index, shard) => control.recognise(index, shard),
      offer: (candidates) => control.offer(candidates),
      clock: () => 0,
    }),
    change: { run: ({ kind }) => nexus.run(kind) },
    inTurn: createSerial(),
    wake: { now: () => void woken++ },
    hasShards: true,
    clock: () => Date.UTC(2026, 0, 1),
    log,
  });
  return { ...nexus, port, lines, woken: () => woken };
}

async function started() {
  const world = await createWorld();
  const nexus = serve(world);
  assert.ok(await nexus.recover());
  return { world, ...nexus };
}

Deno.test("shards count as exported at once, or when who asked to confirm confirms", async () => {
  const { port, world, run } = await started();
  assert.deepEqual(await exportStatus(world.store), { exported: false });
  const { shards, manifest } = await port.recover({ confirms: true });
  assert.equal(shards.length, 3);
  assert.deepEqual(await exportStatus(world.store), { exported: false });
  const { setId } = decodeManifest(manifest);
  await port.confirmExport({ setId, call: ADA });
  const exported = { exported: true, exportedAt: "2026-01-01T00:00:00.000Z" };
  assert.deepEqual(await exportStatus(world.store), exported);
  await run("refresh");
  assert.deepEqual(await exportStatus(world.store), { exported: false }, "those were others");
  await assert.rejects(port.confirmExport({ setId, call: ADA }), { code: "shard_set_changed" });
  await port.recover({ confirms: false });
  assert.deepEqual(await exportStatus(world.store), exported);
});

Deno.test("the manifest is proved by the root key while there is one, and otherwise the store's word", async () => {
  const { port, control, run, page } = await started();
  await run("refresh");
  await run("rotate-root");
  await run("refresh");
  const proved = await port.manifest();
  assert.equal(proved.isProved, true);
  assert.deepEqual(
    decodeManifest(proved.manifest).commitments,
    control.shards().map(({ stamp }) => stamp.commitment),
  );
  const past = proved.past.map(({ generation, opens }) => `${generation} ${opens}`);
  assert.deepEqual(past, ["3 true", "2 false", "1 false"]);
  control.wipe();
  assert.equal(page.state, "waiting");
  const told = await port.manifest();
  assert.equal(told.isProved, false);
  assert.deepEqual(told.manifest, proved.manifest);
});

Deno.test("a seal drops every key, keeps keepers out and outlives the process", async () => {
  const { port, world, page, control, rootSlots, lines } = await started();
  const { kek } = world;
  await port.seal({ reason: "intruder", call: ADA });
  assert.equal(page.state, "sealed");
  assert.ok(rootSlots.slot(0).every((byte) => byte === 0));
  assert.throws(() => control.keyring, { code: "root_key_missing" });
  assert.deepEqual(lines.at(-1)?.fields, { by: ADA.id, reason: "intruder" });
  assert.ok(await world.store.mark("sealed"));
  await assert.rejects(port.recover({ confirms: false }), { code: "recovery_failed" });
  await port.unseal({ call: ADA });
  assert.equal(page.state, "waiting");
  assert.equal(await world.store.mark("sealed"), undefined);
  await control.offer(candidatesOf(world.keepers.flatMap(({ holding }) => {
    const { current } = holding;
    return current?.stamp ? [{ bytes: current.bytes, stamp: current.stamp }] : [];
  })));
  assert.deepEqual(control.keyring.kek(1), kek);
});

Deno.test("the first seal is the one that is remembered, and one that could not be is told", async () => {
  const { port, world } = await started();
  await port.seal({ reason: "first", call: ADA });
  await port.seal({ reason: "second", call: ADA });
  assert.match(new TextDecoder().decode(await world.store.mark("sealed")), /first/);
  const { write } = world.store;
  await port.unseal({ call: ADA });
  Object.assign(world.store, { write: () => Promise.reject(new Error("disk")) });
  await assert.rejects(port.seal({ reason: "third", call: ADA }), /disk/);
  Object.assign(world.store, { write });
});

Deno.test("a seal is stored while there is a key that proves its record, and does not wait for a store that hangs", async () => {
  const { port, world, page } = await started();
  const { write } = world.store;
  const states: string[] = [];
  const watched: typeof write = (work) => {
    states.push(page.state);
    return write(work);
  };
  Object.assign(world.store, { write: watched });
  await port.seal({ reason: "first", call: ADA });
  assert.deepEqual(states, ["ready"]);
  const other = await started();
  const still = other.world.store.write;
  let isFirst = true;
  const hangs: typeof write = (work) => {
    states.push(other.page.state);
    if (!isFirst) return still(work);
    isFirst = false;
    return new Promise(() => {});
  };
  Object.assign(other.world.store, { write: hangs });
  await other.port.seal({ reason: "second", call: ADA });
  assert.deepEqual(states, ["ready", "ready", "sealed"]);
  assert.ok(await other.world.store.mark("sealed"));
});

Deno.test("shards that people hand in open a sealed Nexus, which is sealed no more", async () => {
  const { port, world, page, control, woken } = await started();
  const shards = control.shards().map(({ bytes }) => bytes.slice());
  await port.seal({ reason: "drill", call: ADA });
  assert.equal((await port.restore(1, shards[0] ?? assert.fail())).remaining, 1);
  assert.equal(page.state, "sealed");
  const before = woken();
  assert.equal((await port.restore(3, shards[2] ?? assert.fail())).restored, true);
  assert.equal(page.state, "ready");
  assert.equal(await world.store.mark("sealed"), undefined);
  assert.equal(woken(), before + 1);
});

Deno.test("a disk that is full does not make a failure of a restoration", async () => {
  const { port, world, page, control, lines } = await started();
  const shards = control.shards().map(({ bytes }) => bytes.slice());
  await port.seal({ reason: "drill", call: ADA });
  const { write } = world.store;
  Object.assign(world.store, { write: () => Promise.reject(new Error("disk is full")) });
  await port.restore(1, shards[0] ?? assert.fail());
  assert.equal((await port.restore(2, shards[1] ?? assert.fail())).restored, true);
  Object.assign(world.store, { write });
  assert.equal(page.state, "ready");
  assert.deepEqual(lines.at(-1), {
    level: "error",
    event: "seal_not_ended",
    fields: { detail: "disk is full" },
  });
});

Deno.test("shards of an earlier generation restore, and those of an older root key are refused by name", async () => {
  const { port, control, run, page } = await started();
  const first = control.shards().map(({ bytes }) => bytes.slice());
  await run("refresh");
  control.wipe();
  const give = (i: number) => port.restore(i + 1, first[i]?.slice() ?? assert.fail());
  assert.deepEqual(await give(0), { collected: 1, remaining: 1, restored: false, generation: 1 });
  assert.equal((await give(1)).restored, true);
  assert.equal(page.state, "ready");
  assert.equal(control.generation, 2);
  await run("rotate-root");
  control.wipe();
  await assert.rejects(give(0), { code: "shard_of_older_root" });
});
