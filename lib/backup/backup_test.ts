import assert from "node:assert/strict";
import { dirname } from "node:path";
import { openManifest } from "./manifest.ts";
import { CREATED_MS, isSpikeError, KEY, sign, startWorld } from "./_backup_fixture.ts";
import { verifyBackup } from "./os_verify.ts";
import { nativeVerifier } from "../audit/mod.ts";
import { osRandom } from "../seal/mod.ts";
import { type BackupOptions, Backups, forgetInTurn } from "./backup.ts";
import { backupStatus } from "./backup_status.ts";
import { createCopier } from "../../roles/nexus/core/copier.ts";
import type { Copier } from "./copier.ts";
import { keepLines } from "../telemetry/_sink.ts";
import { createSerial } from "../async/serial.ts";

const CALL = { id: "spiffe://spike.ist/spike/pilot/role/superuser", correlation: "c" } as never;

const WATCH = { onReleased: () => {}, stopping: new AbortController().signal };

async function prepare(more: Partial<BackupOptions> = {}) {
  const world = await startWorld();
  const { log, lines } = keepLines();
  const { directory, store } = world;
  const inTurn = createSerial();
  const make = () =>
    new Backups({
      store,
      auditing: { attest: () => Promise.resolve({ key: KEY, sign, checkpoint: "" }) },
      source: `${directory}/source.db`,
      directory,
      copy: createCopier(directory),
      inTurn,
      random: osRandom,
      clock: () => CREATED_MS,
      log,
      ...more,
    });
  const drafts = () =>
    [...Deno.readDirSync(directory)].map(({ name }) => name).filter((name) => /draft/.test(name));
  return { world, lines, make, drafts, inTurn };
}

async function readAll(backups: Backups, { id }: { id: string }): Promise<Uint8Array> {
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for (let at = 0;;) {
    const piece = await backups.port.readBackup({ id, at });
    if (piece.length === 0) return new Blob(pieces).bytes();
    pieces.push(Uint8Array.from(piece));
    at += piece.length;
  }
}

Deno.test("a backup made while others write is of one moment, and leaves nothing behind", async () => {
  const { world, make, drafts } = await prepare();
  await using _ = world;
  const backups = make();
  let version = 1;
  let isDone = false;
  const writing = (async () => {
    while (!isDone) await world.put("tenants/acme/db", ++version);
  })();
  const begun = await backups.port.beginBackup({ call: CALL });
  isDone = true;
  await writing;
  const file = `${world.directory}/mine.db`;
  const bytes = await readAll(backups, begun);
  assert.equal(bytes.length, begun.bytes);
  await Deno.writeFile(file, bytes);
  await Deno.writeTextFile(`${file}.manifest`, begun.manifest);
  const { findings, manifest } = verifyBackup({ file, manifest: `${file}.manifest`, keys: [KEY] });
  assert.deepEqual(findings, []);
  // What was written goes on meanwhile, and each write is either in it or came after it.
  assert.ok(version > 2, `${version} versions`);
  assert.equal(manifest?.counts.versions, Number(manifest?.store.revision) - 1);
  assert.deepEqual((Deno.statSync(`${world.directory}/${drafts()[0]}`).mode ?? 0) & 0o777, 0o600);
  await backups.port.endBackup(begun);
  await backups.port.endBackup(begun);
  assert.deepEqual(drafts(), []);
  await backups.close();
});

Deno.test("one backup is made at a time, and its copy is gone with its end", async () => {
  const { world, make, drafts } = await prepare();
  await using _ = world;
  const backups = make();
  const first = backups.port.beginBackup({ call: CALL });
  await assert.rejects(
    backups.port.beginBackup({ call: CALL }),
    isSpikeError("entity_conflict", /under way already/),
  );
  const begun = await first;
  await assert.rejects(
    backups.port.readBackup({ id: "00".repeat(16), at: 0 }),
    isSpikeError("store_failure", /was removed/),
  );
  await backups.close();
  assert.deepEqual(drafts(), []);
  await assert.rejects(
    backups.port.readBackup({ ...begun, at: 0 }),
    isSpikeError("store_failure", /was removed/),
  );
});

