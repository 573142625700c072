import assert from "node:assert/strict";
import { SpikeError } from "../error/error.ts";
import { ordinarySlots } from "./key_slots.ts";
import { LockedKeyring } from "./locked_keyring.ts";
import { Members } from "./members.ts";
import { openRow, type RowFormat, sealRow } from "./named_row.ts";
import { osRandom } from "./os_random.ts";

interface Thing {
  readonly name: string;
  readonly revision: number;
}

const FORMAT: RowFormat<Thing> = {
  table: "policy",
  encode: (thing) => new TextEncoder().encode(JSON.stringify(thing)),
  decode: (plaintext) => {
    const thing = Members.read(plaintext, "Thing");
    return { name: thing.text("name"), revision: thing.integer("revision") };
  },
  damaged: (name, cause) =>
    new SpikeError("state_integrity_check", `${name} is damaged`, { cause }),
};

function someRing(): LockedKeyring {
  const ring = new LockedKeyring(ordinarySlots(2), new Uint8Array(16).fill(5));
  ring.put(1, new Uint8Array(32).fill(1));
  ring.put(2, new Uint8Array(32).fill(2));
  ring.use(2);
  return ring;
}

Deno.test("a row opens as what was sealed, and nothing beside it can be changed", () => {
  const ring = someRing();
  const row = sealRow(FORMAT, ring, { name: "a", revision: 7 }, {
    kekGeneration: 1,
    random: osRandom,
  });
  assert.deepEqual(openRow(FORMAT, ring, row), { name: "a", revision: 7 });
  const changes = [
    { name: "b" },
    { revision: 8 },
    { kekGeneration: 2 },
    { sealed: row.sealed.slice(1) },
  ];
  for (const change of changes) {
    const { name } = { ...row, ...change };
    const damage = { code: "state_integrity_check", message: `${name} is damaged` };
    assert.throws(() => openRow(FORMAT, ring, { ...row, ...change }), damage);
  }
  const other = { ...FORMAT, table: "keyhead" } as const;
  assert.throws(() => openRow(other, ring, row), { message: "a is damaged" });
});

Deno.test("that there is no key is no damage", () => {
  const ring = someRing();
  const row = sealRow(FORMAT, ring, { name: "a", revision: 7 }, {
    kekGeneration: 1,
    random: osRandom,
  });
  ring.wipe();
  assert.throws(() => openRow(FORMAT, ring, row), { code: "root_key_missing" });
});
