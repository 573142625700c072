/** Indexes of a file that was damaged: their rows are whole, and not to be found where they are looked for. */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { filled, someKek, someMeta } from "./conformance.ts";
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
