import assert from "node:assert/strict";
import {
  currentLog,
  inCall,
  listLogFiles,
  LogVerifier,
  nativeHash,
  nativeVerifier,
  parseKey,
  type RequestEntry,
} from "../audit/mod.ts";
import { LockedKeyring, ordinarySlots } from "../seal/mod.ts";
import { openMemory, type Store } from "../store/mod.ts";
import { someKek, someMeta } from "../store/conformance.ts";
import { digestOf } from "../audit/mod.ts";
import { signCheckpoint } from "../audit/checkpoint.ts";
import { Frontier, leafHash } from "../audit/merkle.ts";
import { keepLines } from "../telemetry/_sink.ts";
import { loadLogKeys } from "./audit_keys.ts";
import { type Auditing, type AuditingOptions, openAuditing } from "./auditing.ts";

const pause = () => Promise.resolve();
const CALL = {
  id: "spiffe://example.org/web",
  trustDomain: "example.org",
  serial: "0a",
  correlation: "c-1",
  operation: "secret.put",
  grant: { by: "policy", name: "web" },
} as never;
const ENTRY = {
  correlation: "c-2",
  server: "nexus",
  caller: { id: "spiffe://example.org/web", trustDomain: "example.org", serial: "0a" },
  operation: "secret.get",
  subject: { path: "tenants/acme" },
  status: 200,
  timeMs: 1,
  durationUs: 2,
} as unknown as RequestEntry;

function ring(): LockedKeyring {
  const ring = new LockedKeyring(ordinarySlots(2), someMeta().storeId);
  ring.put(1, new Uint8Array(32).fill(3));
  ring.use(1);
  return ring;
}

/** A store that outlives the processes of a Nexus, and a directory for its logs. */
async function world() {
  const directory = await Deno.makeTempDir({ prefix: "auditing-" });
  const store = openMemory();
  await store.write((tx) => tx.initialise(someMeta(), someKek()));
  const { log, lines, events } = keepLines();
  const elsewhere: RequestEntry[] = [];
  const fallback = (entry: RequestEntry) => Promise.resolve(void elsewhere.push(entry));
  const options = {
    directory,
    syncMs: 1000,
    fallback,
    covered: new Set<never>(),
    log,
    clock: Date.now,
  };
  return {
    directory,
    store,
    elsewhere,
    lines,
    events,
    /** One life of a Nexus that comes to its key. */
    live: async (more: Partial<AuditingOptions> = {}) => {
      const auditing = await openAuditing({ ...options, store, ...more });
      await auditing.keyringOpened(ring());
      return auditing;
    },
    verified: async (auditing: Auditing) => {
      const { keys } = await auditing.keys();
      return keys.map((text) => {
        const key = parseKey(text);
        assert.ok(key);
        const verifier = new LogVerifier({ key, hash: nativeHash, verify: nativeVerifier() });
        for (const { path } of listLogFiles(directory, key.log)) {
          verifier.file(path, Deno.readFileSync(path));
        }
        return verifier.end();
      });
    },
    [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }),
  };
}

const put = (store: Store, path: string, seed = 1) =>
  inCall(CALL, () =>
    store.write((tx) =>
      tx.putHead({
        path,
        revision: tx.revision,
        current: 1,
        kekGeneration: 1,
        sealed: new Uint8Array(40).fill(seed),
        isPurged: false,
        expiresMs: null,
      })
    ));

Deno.test("requests and changes of several lives make one log that verifies", async () => {
  await using nexus = await world();
  for (let life = 0; life < 3; life++) {
    const auditing = await nexus.live();
    await put(auditing.store, `p/${life}`);
    await auditing.record(ENTRY);
    await auditing.close();
  }
  const auditing = await nexus.live();
  const [log, ...others] = await nexus.verified(auditing);
  assert.deepEqual([log?.findings, others], [[], []]);
  const { records } = await auditing.tail({ limit: 100 });
  const told = records.map((record) => JSON.parse(record))
    .map(({ kind, event, changes }) => event ?? (changes ? changes[0]?.head : kind))
    .filter((one) => one !== undefined);
  assert.deepEqual(told, [
    ...[0, 1, 2].flatMap((life) => ["started", "key_loaded", `p/${life}`, "request", "stopped"]),
    "started",
    "key_loaded",
  ]);
  assert.deepEqual(await auditing.tail({ limit: 2, after: 4 }), {
    log: currentLog(nexus.directory),
    records: records.slice(5, 7),
  });
  await auditing.close();
});

