import assert from "node:assert/strict";
import type { AuditEntry } from "./entry.ts";
import { Newest } from "./newest.ts";
import { encodeRecord, plainly } from "./record.ts";
import { Restorations } from "./restorations.ts";

function head(revision: number, digest: string): AuditEntry {
  const changes = [{ head: "a", current: revision, digest }];
  return { kind: "change", entry: { timeMs: 1, revision, changes } };
}

function restored(revision: number, missing?: string): AuditEntry {
  const detail = { from: "", revision, restores: 1, ...(missing ? { missing } : {}) };
  return { kind: "notice", entry: { timeMs: 1, event: "store_restored", detail } };
}

function newestOf(entries: readonly AuditEntry[]) {
  const records = entries.map((entry, n) => encodeRecord(n, entry, plainly));
  const restorations = new Restorations();
  for (const record of records) restorations.take(record);
  const newest = new Newest(restorations);
  for (const record of records) newest.take(record);
  return { restorations, digest: newest.of("head", "a")?.digest };
}

Deno.test("what was changed after a backup does not count once that was put back", () => {
  assert.equal(newestOf([head(1, "A"), head(2, "B")]).digest, "B");
  assert.equal(newestOf([head(1, "A"), head(2, "B"), restored(1)]).digest, "A");
  assert.equal(newestOf([head(5, "A"), restored(4)]).digest, undefined);
});

Deno.test("what is changed after that counts, under revisions that were there before", () => {
  const entries = [head(1, "A"), head(2, "B"), restored(1), head(2, "C")];
  assert.equal(newestOf(entries).digest, "C");
  assert.equal(newestOf([...entries, head(3, "D"), restored(2)]).digest, "C");
  assert.equal(newestOf([...entries, restored(1)]).digest, "A");
});

Deno.test("a roll-back that nobody has recorded as a restoration changes nothing", () => {
  const detail = { from: 2, to: 1 };
  const rolled: AuditEntry = {
    kind: "notice",
    entry: { timeMs: 1, event: "store_rolled_back", detail },
  };
  const { digest, restorations } = newestOf([head(1, "A"), head(2, "B"), rolled]);
  assert.equal(digest, "B");
  assert.ok(restorations.isEmpty);
});

Deno.test("logs that were not brought along are known by name", () => {
  const { restorations } = newestOf([restored(1, "aa,bb")]);
  assert.ok(restorations.wentWithout("aa") && restorations.wentWithout("bb"));
  assert.ok(!restorations.wentWithout("cc") && !restorations.isEmpty);
});
