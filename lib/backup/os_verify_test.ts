import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { signerOf } from "../audit/os_sign.ts";
import { type BackupWorld, KEY, sealed, startWorld } from "./_backup_fixture.ts";
import { digestFile } from "./digest.ts";
import { type BackupFault, verifyBackup, type VerifyRequest } from "./os_verify.ts";

function verified(file: string, more: Partial<VerifyRequest> = {}) {
  return verifyBackup({ file, manifest: `${file}.manifest`, keys: [KEY], ...more });
}

function texts(findings: readonly BackupFault[]): string {
  return findings.map(({ where, what }) => `${where}: ${what}`).join("\n");
}

/** Turns one byte of a file over. */
function flip(path: string, at: number): void {
  using file = Deno.openSync(path, { read: true, write: true });
  const byte = new Uint8Array(1);
  file.seekSync(at, Deno.SeekMode.Start);
  file.readSync(byte);
  file.seekSync(at, Deno.SeekMode.Start);
  file.writeSync(byte.map((value) => value ^ 0xff));
}

Deno.test("a backup is what was made, and says what it holds", async () => {
  await using world = await startWorld();
  const file = await world.backUp("a.db");
  const { manifest, origin, findings } = verified(file);
  assert.deepEqual([origin, findings], ["pinned", []]);
  assert.deepEqual(manifest?.counts, {
    paths: 1,
    versions: 1,
    policies: 0,
    cipherKeys: 0,
    keks: 1,
  });
  assert.equal(manifest?.recovery.generation, 3);
  assert.equal(manifest?.recovery.commitments[1], "02".repeat(32));
  assert.equal((Deno.statSync(file).mode ?? 0) & 0o777, 0o600);
  assert.deepEqual([...Deno.readDirSync(world.directory)].map(({ name }) => name).sort(), [
    "a.db",
    "a.db.manifest",
    "source.db",
    "source.db-shm",
    "source.db-wal",
  ]);
});

Deno.test("without a pinned key the manifest's own key is taken, and that is told", async () => {
  await using world = await startWorld();
  const file = await world.backUp("a.db");
  const { origin, findings } = verifyBackup({ file, manifest: `${file}.manifest` });
  assert.deepEqual([origin, findings], ["unpinned", []]);
});

Deno.test("a manifest of another key is found, by its log or by its bytes", async () => {
  await using world = await startWorld();
  const file = await world.backUp("a.db");
  const { publicKey } = signerOf(new Uint8Array(32).fill(1));
  assert.match(
    texts(verified(file, { keys: [{ log: KEY.log, publicKey }] }).findings),
    /^manifest: it is signed by another key than the one that was pinned for log b0b0/,
  );
  assert.match(
    texts(verified(file, { keys: [{ log: "00".repeat(16), publicKey: KEY.publicKey }] }).findings),
    /^manifest: it is signed by spike-audit\/b0b0.*, which is none of the keys given$/,
  );
});

Deno.test("a changed byte of the database is found, with its page and the table that it belongs to", async () => {
  await using world = await startWorld();
  const file = await world.backUp("a.db");
  const { size } = Deno.statSync(file);
  // Each page once; every byte is changed in tests/backup.
  for (let at = 77; at < size; at += 4096) {
    flip(file, at);
    const page = Math.floor(at / 4096) + 1;
    const found = texts(verified(file).findings);
    assert.match(
      found,
      new RegExp(`^page ${page}( \\(\\w+\\))?: changed, from byte ${at - 77} on$`),
    );
    flip(file, at);
  }
  assert.deepEqual(verified(file).findings, []);
  flip(file, size - 1);
  assert.match(texts(verified(file).findings), /^page \d+ \((versions|audit_logs|heads\w*|.*)\)/);
});

