/**
 * Backups of real processes: made under load, brought onto a machine that has nothing, and refused where they must be.
 */
import assert from "node:assert/strict";
import { DevSystem, type Ran, temporaryDirectory } from "../e2e/harness.ts";
import { connectAs, type SystemClient } from "../e2e/system_client.ts";

const CANARY = "canary-7f3a91c2";
const WRITERS = 4;
/** Each writes this many versions of its own path before the backup begins. */
const BEFORE = 15;

function ok(ran: Ran): Ran {
  assert.equal(ran.code, 0, ran.stdout + ran.stderr);
  return ran;
}

/** What each writer has been told is stored: by path, the value of each version. */
class Written {
  readonly #values = new Map<string, string[]>();

  async put(client: SystemClient, path: string): Promise<void> {
    const values = this.#values.get(path) ?? [];
    const value = `${CANARY} ${path} ${values.length + 1}`;
    const { version } = await client.ask("/v1/store/secrets", { path, values: { value } });
    assert.equal(version, values.length + 1);
    values.push(value);
    this.#values.set(path, values);
  }

  /** How many versions each path has by now. */
  counts(): Map<string, number> {
    return new Map([...this.#values].map(([path, values]) => [path, values.length]));
  }

  /** Each path has at least the versions that were counted, with the values that were written, and nothing else. */
  async check(client: SystemClient, least: ReadonlyMap<string, number>): Promise<void> {
    for (const [path, count] of least) {
      const { metadata } = await client.ask("/v1/store/secrets/metadata?action=get", { path }) as {
        metadata: { currentVersion: number };
      };
      assert.ok(
        metadata.currentVersion >= count,
        `${path}: ${metadata.currentVersion} of ${count}`,
      );
      const { data } = await client.ask("/v1/store/secrets?action=get", { path });
      const value = this.#values.get(path)?.[metadata.currentVersion - 1];
      assert.deepEqual(data, { value }, path);
    }
  }
}

function modeOf(path: string): number {
  return (Deno.statSync(path).mode ?? 0) & 0o777;
}

/** A system, and where its backups go. */
interface Scene {
  readonly system: DevSystem;
  readonly tmp: string;
  readonly data: string;
  readonly media: string;
  /** The option that names the public key of the audit log. */
  readonly key: readonly string[];
}

async function createScene(system: DevSystem, tmp: string): Promise<Scene> {
  const media = `${tmp}/media`;
  await Deno.mkdir(media);
  ok(await system.spike(["audit", "export", "--out", `${tmp}/keys`]));
  const key = ["--key", `${tmp}/keys/keys.txt`];
  return { system, tmp, data: `${system.dir}/data`, media, key };
}

/** Makes a backup while clients write; answers how many versions each path had before it began. */
async function backUpUnderLoad(
  { system, tmp, media, key }: Scene,
  written: Written,
): Promise<Map<string, number>> {
  await using client = await connectAs(system, "superuser", `${tmp}/id`);
  let isDone = false;
  const started = Promise.withResolvers<void>();
  let waiting = WRITERS;
  const writers = Array.from({ length: WRITERS }, async (_, i) => {
    for (let n = 1; !isDone; n++) {
      await written.put(client, `load/${i}`);
      if (n === BEFORE && --waiting === 0) started.resolve();
    }
  });
  await started.promise;
  const before = written.counts();
  const made = ok(await system.spike(["operator", "backup", ...key, media, "-f", "json"]));
  isDone = true;
  await Promise.all(writers);
  assert.ok(JSON.parse(made.stdout).revision >= WRITERS * BEFORE);
  const after = [...written.counts().values()].reduce((a, b) => a + b);
  assert.ok(after > WRITERS * BEFORE + WRITERS, `${after} writes, so some went on meanwhile`);
  return before;
}

/** The one backup on the media: private, without a readable value, and the only trace of the copying. */
async function findBackup({ system, data, media }: Scene): Promise<string> {
  assert.match(
    (await system.spike(["status"])).stdout,
    /^Backup +: 20.*, revision \d+, \d+ bytes$/m,
  );
  const left = [...Deno.readDirSync(data)].map(({ name }) => name);
  assert.ok(!left.some((name) => name.includes("draft")), left.join());
  const [file = ""] = [...Deno.readDirSync(media)].map(({ name }) => `${media}/${name}`)
    .filter((path) => path.endsWith(".db"));
  for (const path of [file, `${file}.manifest`]) {
    assert.equal(modeOf(path), 0o600);
    assert.ok(!new TextDecoder("latin1").decode(await Deno.readFile(path)).includes(CANARY), path);
  }
  return file;
}

async function assertDamageRefused({ system, tmp, data, key }: Scene, file: string) {
  const damaged = `${tmp}/damaged.db`;
  const bytes = await Deno.readFile(file);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 0x10;
  await Deno.writeFile(damaged, bytes);
  const manifest = ["--manifest", `${file}.manifest`];
  const refused = await system.spike(["backup", "restore", ...key, ...manifest, damaged, data]);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /^Page \d+.*: changed, from byte \d+ on$/m);
  assert.throws(() => Deno.statSync(data), Deno.errors.NotFound);
}

async function assertRestoreRecorded({ system }: Scene) {
  assert.match((await system.spike(["status"])).stdout, /^Restored: 20.*, from the backup of 20/m);
  assert.match(
    ok(await system.spike(["audit", "tail", "-n", "1000"])).stdout,
    /store_restored .*"missing":"[0-9a-f]{32}"/,
  );
  const compared = ok(await system.spike(["operator", "verify"]));
  assert.match(compared.stdout, /is not there since the store was restored/);
}

/** A file with the public keys of the log before the restore and of the one after it. */
async function bothKeys(tmp: string, newerFile: string): Promise<string> {
  const keys = `${tmp}/both.txt`;
  await Deno.writeTextFile(
    keys,
    [
      await Deno.readTextFile(`${tmp}/keys/keys.txt`),
      JSON.parse(
        (await Deno.readTextFile(`${newerFile}.manifest`))
          .split("\n\n— ")[0] ?? "",
      ).audit.key,
    ].join("\n"),
  );
  return keys;
}

/** Restores over a newer backup: into a directory in use, with the newer one, with the older one, and by force. */
async function restoreOlder({ system, tmp, data, media, key }: Scene, file: string) {
  const newer = ok(await system.spike(["operator", "backup", media, "-f", "json"]));
  const newerFile: string = JSON.parse(newer.stdout).file;
  ok(await system.dev("kill", "nexus"));
  const inUse = await system.spike(["backup", "restore", ...key, file, data]);
  assert.equal(inUse.code, 5);
  assert.match(inUse.stderr, /is not empty: it has "spike\.db"/);
  await Deno.remove(data, { recursive: true });
  const pinned = ok(await system.spike(["backup", "restore", newerFile, data]));
  assert.match(pinned.stdout, /restored 1 time before/);
  await Deno.remove(data, { recursive: true });
  const keys = await bothKeys(tmp, newerFile);
  const older = await system.spike(["backup", "restore", "--key", keys, file, data]);
  assert.equal(older.code, 5);
  assert.match(older.stderr, /is newer: revision \d+, this one has \d+/);
  ok(await system.spike(["backup", "restore", "--accept-older", "--key", keys, file, data]));
}

Deno.test("a backup made under load restores everything on an empty machine", async () => {
  await using tmp = await temporaryDirectory();
  await using system = await DevSystem.start(`${tmp.path}/d`);
  const scene = await createScene(system, tmp.path);
  const { data, key } = scene;
  const written = new Written();
  const before = await backUpUnderLoad(scene, written);
  const file = await findBackup(scene);

  ok(await system.dev("kill", "nexus"));
  await Deno.remove(data, { recursive: true });
  assert.match(
    ok(await system.spike(["backup", "verify", ...key, file])).stdout,
    /Holds +: 4 paths/,
  );
  const unpinned = ok(await system.spike(["backup", "verify", file]));
  assert.match(unpinned.stderr, /no public key was given/);

  await assertDamageRefused(scene, file);

  ok(await system.spike(["backup", "restore", ...key, file, data]));
  assert.deepEqual([modeOf(data), modeOf(`${data}/spike.db`)], [0o700, 0o600]);
  ok(await system.dev("start", "nexus"));
  {
    await using client = await connectAs(system, "superuser", `${tmp.path}/id`);
    await written.check(client, before);
    await client.ask("/v1/store/secrets", { path: "new", values: { value: "new" } });
  }
  await assertRestoreRecorded(scene);

  // From here on there is a newer backup than that one.
  await restoreOlder(scene, file);
  ok(await system.dev("start", "nexus"));
  await using client = await connectAs(system, "superuser", `${tmp.path}/id`);
  await written.check(client, before);
});

Deno.test("a backup from before a root rotation is opened by the recovery shards of its time", async () => {
  await using tmp = await temporaryDirectory();
  await using system = await DevSystem.start(`${tmp.path}/d`);
  const [data, file] = [`${system.dir}/data`, `${tmp.path}/may.db`];
  const as = async (role: string) => {
    const out = `${tmp.path}/as-${role}`;
    ok(
      await system.dev("svid", "--id", `spiffe://spike.ist/spike/pilot/role/${role}`, "--out", out),
    );
    return {
      SPIKE_SVID_FILE: `${out}/svid.pem`,
      SPIKE_SVID_KEY_FILE: `${out}/key.pem`,
      SPIKE_BUNDLE_FILE: `${out}/bundle.pem`,
      SPIKE_PILOT_RECOVERY_DIR: `${tmp.path}/shards`,
    };
  };
  ok(await system.spike(["secret", "put", "a", "k=before"]));
  ok(await system.spike(["operator", "recover", "--plaintext"], { env: await as("recover") }));
  ok(await system.spike(["operator", "backup", file]));
  ok(await system.spike(["operator", "rotate-root"]));
  ok(await system.spike(["secret", "put", "a", "k=after"]));
  ok(await system.dev("kill", "nexus"));
  await Deno.remove(data, { recursive: true });
  const restored = ok(await system.spike(["backup", "restore", file, data]));
  assert.match(restored.stderr, /recovery shards of generation 1/);

  // It does not get ready by itself: its keepers have the shards of a root key that is not this store's.
  const starting = await system.dev("start", "nexus");
  assert.equal(starting.code, 6);
  assert.match(
    starting.stderr,
    /keepers of later root: .*hand in 2 recovery shards of that generation with spike operator restore/,
  );
  const status = await system.spike(["status"]);
  assert.equal(status.code, 6);
  assert.match(status.stdout, /^Shards +: 2 of 3, generation 1$/m);
  const env = await as("restore");
  const shards = [...Deno.readDirSync(`${tmp.path}/shards/recover`)]
    .map(({ name }) => `${tmp.path}/shards/recover/${name}`)
    .filter((path) => path.endsWith(".txt")).sort().slice(0, 2);
  assert.equal(shards.length, 2);
  ok(await system.spike(["operator", "restore", ...shards], { env }));
  assert.equal((await system.spike(["secret", "get", "a", "k"])).stdout, "before\n");

  // The keepers follow a set above the one that they hold.
  ok(await system.spike(["operator", "refresh"]));
  ok(await system.dev("kill", "nexus"));
  ok(await system.dev("start", "nexus"));
  assert.equal((await system.spike(["secret", "get", "a", "k"])).stdout, "before\n");
});
