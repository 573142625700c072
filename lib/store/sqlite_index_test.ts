/** Indexes of a file that was damaged: their rows are whole, and not to be found where they are looked for. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { filled, someKek, someMeta } from "./conformance.ts";
import type { Store } from "./port.ts";
import { openSqlite } from "./sqlite.ts";

const PAGE = 4096;
/** An entry of one column and a row id, both 1: its length, that of its header, and two constants. */
const ENTRY = [3, 3, 9, 9];
/** Says 0 instead. */
const ZERO = 8;

/** Lets the only entry of an index name key generation 0 instead of 1. */
async function misindex(path: string, index: string): Promise<void> {
  const db = new DatabaseSync(path, { readOnly: true });
  const row = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = ?").get(index);
  db.close();
  const bytes = await Deno.readFile(path);
  const end = Number(row?.rootpage) * PAGE;
  const at = end - ENTRY.length;
  assert.deepEqual([...bytes.subarray(at, end)], ENTRY);
  bytes[at + 2] = ZERO;
  await Deno.writeFile(path, bytes);
}

for (const index of ["versions_by_kek", "heads_by_kek"]) {
  Deno.test(`a key stays when ${index} has lost what it wraps`, async () => {
    const dir = await Deno.makeTempDir();
    const path = `${dir}/spike.db`;
    const store = openSqlite({ path, mode: "write" });
    await store.write(async (tx) => {
      await tx.initialise(someMeta(), someKek(1));
      await tx.putKek(someKek(2));
      const [ofHead, ofVersion] = index === "heads_by_kek" ? [1, 2] : [2, 1];
      await tx.putHead({
        path: "a",
        revision: 1,
        current: 1,
        isPurged: false,
        expiresMs: null,
        kekGeneration: ofHead,
        sealed: filled(40, 1),
      });
      await tx.insertVersion("a", {
        version: 1,
        kekGeneration: ofVersion,
        wrappedKey: filled(61, 2),
        sealed: filled(40, 3),
        createdAtMs: 1,
      });
    });
    await store.close();
    await misindex(path, index);
    const damaged = openSqlite({ path, mode: "write" });
    const kind = index === "heads_by_kek" ? "head" : "version";
    assert.deepEqual(await damaged.sealedUnder({ kind, generation: 1, after: 0, limit: 9 }), []);
    assert.equal(await damaged.write((tx) => tx.removeKek(1)), false);
    await damaged.close();
    await Deno.remove(dir, { recursive: true });
  });
}

const NAMES = ["aa", "bb", "cc"] as const;
const SOME = { revision: 1, kekGeneration: 1, sealed: filled(40, 1) };
const VERSION = { version: 1, kekGeneration: 1, createdAtMs: 1, sealed: filled(40, 2) };
const KEY = { version: 1, kekGeneration: 1, createdAtMs: 1, reservedSeals: 0 };
/** Where the cells of a page that is a leaf are listed. */
const CELLS_AT = 8;

/** A store in which each table has the same three names. */
async function makeNamed(path: string): Promise<void> {
  const store = openSqlite({ path, mode: "write" });
  await store.write(async (tx) => {
    await tx.initialise(someMeta(), someKek());
    for (const name of NAMES) {
      await tx.putHead({ ...SOME, path: name, current: 1, isPurged: false, expiresMs: null });
      await tx.insertVersion(name, { ...VERSION, wrappedKey: filled(61, 3) });
      await tx.putPolicy({ ...SOME, name });
      await tx.putKeyHead({ ...SOME, name });
      await tx.putKey({ ...KEY, name, wrapped: filled(61, 4) });
      await tx.putMark(name, filled(4, 5));
    }
  });
  await store.close();
}

/** Puts the last entry of an index in the place of the first: a search for the middle one then ends there. */
async function misorder(path: string, table: string): Promise<void> {
  const db = new DatabaseSync(path, { readOnly: true });
  const row = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = ?")
    .get(`sqlite_autoindex_${table}_1`);
  db.close();
  const bytes = await Deno.readFile(path);
  const at = (Number(row?.rootpage) - 1) * PAGE + CELLS_AT;
  bytes.copyWithin(at, at + 4, at + 6);
  await Deno.writeFile(path, bytes);
}

const LOOKUPS: Readonly<
  Record<string, Readonly<Record<string, (store: Store) => Promise<unknown>>>>
> = {
  heads: {
    head: (store) => store.head("bb"),
    secret: (store) => store.secret("bb", 0),
    "head in a transaction": (store) => store.write((tx) => tx.head("bb")),
  },
  versions: {
    secret: (store) => store.secret("bb", 1),
    wrapping: (store) => store.write((tx) => tx.wrapping("bb", 1)),
    rewrapVersion: (store) =>
      store.write((tx) =>
        tx.rewrapVersion("bb", 1, { kekGeneration: 1, wrappedKey: filled(61, 9) })
      ),
    deleteVersions: (store) => store.write((tx) => tx.deleteVersions("bb", [1])),
    destroyVersions: (store) => store.write((tx) => tx.destroyVersions("bb", [1])),
  },
  policies: { policy: (store) => store.policy("bb") },
  key_heads: { keyHead: (store) => store.keyHead("bb") },
  keys: { key: (store) => store.key("bb", 1) },
  marks: { mark: (store) => store.mark("bb") },
};

for (const [table, lookups] of Object.entries(LOOKUPS)) {
  Deno.test(`what is found under another name among the ${table} is damage`, async () => {
    const dir = await Deno.makeTempDir();
    const path = `${dir}/spike.db`;
    await makeNamed(path);
    await misorder(path, table);
    const store = openSqlite({ path, mode: "write" });
    try {
      for (const [name, look] of Object.entries(lookups)) {
        const damage = { code: "state_integrity_check", message: /\bbb\b|is damaged/ };
        await assert.rejects(look(store), damage, name);
      }
    } finally {
      await store.close();
      await Deno.remove(dir, { recursive: true });
    }
  });
}