Deno.test("a changed byte of the manifest is found", async () => {
  await using world = await startWorld();
  const file = await world.backUp("a.db");
  const { size } = Deno.statSync(`${file}.manifest`);
  for (let at = 0; at < size; at += 31) {
    flip(`${file}.manifest`, at);
    assert.match(texts(verified(file).findings), /^manifest: /, `byte ${at}`);
    flip(`${file}.manifest`, at);
  }
  const whole = Deno.readTextFileSync(`${file}.manifest`);
  for (const text of ["", whole.slice(0, -1), `${whole}\n`, ` ${whole}`, whole.replace("{", "[")]) {
    Deno.writeTextFileSync(`${file}.manifest`, text);
    assert.match(texts(verified(file).findings), /^manifest: /, JSON.stringify(text.slice(0, 20)));
  }
});

Deno.test("a file that was cut or that grew is found", async () => {
  await using world = await startWorld();
  const file = await world.backUp("a.db");
  const whole = Deno.readFileSync(file);
  for (const size of [0, 1, 4095, 4096, whole.length - 1]) {
    Deno.writeFileSync(file, whole.subarray(0, size));
    assert.match(texts(verified(file).findings), new RegExp(`^file: it has ${size} bytes`));
  }
  Deno.writeFileSync(file, new Uint8Array([...whole, 0]));
  assert.match(texts(verified(file).findings), /^file: it has \d+ bytes/);
});

Deno.test("two backups whose manifests were exchanged are found", async () => {
  await using world = await startWorld();
  const first = await world.backUp("a.db");
  await world.put("tenants/acme/db", 2);
  const second = await world.backUp("b.db");
  assert.match(texts(verified(first, { manifest: `${second}.manifest` }).findings), /^page \d+/);
  assert.match(texts(verified(second, { manifest: `${first}.manifest` }).findings), /^page \d+/);
});

/** Changes a backup and signs what came of it: as Nexus would whose database was changed behind its back. */
async function wrong(world: BackupWorld, sql: string): Promise<string> {
  const path = await world.backUp("wrong.db");
  const db = new DatabaseSync(path, { enableForeignKeyConstraints: false });
  db.exec(sql);
  db.close();
  const { manifest } = verified(path);
  assert.ok(manifest);
  const { pageBytes, chunkBytes } = manifest.file;
  const file = { ...digestFile(path, chunkBytes), pageBytes };
  await Deno.remove(path);
  // Once more, for a manifest that fits the bytes of the changed one.
  await world.backUp("wrong.db", { ...manifest, file });
  const again = new DatabaseSync(path, { enableForeignKeyConstraints: false });
  again.exec(sql);
  again.close();
  return texts(verified(path).findings);
}

Deno.test("what cannot be right in a database is found without any key", async () => {
  for (
    const [sql, told] of [
      ["UPDATE heads SET kek_generation = 9", /1 rows of heads are sealed under a key generation/],
      ["UPDATE heads SET sealed = x'02'", /1 values of heads.sealed do not have the form/],
      ["UPDATE heads SET current = 5", /1 heads name a current version that is not there/],
      ["UPDATE heads SET revision = 999", /1 rows are of a later revision than the store's/],
      ["DELETE FROM heads", /SQLite finds: a row of versions belongs to none of heads/],
      ["CREATE TABLE more (a)", /does not have the expected schema: table "more" was added/],
      ["PRAGMA user_version = 99", /has format 99, this program knows/],
      ["UPDATE counter SET revision = 99", /its store is .*"revision":99.*the manifest says/],
      [
        "INSERT INTO policies VALUES ('p', 1, 1, (SELECT sealed FROM heads))",
        /its counts is .*"policies":1/,
      ],
    ] as const
  ) {
    await using world = await startWorld();
    assert.match(await wrong(world, sql), told, sql);
  }
});

Deno.test("a damaged database is not described as a good one", async () => {
  await using world = await startWorld();
  await world.store.forgetRemoved();
  const db = new DatabaseSync(`${world.directory}/source.db`, {
    enableForeignKeyConstraints: false,
    timeout: 1000,
  });
  db.exec(`INSERT INTO versions VALUES ('nobody', 1, 1, x'${sealed(1).toHex()}', x'00', 1)`);
  db.close();
  await assert.rejects(world.backUp("a.db"), /belongs to none of heads/);
});