Deno.test("what is to be forgotten waits until the database was copied, and not until the copy was looked over", async () => {
  const [begun, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const order: string[] = [];
  const copy: Copier = async (request, watch) => {
    begun.resolve();
    await held.promise;
    const onReleased = () => {
      order.push("released");
      watch.onReleased();
    };
    const copied = await createCopier(dirname(request.source))(request, { ...watch, onReleased });
    order.push("copied");
    return copied;
  };
  const { world, make, inTurn } = await prepare({ copy });
  await using _ = world;
  const store = forgetInTurn(world.store, inTurn);
  const backups = make();
  const making = backups.port.beginBackup({ call: CALL });
  await begun.promise;
  const forgetting = store.forgetRemoved().then(() => order.push("forgotten"));
  await world.put("tenants/acme/db", 2);
  assert.deepEqual(order, []);
  held.resolve();
  await Promise.all([making, forgetting]);
  assert.equal(order[0], "released");
  await backups.close();
});

Deno.test("a Nexus that stops waits for no copy, and leaves none", async () => {
  const { world, make, drafts } = await prepare();
  await using _ = world;
  const backups = make();
  const making = backups.port.beginBackup({ call: CALL });
  await Promise.all([
    backups.close(),
    assert.rejects(making, isSpikeError("store_failure", /Nexus stops/)),
  ]);
  assert.deepEqual(drafts(), []);
});

Deno.test("a copy that nobody reads is removed, and so is what a dead process left", async () => {
  const { world, make, drafts, lines } = await prepare({ patienceMs: 1 });
  await using _ = world;
  const left = `${world.directory}/backup-${"0a".repeat(16)}.draft`;
  await Deno.writeTextFile(left, "half");
  await Deno.writeTextFile(`${left}-journal`, "half");
  const backups = make();
  assert.deepEqual(drafts(), []);
  await backups.port.beginBackup({ call: CALL });
  while (drafts().length > 0) await new Promise((resolve) => setTimeout(resolve));
  assert.ok(lines.some(({ event }) => event === "backup_abandoned"));
});

Deno.test("a copy that fails leaves nothing, and the next one is made", async () => {
  let isBroken = true;
  const copy: Copier = (request, watch) => {
    const real = createCopier(dirname(request.source));
    return real(isBroken ? { ...request, source: `${request.source}.none` } : request, watch);
  };
  const { world, drafts, make } = await prepare({ copy });
  await using _ = world;
  const backups = make();
  await assert.rejects(
    backups.port.beginBackup({ call: CALL }),
    isSpikeError("store_failure", /source\.db\.none/),
  );
  assert.deepEqual(drafts(), []);
  isBroken = false;
  await backups.port.beginBackup({ call: CALL });
  await backups.close();
});

Deno.test("the thread that copies can use the data directory, and no other file", async () => {
  const { world } = await prepare();
  await using _ = world;
  const elsewhere = await Deno.makeTempDir();
  const source = `${world.directory}/source.db`;
  const notCopied = isSpikeError("store_failure", /could not be copied: Requires/);
  await assert.rejects(
    createCopier(world.directory)({ source, target: `${elsewhere}/x.db` }, WATCH),
    notCopied,
  );
  await assert.rejects(
    createCopier(elsewhere)({ source, target: `${elsewhere}/x.db` }, WATCH),
    isSpikeError("store_failure", /./),
  );
  await Deno.remove(elsewhere, { recursive: true });
});

Deno.test("only the backup that was made last can be confirmed, and is told from then on", async () => {
  const { world, make } = await prepare();
  await using _ = world;
  const backups = make();
  const confirm = (sha256: string) => backups.port.confirmBackup({ sha256, call: CALL });
  const other = isSpikeError("api_bad_request", /has another digest/);
  await assert.rejects(confirm("00".repeat(32)), other);
  const begun = await backups.port.beginBackup({ call: CALL });
  await assert.rejects(confirm("00".repeat(32)), other);
  assert.deepEqual(await backupStatus(world.store), {});
  await confirm(begun.sha256);
  const { store } = openManifest(begun.manifest, nativeVerifier()).manifest;
  assert.deepEqual((await backupStatus(world.store)).backup, {
    at: "2026-07-01T12:00:00.000Z",
    revision: store.revision,
    bytes: begun.bytes,
    sha256: begun.sha256,
  });
  assert.equal(backups.arrived?.atMs, CREATED_MS);
  await backups.close();
});
