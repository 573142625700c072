import assert from "node:assert/strict";
import { type BackupWorld, KEY, startWorld } from "../../../lib/backup/_backup_fixture.ts";
import { formatKey } from "../../../lib/audit/note.ts";
import { type Answering, refusing, spike } from "../fake_nexus.ts";

/** A world with a backup `a.db` in it, and a Nexus that hands out that one. */
async function prepare() {
  const world = await startWorld();
  const file = await world.backUp("a.db");
  const manifest = await Deno.readFile(`${file}.manifest`);
  const database = await Deno.readFile(file);
  const keys = `${world.directory}/keys.txt`;
  await Deno.writeTextFile(keys, `${formatKey(KEY)}\n`);
  await Deno.mkdir(`${world.directory}/media`);
  return { world, file, manifest, database, keys, media: `${world.directory}/media` };
}

async function* framed(manifest: Uint8Array, database: Uint8Array): AsyncGenerator<Uint8Array> {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, manifest.length);
  yield length;
  yield manifest;
  for (let at = 0; at < database.length; at += 10_000) yield database.subarray(at, at + 10_000);
}

function namesIn(directory: string): string[] {
  return [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
}

function handing(manifest: Uint8Array, database: Uint8Array): Answering {
  return (_path, action) => action === "stream" ? framed(manifest, database) : {};
}

Deno.test("operator backup writes a verified backup under a name of its own, and then tells Nexus", async () => {
  const { world, manifest, database, keys, media } = await prepare();
  await using _ = world;
  const nexus = handing(manifest, database);
  const { code, out, err, calls } = await spike(["operator", "backup", "-k", keys, media], {
    nexus,
  });
  assert.deepEqual([code, err], [0, ""]);
  const name = "spike-20260701T120000Z-r2.db";
  assert.match(out, new RegExp(`^Wrote ${media}/${name} and its manifest\n`));
  assert.deepEqual(namesIn(media), [name, `${name}.manifest`]);
  assert.deepEqual(await Deno.readFile(`${media}/${name}`), database);
  for (const each of namesIn(media)) {
    assert.equal((Deno.statSync(`${media}/${each}`).mode ?? 0) & 0o777, 0o600);
  }
  assert.deepEqual(calls.map(({ to }) => to), [
    "/v1/operator/backup",
    "/v1/operator/backup?confirm",
  ]);
  assert.match(String(calls[1]?.request["sha256"]), /^[0-9a-f]{64}$/);

  const again = await spike(["operator", "backup", media], { nexus });
  assert.equal(again.code, 5);
  assert.match(again.err, /already exists/);
});

Deno.test("operator backup leaves nothing of what arrived damaged, cut, or from somebody else", async () => {
  const { world, manifest, database, keys, media } = await prepare();
  await using _ = world;
  const changed = database.with(9000, (database[9000] ?? 0) ^ 1);
  await Deno.writeTextFile(keys, `${formatKey({ ...KEY, log: "00".repeat(16) })}\n`);
  for (
    const [nexus, args, told] of [
      [handing(manifest, changed), [], /^Page 3.*: changed, from byte 8192 on$/m],
      [handing(manifest, database.subarray(0, 50_000)), [], /^File: it has 50000 bytes/m],
      [handing(manifest, database), ["-k", keys], /^Manifest: it is signed by .*none of the keys/m],
      [handing(new Uint8Array(9), database), [], /The manifest cannot be read/],
      [refusing("entity_conflict"), [], /^Error: /],
    ] as const
  ) {
    const { code, err, calls } = await spike(["operator", "backup", ...args, `${media}/b.db`], {
      nexus,
    });
    assert.notEqual(code, 0);
    assert.match(err, told);
    assert.deepEqual(namesIn(media), []);
    assert.equal(calls.length, 1, "nothing was confirmed");
  }
  assert.equal((await spike(["operator", "backup", "-"], { nexus: () => ({}) })).code, 1);
});

Deno.test("backup verify needs no Nexus, says what it cannot tell without a key, and answers in JSON", async () => {
  const { world, file, keys } = await prepare();
  await using _ = world;
  const pinned = await spike(["backup", "verify", "--key", keys, file]);
  assert.deepEqual([pinned.code, pinned.err], [0, ""]);
  assert.match(pinned.out, /^The backup verifies\n/);
  assert.match(pinned.out, /1 path with 1 version, 0 policies, 0 named cipher keys$/m);
  assert.match(pinned.out, /root key of generation 3: .*2 of 3 recovery shards$/m);
  const alone = await spike(["backup", "verify", file]);
  assert.equal(alone.code, 0);
  assert.match(alone.err, /^Note: no public key was given/);
  const { origin, findings, manifest } = JSON.parse(
    (await spike(["backup", "verify", file, "-f", "json"])).out,
  );
  assert.deepEqual([origin, findings, manifest.counts.paths], ["unpinned", [], 1]);
  assert.equal((await spike(["backup", "verify", `${file}.none`])).code, 1);
});

async function restoring(world: BackupWorld, ...args: string[]) {
  const ran = await spike(["backup", "restore", ...args, `${world.directory}/data`]);
  const isThere = namesIn(world.directory).includes("data");
  return { ...ran, isThere };
}

Deno.test("backup restore refuses what is damaged or older, and goes on with the latter when told", async () => {
  const { world, file, keys } = await prepare();
  await using _ = world;
  await world.put("tenants/acme/db", 2);
  const later = await world.backUp("b.db");
  const mixed = await restoring(world, file, "--manifest", `${later}.manifest`);
  assert.deepEqual([mixed.code, mixed.isThere], [2, false]);
  const older = await restoring(world, "--key", keys, file);
  assert.deepEqual([older.code, older.isThere], [5, false]);
  assert.match(older.err, /^Backup b\.db\.manifest of .* is newer: revision 3, this one has 2$/m);
  const told = await restoring(world, "--key", keys, "--accept-older", file);
  assert.equal(told.code, 0, told.err);
  assert.match(told.err, /^Note: Backup b\.db\.manifest .* is newer/m);
  assert.match(told.err, /recovery shards of generation 3 with `spike operator restore`/);
  const twice = await restoring(world, "--key", keys, later);
  assert.equal(twice.code, 5);
  assert.match(twice.err, /is not empty: it has "spike\.db"/);
});
