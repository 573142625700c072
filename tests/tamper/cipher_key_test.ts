/** What somebody can do to named cipher keys who can write the database file, while Nexus is stopped. */
import assert from "node:assert/strict";
import { SpikeError } from "../../lib/error/error.ts";
import { CIPHER_KEY_ATTACKS } from "./cipher_key_attacks.ts";
import type { Observation } from "./observe.ts";
import { AUTHOR, CIPHER_KEYS } from "./plan.ts";
import { build, copy, type Running, type Scene, start } from "./scene.ts";
import { strike } from "./strike.ts";

/** Only read; every test works on a copy. */
let scene: Scene;
let before: Observation;

Deno.test.beforeAll(async () => {
  scene = await build();
  before = (await look(undefined)).seen;
});

Deno.test.afterAll(() => Deno.remove(scene.dir, { recursive: true }));

Deno.test("cipher keys that nobody touched are whole", () => {
  assert.deepEqual(before, {
    "cipher keys": "mail old pay",
    "key mail": "1 from 1: whole",
    "key old": "1 from 1, retired: whole",
    "key pay": "2 from 2: whole",
    "rotate mail": "version 2",
    "rotate old": "version 2",
    "rotate pay": "version 3",
  });
});

for (const attack of CIPHER_KEY_ATTACKS) {
  Deno.test(`${attack.name}: what follows is what the table says, and nothing else`, async () => {
    const { seen, named } = await look(attack);
    assert.deepEqual(seen, attack.stopped(before));
    if (attack.detector === "verify" || /verify/.test(attack.seen)) assert.equal(named.length, 1);
    for (const name of named) assert.ok(String(attack.attack).includes(name.split(" ")[0] ?? ""));
  });
}

/** What is seen of cipher keys after an attack, and what a comparison with the audit log names. */
async function look(
  attack: (typeof CIPHER_KEY_ATTACKS)[number] | undefined,
): Promise<{ seen: Observation; named: string[] }> {
  await using files = await copy(scene);
  if (attack) strike(attack, files);
  const system = await start(files.store, scene.shards);
  try {
    const { rows } = await system.verify();
    return { seen: await observe(system), named: rows.map(({ name }) => name) };
  } finally {
    await system.close();
  }
}

async function observe(system: Running): Promise<Observation> {
  const { cipherKeys, cipherKeyWriter } = system.services();
  const seen: Record<string, string> = {};
  const heads = await cipherKeys.list(() => {});
  seen["cipher keys"] = heads.map(({ name }) => name).join(" ");
  for (const name of CIPHER_KEYS) {
    seen[`key ${name}`] = await told(async () => {
      const head = await cipherKeys.head(name);
      const keys = head.versions.map(({ number }) => cipherKeys.copy(head, number));
      const isWhole = (await Promise.all(keys)).every((key) => key.length === 32);
      const { minVersion, isRetired, versions } = head;
      return `${versions.length} from ${minVersion}${isRetired ? ", retired" : ""}: ${
        isWhole ? "whole" : "cut"
      }`;
    });
  }
  for (const name of CIPHER_KEYS) {
    seen[`rotate ${name}`] = await told(async () => {
      const { versions } = await cipherKeyWriter.rotate({ name, author: AUTHOR });
      return `version ${versions.length}`;
    });
  }
  return seen;
}

/** Anything but a refusal that a caller may meet is a bug, and comes through. */
async function told(work: () => Promise<string>): Promise<string> {
  try {
    return await work();
  } catch (reason) {
    if (!(reason instanceof SpikeError)) throw reason;
    return `${reason.code}: ${reason.message}`;
  }
}