Deno.test("a change whose process ended before it was logged is logged by the next one, once", async () => {
  await using nexus = await world();
  const dying = await nexus.live();
  // The disk of the log is gone: what is committed stays in the store.
  const write = Deno.FsFile.prototype.writeSync;
  Deno.FsFile.prototype.writeSync = () => {
    throw new Error("No space left on device");
  };
  try {
    await put(dying.store, "waits");
    await dying.record(ENTRY);
    assert.equal(nexus.elsewhere.length, 1);
  } finally {
    Deno.FsFile.prototype.writeSync = write;
  }
  await dying.close();
  const heads = async (auditing: Auditing) =>
    (await auditing.tail({ limit: 100 })).records.filter((record) => record.includes('"waits"'))
      .length;
  for (let life = 0; life < 2; life++) {
    const next = await nexus.live();
    assert.equal(await heads(next), 1);
    await put(next.store, `other/${life}`);
    await next.close();
  }
  assert.ok(nexus.events().includes("audit_log_unwritable"));
});

Deno.test("changes whose records a failure of power kept from the disk are logged again, and the cut is told", async () => {
  await using nexus = await world();
  const dying = await nexus.live();
  for (const path of ["early", "late"]) await put(dying.store, path);
  assert.equal((await nexus.store.outbox(0, 9)).length, 2);
  // Without a key nothing more is left in the store.
  dying.keyringDropped();
  await dying.close();
  const file = listLogFiles(nexus.directory, currentLog(nexus.directory) ?? "")[0]?.path ?? "";
  const bytes = await Deno.readFile(file);
  const at = new TextDecoder().decode(bytes).indexOf('"early"');
  await Deno.writeFile(file, bytes.fill(0, at, at + 40));
  const next = await nexus.live();
  assert.ok(nexus.events().includes("audit_log_cut"));
  assert.match((await next.tail({ limit: 9 })).records.join(), /"tail_cut"/);
  const { findings, heads } = await next.verify(pause);
  assert.deepEqual([findings, heads], [0, 2]);
  assert.ok((await nexus.verified(next)).every(({ findings }) => findings.length === 0));
  await next.close();
});

Deno.test("a comparison finds rows that were put back, removed or added, and nothing in what was only changed", async () => {
  await using nexus = await world();
  const auditing = await nexus.live();
  for (const path of ["same", "replayed", "changed"]) await put(auditing.store, path);
  const early = await nexus.store.head("replayed");
  await put(auditing.store, "replayed", 2);
  await put(auditing.store, "changed", 2);
  assert.equal((await auditing.verify(pause)).findings, 0);
  await nexus.store.write(async (tx) => {
    if (early) await tx.putHead(early);
    await tx.putHead({
      path: "added",
      revision: 5,
      current: 1,
      kekGeneration: 1,
      sealed: new Uint8Array(3),
      isPurged: false,
      expiresMs: null,
    });
  });
  const { rows, findings, heads } = await auditing.verify(pause);
  assert.deepEqual([findings, heads], [2, 4]);
  assert.deepEqual(rows, [
    { kind: "head", name: "added", what: "unrecorded" },
    { kind: "head", name: "replayed", what: "replaced" },
  ]);
  await auditing.close();
});

Deno.test("a comparison finds cipher keys that were put back", async () => {
  await using nexus = await world();
  const auditing = await nexus.live();
  const keep = (fill: number) =>
    auditing.store.write((tx) => {
      const sealed = new Uint8Array(40).fill(fill);
      return tx.putKeyHead({ name: "pay", revision: tx.revision, kekGeneration: 1, sealed });
    });
  await keep(1);
  const early = await nexus.store.keyHead("pay");
  await keep(2);
  assert.equal((await auditing.verify(pause)).findings, 0);
  const replaced = [{ kind: "keyHead", name: "pay", what: "replaced" }];
  for (const row of [early, early && { ...early, revision: 1000 }]) {
    await nexus.store.write(async (tx) => row && await tx.putKeyHead(row));
    const { rows, cipherKeys } = await auditing.verify(pause);
    assert.deepEqual([cipherKeys, rows], [1, replaced]);
  }
  await auditing.close();
});

