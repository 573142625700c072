import assert from "node:assert/strict";
import { ordinarySlots, osRandom, RENEW_AT } from "../seal/mod.ts";
import { createSecretReader } from "../secret/mod.ts";
import { openMemory } from "../store/mod.ts";
import { idOf, startApps } from "../../roles/nexus/request/_app_fixture.ts";
import { keepLines } from "../telemetry/_sink.ts";
import { KekRotation } from "./kek_rotation.ts";
import { KeyControl } from "./key_control.ts";
import { CIPHER_SLOTS, KEK_SLOTS, SharedPage } from "../shared_page/page.ts";
import { publishedKeyring } from "../../roles/nexus/request/readers.ts";
import { createSerial } from "../async/serial.ts";
import { Wake } from "../async/wake.ts";
import { createWritersOnDemand } from "./writers.ts";

const ADMIN = idOf("superuser");
const HOUR = 3_600_000;

/** A Nexus without network, whose clock the test moves. */
async function build(maxAgeMs = 0) {
  const store = openMemory();
  const page = new SharedPage();
  const kekSlots = ordinarySlots(KEK_SLOTS);
  const { log, lines } = keepLines();
  const time = { nowMs: 1_767_323_045_000 };
  const clock = () => time.nowMs;
  const control = new KeyControl({
    store,
    page,
    kekSlots,
    rootSlots: ordinarySlots(1),
    cipherSlots: ordinarySlots(CIPHER_SLOTS),
    threshold: 1,
    shares: 1,
    scheme: "gf256",
    acceptEmptyStore: false,
    random: osRandom,
    clock,
    log,
  });
  await control.startEphemeral();
  const writers = createWritersOnDemand(store, control, { maxSecretVersions: 5 });
  const wake = new Wake(new AbortController().signal);
  const parts = { store, page, control, writers, wake, maxAgeMs, clock, log };
  const rotation = () => new KekRotation({ ...parts, inTurn: createSerial() });
  const put = (path: string) => {
    return writers().secrets.put({ path, values: { path }, author: ADMIN });
  };
  const events = () => lines.map(({ event, fields }) => `${event} ${fields["generation"] ?? ""}`);
  const generations = async () => (await store.keks()).map(({ generation }) => generation);
  return { store, page, kekSlots, control, time, rotation, put, events, generations };
}

Deno.test("a generation that is too old is followed by another, and removed once nobody needs it", async () => {
  const { rotation, put, time, events, generations } = await build(24 * HOUR);
  const one = rotation();
  await put("a");
  time.nowMs += 24 * HOUR - 1;
  await one.round();
  assert.deepEqual(await generations(), [1]);
  time.nowMs++;
  assert.equal(await one.round(), true);
  assert.deepEqual(await generations(), [1, 2]);
  time.nowMs += 29_999;
  assert.equal(await one.round(), true);
  time.nowMs++;
  assert.equal(await one.round(), false);
  assert.deepEqual(await generations(), [2]);
  const told = events().filter((event) => event.startsWith("kek_"));
  assert.deepEqual(told, ["kek_rotated 2", "kek_rewrapped 1", "kek_removed 1"]);
});

Deno.test("a generation that was used enough is followed by another, whatever its age", async () => {
  const { store, rotation, put, generations } = await build();
  await put("a");
  await store.write((tx) => tx.reserveSeals(1, RENEW_AT));
  await rotation().round();
  assert.deepEqual(await generations(), [1, 2]);
  await put("a");
  assert.equal((await store.head("a"))?.kekGeneration, 2);
});

Deno.test("a process that finds the work of another done removes at once what that left", async () => {
  const { rotation, put, generations } = await build();
  await put("a");
  const first = rotation();
  await first.rotate("request");
  await first.round();
  assert.deepEqual(await generations(), [1, 2]);
  // Nobody in a new process can have read a row before it was sealed anew.
  assert.equal(await rotation().round(), false);
  assert.deepEqual(await generations(), [2]);
});

Deno.test("there is room for a few generations only, and it is said what to wait for", async () => {
  const { control } = await build();
  for (let i = 2; i <= 8; i++) assert.equal(await control.addKek(), i);
  await assert.rejects(control.addKek(), { code: "state_not_ready" });
});

Deno.test("a reader that began before the rotation opens what was sealed after it", async () => {
  const { store, page, kekSlots, control, put } = await build();
  const keyring = publishedKeyring(page, kekSlots);
  const reader = createSecretReader({ store, keyring });
  await put("a");
  await reader.get({ path: "a" });
  await control.addKek();
  await put("b");
  assert.deepEqual(keyring.generations(), [1, 2]);
  for (const path of ["a", "b"]) {
    const found = await reader.get({ path });
    assert.deepEqual(found.found && found.values, { path });
  }
});

Deno.test("without a root key no generation is made and none removed", async () => {
  const { control, generations } = await build();
  await control.addKek();
  control.wipe();
  await assert.rejects(control.addKek(), { code: "root_key_missing" });
  await assert.rejects(control.removeKek(1), { code: "root_key_missing" });
  assert.deepEqual(await generations(), [1, 2]);
});

Deno.test("the one who may asks for a rotation, and both threads go on reading and writing", async () => {
  await using world = await startApps();
  const key = { key: "pay", plaintext: "aGVsbG8=" };
  await world.ask(ADMIN, "keys:create", key);
  const sealed = (await world.ask(ADMIN, "encrypt", key, 0)).body as Record<string, unknown>;
  for (let i = 0; i < 40; i++) {
    await world.ask(ADMIN, "secret", { path: `p/${i}`, values: { i: String(i) } }, i % 2);
  }
  const told = await world.ask(ADMIN, "keks:rotate", {});
  assert.equal(told.status, 200);
  const { keks } = told.body as { keks: { generation: number; state: string }[] };
  assert.deepEqual(keks.map(({ generation, state }) => `${generation} ${state}`), [
    "1 retired",
    "2 active",
  ]);
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 40; i++) {
      const { status, body } = await world.ask(ADMIN, "secret:get", { path: `p/${i}` }, i % 2);
      assert.equal(status, 200);
      assert.deepEqual((body as { data: unknown }).data, { i: String(i) });
      if (i % 5 > 0) continue;
      await world.ask(ADMIN, "secret", { path: `p/${i}`, values: { i: String(i) } }, (i + 1) % 2);
    }
  }
  const again = await world.ask(ADMIN, "decrypt", { ...sealed, key: "pay" }, 1);
  assert.deepEqual(again.body, { plaintext: "aGVsbG8=" });
  for (const id of [idOf("operator"), idOf("admin"), "spiffe://example.org/web"]) {
    assert.equal((await world.ask(id, "keks:rotate", {})).status, 401);
    assert.equal((await world.ask(id, "keks:list", {})).status, 401);
  }
});
