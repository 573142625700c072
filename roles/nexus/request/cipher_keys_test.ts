import assert from "node:assert/strict";
import { createCipherService, DEFAULT_KEY } from "../../../lib/cipher/mod.ts";
import { candidatesOf, sampleKey, sampleSet, sampleShards } from "../../../lib/recovery/_sample.ts";
import {
  deriveVerifyKey,
  type Encrypted,
  makeProbe,
  ordinarySlots,
  osRandom,
  slotsOf,
} from "../../../lib/seal/mod.ts";
import { openMemory, type Store } from "../../../lib/store/mod.ts";
import type { CipherTask } from "./_cipher_worker.ts";
import { keepLines } from "../../../lib/telemetry/_sink.ts";
import { followCipherKeys } from "./cipher_keys.ts";
import { KeyControl } from "../../../lib/root_key/key_control.ts";
import { KEK_SLOTS, SharedPage } from "../../../lib/shared_page/page.ts";

/** A control over `store`, and the encryption service of its own thread. */
function build(store: Store = openMemory()) {
  const page = new SharedPage();
  const layout = { offset: 0, count: 2, slotBytes: 32 };
  const buffer = new SharedArrayBuffer(64);
  const cipherSlots = slotsOf(buffer, layout);
  const { log, events } = keepLines();
  const control = new KeyControl({
    store,
    page,
    rootSlots: ordinarySlots(1),
    kekSlots: ordinarySlots(KEK_SLOTS),
    cipherSlots,
    threshold: 2,
    shares: 3,
    scheme: "gf256",
    acceptEmptyStore: false,
    random: osRandom,
    clock: () => 0,
    log,
  });
  const keys = followCipherKeys(page, cipherSlots);
  const spend = () => Promise.resolve();
  const service = createCipherService({ keys, spend, limitBytes: 1024, random: osRandom });
  const start = async () => {
    await control.offer(candidatesOf(sampleShards()));
    if (page.state !== "provisional") return;
    const probe = makeProbe(deriveVerifyKey(sampleKey(), sampleSet().setId), osRandom);
    await control.prove(probe.nonce, probe.ciphertext);
  };
  return { store, page, control, keys, service, start, events, cipherSlots, buffer, layout };
}

const PLAINTEXT = new TextEncoder().encode("hello");

Deno.test("there is no cipher key before there is a final root key", async () => {
  const { page, keys, control } = build();
  assert.equal(keys.current, 0);
  await control.offer(candidatesOf(sampleShards()));
  assert.equal(page.state, "provisional");
  assert.equal(keys.current, 0);
  assert.equal(keys.copy(1), undefined);
});

Deno.test("the cipher key survives a restart, a wipe and a recovery", async () => {
  const first = build();
  await first.start();
  const encrypted = await first.service.encrypt(PLAINTEXT);
  first.control.wipe();
  await assert.rejects(first.service.decrypt(encrypted), { code: "crypto_cipher_not_available" });
  await first.start();
  assert.deepEqual(await first.service.decrypt(encrypted), PLAINTEXT);
  const second = build(first.store);
  await second.start();
  assert.deepEqual(await second.service.decrypt(encrypted), PLAINTEXT);
});

Deno.test("a memory store has another cipher key at each start", async () => {
  const [first, second] = [build(), build()];
  await first.control.startEphemeral();
  await second.control.startEphemeral();
  const encrypted = await first.service.encrypt(PLAINTEXT);
  assert.deepEqual(await first.service.decrypt(encrypted), PLAINTEXT);
  await assert.rejects(second.service.decrypt(encrypted), { code: "crypto_decryption_failed" });
});

Deno.test("a damaged cipher key stops encryption alone", async () => {
  const { store, control, start, page, events, service } = build();
  await start();
  await store.write(async (tx) => {
    const [row] = await tx.keys(DEFAULT_KEY);
    assert.ok(row);
    await tx.putKey({ ...row, wrapped: row.wrapped.with(30, (row.wrapped[30] ?? 0) ^ 1) });
  });
  control.wipe();
  await start();
  assert.equal(page.state, "ready");
  assert.ok(events().includes("cipher_key_damaged"));
  await assert.rejects(service.encrypt(PLAINTEXT), { code: "crypto_cipher_not_available" });
});

Deno.test("a key is given only as long as the state is ready and its slot is filled", async () => {
  const { start, page, keys, cipherSlots } = build();
  await start();
  assert.equal(keys.copy(1)?.bytes.toHex(), cipherSlots.slot(0).toHex());
  for (const version of [-1, 0, 2, 3]) assert.equal(keys.copy(version), undefined);
  page.state = "waiting";
  assert.equal(keys.copy(1), undefined);
  page.state = "ready";
  cipherSlots.wipe();
  assert.equal(keys.copy(1), undefined);
});

Deno.test("another thread encrypts with the key, and cannot any more once the control has wiped it", async () => {
  const { start, page, buffer, layout, service, control } = build();
  await start();
  const worker = new Worker(new URL("./_cipher_worker.ts", import.meta.url), { type: "module" });
  const encryptThere = () =>
    new Promise<Encrypted | string>((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => reject(new Error(event.message));
      const slots = { buffer, layout };
      const task: CipherTask = { page: page.buffer, slots, plaintext: PLAINTEXT };
      worker.postMessage(task);
    });
  try {
    const encrypted = await encryptThere();
    assert.ok(typeof encrypted === "object");
    assert.deepEqual(await service.decrypt(encrypted), PLAINTEXT);
    control.wipe();
    assert.equal(await encryptThere(), "crypto_cipher_not_available");
    assert.ok(new Uint8Array(buffer).every((byte) => byte === 0));
    await start();
    assert.equal(typeof await encryptThere(), "object");
  } finally {
    worker.terminate();
  }
});