Deno.test("a comparison finds keys that are gone, and rows to which one of two ways does not lead", async () => {
  await using nexus = await world();
  const key = { version: 1, kekGeneration: 1, wrapped: new Uint8Array(61), createdAtMs: 1 };
  const damage = { keys: false, paths: [] as { path: string; expiresMs: number | null }[] };
  const { store } = nexus;
  const damaged: Store = {
    ...store,
    keys: async (name) => {
      const keys = await store.keys(name);
      return damage.keys ? keys.filter((key) => key.name !== "cipher/default") : keys;
    },
    listPaths: async (request) =>
      damage.paths.length > 0 ? damage.paths : await store.listPaths(request),
    policy: async (name) => damage.keys ? undefined : await store.policy(name),
  };
  const auditing = await nexus.live({ store: damaged });
  await put(auditing.store, "a");
  await auditing.store.write((tx) =>
    tx.putKey({ ...key, name: "cipher/default", reservedSeals: 0 })
  );
  assert.equal((await auditing.verify(pause)).findings, 0);
  await auditing.store.write((tx) => {
    const sealed = new Uint8Array(40).fill(3);
    return tx.putPolicy({ name: "p", revision: tx.revision, kekGeneration: 1, sealed });
  });
  damage.keys = true;
  damage.paths = [{ path: "a", expiresMs: 7 }, { path: "b", expiresMs: null }];
  assert.deepEqual((await auditing.verify(pause)).rows, [
    { kind: "head", name: "a", what: "misindexed" },
    { kind: "head", name: "b", what: "unrecorded" },
    { kind: "policy", name: "p", what: "misindexed" },
    { kind: "key", name: "cipher/default version 1", what: "removed" },
  ]);
  await auditing.close();
});

Deno.test("what is sealed anew while a comparison runs is no finding", async () => {
  await using nexus = await world();
  const reseal = { isDue: false };
  const { store } = nexus;
  const auditing: Auditing = await nexus.live({
    store: {
      ...store,
      listPaths: async (request) => {
        if (reseal.isDue) {
          reseal.isDue = false;
          await auditing.store.write(async (tx) => {
            const head = await tx.head("a");
            if (head) await tx.putHead({ ...head, sealed: new Uint8Array(40).fill(9) });
          });
        }
        return await store.listPaths(request);
      },
    },
  });
  await put(auditing.store, "a");
  reseal.isDue = true;
  assert.equal((await auditing.verify(pause)).findings, 0);
  assert.equal(reseal.isDue, false);
  await auditing.close();
});

Deno.test("covered paths are found all the same, and are nowhere in the files", async () => {
  await using nexus = await world();
  const auditing = await nexus.live({ covered: new Set(["path", "caller"]) });
  await put(auditing.store, "tenants/acme");
  await auditing.record(ENTRY);
  assert.equal((await auditing.verify(pause)).findings, 0);
  const file = listLogFiles(nexus.directory, currentLog(nexus.directory) ?? "")[0];
  const text = await Deno.readTextFile(file?.path ?? "");
  assert.ok(!text.includes("acme") && !text.includes("example.org/web") && text.includes("hmac:"));
  await auditing.close();
});

Deno.test("a log that is gone is told, and a new one begins; the store remembers the old one", async () => {
  await using nexus = await world();
  const first = await nexus.live();
  await put(first.store, "a");
  await first.close();
  const { log } = await first.tail({ limit: 1 });
  await Deno.remove(`${nexus.directory}/${log}`, { recursive: true });
  await Deno.remove(`${nexus.directory}/current`);
  const second = await nexus.live();
  assert.ok(nexus.events().includes("audit_log_missing"));
  const { logs, findings } = await second.verify(pause);
  assert.deepEqual(logs[0], { log, missing: true });
  assert.ok(findings > 0);
  await second.close();
});

Deno.test("a log that was cut short below what the store knows is left as it is, and a new one begins", async () => {
  await using nexus = await world();
  const first = await nexus.live();
  for (let i = 0; i < 20; i++) await first.record(ENTRY);
  await put(first.store, "a");
  await first.close();
  const [file] = listLogFiles(nexus.directory, currentLog(nexus.directory) ?? "");
  const text = await Deno.readTextFile(file?.path ?? "");
  const cut = `${text.split("\n").slice(0, 5).join("\n")}\n`;
  await Deno.writeTextFile(file?.path ?? "", cut);
  const second = await nexus.live();
  assert.ok(nexus.events().includes("audit_log_damaged"));
  assert.equal(await Deno.readTextFile(file?.path ?? ""), cut);
  const { logs } = await second.verify(pause);
  assert.equal(logs.length, 2);
  assert.match(JSON.stringify(logs[0]), /the log ends here, but the checkpoint held has/);
  await second.close();
});

