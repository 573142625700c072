import assert from "node:assert/strict";
import { KEYS } from "../audit/_log_fixture.ts";
import { signCheckpoint } from "../audit/checkpoint.ts";
import { AuditLog } from "../audit/mod.ts";
import { nativeVerifier, signerOf } from "../audit/os_sign.ts";
import {
  type BackupWorld,
  CREATED_MS,
  isSpikeError,
  KEY,
  sign,
  startWorld,
} from "./_backup_fixture.ts";
import { openManifest, signManifest } from "./manifest.ts";
import { findNewer, isLater, type NewerRequest } from "./os_newer.ts";
import { readNote } from "./os_verify.ts";

function ask(world: BackupWorld, name: string, more: Partial<NewerRequest> = {}): string[] {
  const manifestPath = `${world.directory}/${name}.manifest`;
  const { manifest } = openManifest(readNote(manifestPath), nativeVerifier());
  const auditDirectory = `${world.directory}/audit`;
  return findNewer({ manifest, manifestPath, auditDirectory, known: [], keys: [KEY], ...more });
}

Deno.test("of two states, restorations count before revisions", () => {
  const state = (restores: number, revision: number) => ({ id: "", format: 7, restores, revision });
  assert.ok(isLater(state(0, 2), state(0, 1)));
  assert.ok(isLater(state(1, 1), state(0, 9)));
  assert.ok(!isLater(state(0, 9), state(1, 1)));
  assert.ok(!isLater(state(1, 1), state(1, 1)));
});

Deno.test("a newer backup beside an older one is found, if it is of the same store and signed", async () => {
  await using world = await startWorld();
  await world.backUp("a.db");
  await world.put("tenants/acme/db", 2);
  await world.backUp("b.db");
  assert.match(
    ask(world, "a.db").join(),
    /^Backup b\.db\.manifest of .* is newer: revision 3, this one has 2$/,
  );
  assert.deepEqual(ask(world, "b.db"), []);

  const path = `${world.directory}/b.db.manifest`;
  const { manifest } = openManifest(readNote(path), nativeVerifier());
  const stranger = signerOf(new Uint8Array(32).fill(1));
  const key = { log: KEY.log, publicKey: stranger.publicKey };
  for (
    const note of [
      "no manifest",
      signManifest({ ...manifest, key }, stranger.sign),
      signManifest({ ...manifest, store: { ...manifest.store, id: "00".repeat(16) } }, sign),
      signManifest({ ...manifest, spike: "0.1.1" }, stranger.sign),
    ]
  ) {
    await Deno.writeTextFile(path, note);
    assert.deepEqual(ask(world, "a.db"), [], note.slice(0, 40));
  }
});

Deno.test("a manifest and a checkpoint that were kept tell of what came later", async () => {
  await using world = await startWorld();
  const checkpoint = (size: number, timeMs: number) =>
    signCheckpoint({ log: KEY.log, size, root: new Uint8Array(32), timeMs }, KEY.publicKey, sign);
  await world.backUp("a.db", { checkpoint: checkpoint(10, CREATED_MS - 1) });
  const keep = async (note: string): Promise<string> => {
    const path = `${world.directory}/kept`;
    await Deno.writeTextFile(path, note);
    return path;
  };
  const known = async (note: string) => ask(world, "a.db", { known: [await keep(note)] });
  assert.deepEqual(await known(checkpoint(10, CREATED_MS)), []);
  assert.match((await known(checkpoint(11, CREATED_MS))).join(), /^Checkpoint kept is of 2026/);
  const { manifest } = openManifest(readNote(`${world.directory}/a.db.manifest`), nativeVerifier());
  const store = { ...manifest.store, revision: 99 };
  assert.match(
    (await known(signManifest({ ...manifest, store }, sign))).join(),
    /^Backup kept of .* is newer: revision 99/,
  );
  await assert.rejects(
    known("a shopping list"),
    isSpikeError("data_invalid_input", /is not a checkpoint/),
  );
});

Deno.test("audit logs tell of changes after a backup, and of what is nobody's loss not", async () => {
  await using world = await startWorld();
  await world.backUp("a.db");
  let nowMs = CREATED_MS - 1000;
  const log = AuditLog.open({
    directory: `${world.directory}/audit`,
    syncMs: 0,
    clock: () => nowMs,
    random: (length) => new Uint8Array(length).fill(0xaa),
  });
  log.useKeys(KEYS);
  const change = (revision: number, changes: readonly unknown[]) =>
    log.record({ kind: "change", entry: { timeMs: nowMs, revision, changes } as never });
  await change(2, [{ head: "tenants/acme/db", current: 1, digest: "AAAA" }]);
  nowMs = CREATED_MS + 1000;
  // Of a transaction that was under way when the copy began, and is in it.
  await change(2, [{ head: "tenants/acme/db", current: 1, digest: "AAAA" }]);
  await change(3, [{ mark: "backup" }]);
  assert.deepEqual(ask(world, "a.db"), []);
  await change(4, [{ head: "tenants/acme/db", current: 2, digest: "BBBB" }]);
  await change(5, [{ policy: "p", removed: true }, { mark: "x" }]);
  assert.deepEqual(ask(world, "a.db"), [
    "The audit log here records 2 changes after this backup, the last at 2026-07-01T12:00:01.000Z",
  ]);
  const detail = { from: "", revision: 1, restores: 1, sha256: "" };
  await log.record({ kind: "notice", entry: { timeMs: nowMs, event: "store_restored", detail } });
  // Revisions are counted anew, from an earlier one than the backup's.
  await change(2, [{ head: "other", current: 1, digest: "CCCC" }]);
  assert.match(ask(world, "a.db").join(), /records 3 changes/);
  await log.close();
});
