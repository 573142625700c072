/**
 * What somebody can do who can write the database file, who notices, and that nothing else suffers. With
 * `SPIKE_TAMPER_TOOL=sqlite3` the command line tool of SQLite makes the changes.
 */
import assert from "node:assert/strict";
import type { Attack, Outcome } from "./attack.ts";
import { ATTACKS } from "./attacks.ts";
import { type Observation, observe, observeStart, warm } from "./observe.ts";
import { build, copy, type Scene, start } from "./scene.ts";
import { PATHS, POLICIES } from "./plan.ts";
import { strike } from "./strike.ts";

/** Only read; every test works on a copy. */
let scene: Scene;
let before: Observation;

Deno.test.beforeAll(async () => {
  scene = await build();
  await using files = await copy(scene);
  before = await observeStart(files.store, scene.shards, scene.cipherKey);
});

Deno.test.afterAll(() => Deno.remove(scene.dir, { recursive: true }));

for (const attack of Object.values(ATTACKS).flat()) {
  const { name, stopped, running = stopped } = attack;
  Deno.test(`${name}, while stopped: what follows is what the table says, and nothing else`, () =>
    whileStopped(attack, stopped));
  if (typeof attack.attack !== "string") continue;
  Deno.test(`${name}, while running: what follows is what the table says, and nothing else`, () =>
    whileRunning(attack, running));
}

Deno.test("a store that nobody touched compares with its audit log", async () => {
  await using files = await copy(scene);
  const { findings, heads, policies, cipherKeys, older } = await verified(files.store);
  assert.deepEqual({ findings, heads, policies, cipherKeys, older }, {
    findings: 0,
    heads: 6,
    policies: 3,
    cipherKeys: 3,
    older: 0,
  });
});

for (const attack of Object.values(ATTACKS).flat()) {
  if (attack.detector !== "verify") continue;
  Deno.test(`${attack.name}: found by a comparison with the audit log, and nothing else is`, async () => {
    await using files = await copy(scene);
    strike(attack, files);
    const { rows, logs } = await verified(files.store);
    const attacked = [...PATHS, ...POLICIES, "admins"].filter((name) =>
      String(attack.attack).includes(`'${name}'`)
    );
    assert.ok(rows.length > 0);
    for (const { name } of rows) {
      assert.ok(attacked.some((one) => name.startsWith(one)), `${name} of ${attacked}`);
    }
    assert.ok(logs.every((log) => !("missing" in log) && log.findings.length === 0));
  });
}

async function verified(path: string) {
  const system = await start(path, scene.shards);
  try {
    return await system.verify();
  } finally {
    await system.close();
  }
}

async function whileStopped(attack: Attack, outcome: Outcome): Promise<void> {
  await using files = await copy(scene);
  strike(attack, files);
  assert.deepEqual(
    await observeStart(files.store, scene.shards, scene.cipherKey),
    outcome(before),
  );
}

async function whileRunning(attack: Attack, outcome: Outcome): Promise<void> {
  await using files = await copy(scene);
  const system = await start(files.store, scene.shards);
  try {
    await warm(system);
    strike(attack, files);
    assert.deepEqual(await observe(system, scene.shards, scene.cipherKey), outcome(before));
  } finally {
    await system.close();
  }
}