Deno.test("a store that was put back to an earlier state is told, and recorded", async () => {
  await using nexus = await world();
  const first = await nexus.live();
  for (const path of ["a", "b", "c"]) await put(first.store, path);
  await first.close();
  const earlier = openMemory();
  await earlier.write((tx) => tx.initialise(someMeta(), someKek()));
  const rows = await nexus.store.auditLogs();
  const keys = await nexus.store.keys();
  await earlier.write(async (tx) => {
    for (const row of rows) await tx.putAuditLog(row);
    for (const key of keys) await tx.putKey(key);
  });
  const second = await nexus.live({ store: earlier });
  assert.ok(nexus.events().includes("store_rolled_back"));
  await put(second.store, "after");
  await second.verify(pause);
  const { records } = await second.tail({ limit: 3 });
  assert.match(records[0] ?? "", /store_rolled_back/);
  assert.match(records[2] ?? "", /"head":"after"/);
  await second.close();
});

Deno.test("a key of the log that was damaged ends the log; nothing is signed after it under another key", async () => {
  await using nexus = await world();
  const first = await nexus.live();
  await first.record(ENTRY);
  await first.close();
  const { log } = await first.tail({ limit: 1 });
  const [key] = await nexus.store.keys(`audit/sign/${log}`);
  assert.ok(key);
  await nexus.store.write((tx) => tx.putKey({ ...key, wrapped: new Uint8Array(60) }));
  const second = await nexus.live();
  assert.ok(nexus.events().includes("audit_log_succeeded"));
  assert.notEqual((await second.tail({ limit: 1 })).log, log);
  await second.close();
});

Deno.test("without a root key records are taken, and keys and comparisons are not to be had", async () => {
  await using nexus = await world();
  const auditing = await nexus.live();
  auditing.keyringDropped();
  await auditing.record(ENTRY);
  await assert.rejects(auditing.keys(), { code: "root_key_missing" });
  await assert.rejects(auditing.verify(pause), { code: "root_key_missing" });
  await auditing.close();
});

/** Runs `work` while no file can be written. */
async function whileFull(work: () => Promise<void>): Promise<void> {
  const write = Deno.FsFile.prototype.writeSync;
  Deno.FsFile.prototype.writeSync = () => {
    throw new Error("No space left on device");
  };
  try {
    await work();
  } finally {
    Deno.FsFile.prototype.writeSync = write;
  }
}

Deno.test("what the disk did not take is recorded elsewhere, and in the log as soon as it can be", async () => {
  await using nexus = await world();
  const states: string[] = [];
  const auditing = await nexus.live({ onState: (state) => states.push(state) });
  await whileFull(async () => {
    for (let i = 0; i < 3; i++) await auditing.record({ ...ENTRY, correlation: `full-${i}` });
  });
  assert.equal(nexus.elsewhere.length, 3);
  await auditing.record({ ...ENTRY, correlation: "after" });
  const { records } = await auditing.tail({ limit: 4 });
  assert.deepEqual(
    records.map((record) => JSON.parse(record).correlation),
    ["full-0", "full-1", "full-2", "after"],
  );
  assert.deepEqual(states, ["elsewhere", "written"]);
  await auditing.close();
});

Deno.test("a request fails when it can be recorded nowhere, or nowhere but in the log by setting", async () => {
  const refusing = { fallback: () => Promise.reject(new Error("Broken pipe")) };
  for (const more of [refusing, { syncMs: 0 }]) {
    await using nexus = await world();
    const states: string[] = [];
    const auditing = await nexus.live({ ...more, onState: (state) => states.push(state) });
    await whileFull(async () => {
      await assert.rejects(auditing.record(ENTRY), { code: "audit_unavailable" });
    });
    await auditing.record(ENTRY);
    assert.deepEqual(states, ["refused", "written"]);
    await auditing.close();
  }
});

Deno.test("a log of the older format is gone on with; what it cannot prove is said and is no finding", async () => {
  await using nexus = await world();
  const first = await nexus.live();
  await put(first.store, "a");
  await first.close();
  await makeOlder(nexus.directory, nexus.store);
  const second = await nexus.live();
  await put(second.store, "b");
  const { findings, logs } = await second.verify(pause);
  assert.deepEqual([findings, logs.length], [0, 1]);
  assert.match(JSON.stringify(logs), /"older":\{"records":3,"dropped":0\}/);
  const { records } = await second.tail({ limit: 99 });
  assert.deepEqual(records.map((record) => JSON.parse(record).format), [1, 1, 1, 2, 2, 2, 2]);
  assert.match(records[4] ?? "", /"event":"format_changed","detail":\{"from":5,"to":\d+\}/);
  assert.deepEqual(second.unproved, { setAside: 0, withoutKey: 0, rejected: 0, unrecorded: 0 });
  await second.close();
});

Deno.test("an older log in the place of the present one hides no change", async () => {
  await using nexus = await world();
  const first = await nexus.live();
  await put(first.store, "a");
  await first.close();
  await makeOlder(nexus.directory, nexus.store);
  const file = listLogFiles(nexus.directory, currentLog(nexus.directory) ?? "")[0]?.path ?? "";
  const older = await Deno.readFile(file);
  const second = await nexus.live();
  await put(second.store, "a", 2);
  await second.close();
  await Deno.writeFile(file, older);
  await forgetCheckpoint(nexus.store);
  const third = await nexus.live();
  assert.deepEqual((await third.verify(pause)).rows, [
    { kind: "head", name: "a", what: "replaced" },
  ]);
  await third.close();
});

/** Puts a log as older versions wrote it in the place of the present one, under the same key. */
async function makeOlder(directory: string, store: Store): Promise<void> {
  const log = currentLog(directory) ?? "";
  const keys = await loadLogKeys(store, ring(), log);
  assert.ok(keys);
  const head = await store.head("a");
  const changes = [{ head: "a", current: 1, digest: digestOf(head?.sealed ?? new Uint8Array()) }];
  const bodies = [
    { kind: "notice", time: 1, event: "started", detail: {} },
    { kind: "change", time: 1, revision: 4, operation: null, changes },
    { kind: "notice", time: 1, event: "stopped", detail: {} },
  ];
  const tree = new Frontier();
  const lines = bodies.map((body, n) => {
    const text = JSON.stringify({ format: 1, n, ...body });
    const leaf = leafHash(new TextEncoder().encode(text));
    tree.append(leaf);
    return `r ${leaf.subarray(0, 8).toHex()} ${text}`;
  });
  const checkpoint = { log, size: tree.size, root: tree.root(), timeMs: 1 };
  const note = signCheckpoint(checkpoint, keys.publicKey, keys.sign);
  const header = `h ${JSON.stringify({ format: 1, log, first: 0, roots: [], revision: 0 })}`;
  const file = listLogFiles(directory, log)[0]?.path ?? "";
  const all = [header, ...lines, `c ${JSON.stringify(note)}`, ""].join("\n");
  await Deno.writeTextFile(file, all);
  await forgetCheckpoint(store);
}

/** As somebody does who writes the database, too. */
async function forgetCheckpoint(store: Store): Promise<void> {
  const [row] = await store.auditLogs();
  if (row) await store.write((tx) => tx.putAuditLog({ ...row, checkpoint: "" }));
}

Deno.test("files of the log that somebody changes while it is written to are found, by name", async () => {
  const tmp = await world();
  const auditing = await tmp.live();
  await auditing.record(ENTRY);
  assert.deepEqual(auditing.changedFiles(), []);
  const log = currentLog(tmp.directory) ?? "";
  const [{ path } = { path: "" }] = listLogFiles(tmp.directory, log);
  const file = path.slice(tmp.directory.length + 1);
  const bytes = await Deno.readFile(path);
  await Deno.truncate(path, 10);
  assert.deepEqual(auditing.changedFiles(), [{ log, file, change: "truncated" }]);
  await auditing.record(ENTRY);
  assert.deepEqual(auditing.changedFiles(), [{ log, file, change: "truncated" }]);
  await Deno.rename(path, `${path}.1`);
  assert.deepEqual(auditing.changedFiles(), [{ log, file, change: "removed" }]);
  await Deno.writeFile(path, bytes);
  assert.deepEqual(auditing.changedFiles(), [{ log, file, change: "replaced" }]);
  await auditing.close();
  await Deno.remove(tmp.directory, { recursive: true });
});
