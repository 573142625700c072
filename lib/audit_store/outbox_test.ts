/** What an attacker can do to the rows that wait for the log, while Nexus is down and with copies of older ones. */
import assert from "node:assert/strict";
import {
  currentLog,
  inCall,
  listLogFiles,
  LogVerifier,
  nativeHash,
  nativeVerifier,
  parseKey,
} from "../audit/mod.ts";
import { LockedKeyring, ordinarySlots } from "../seal/mod.ts";
import { someKek, someMeta } from "../store/conformance.ts";
import { openMemory, type OutboxRow, type Store } from "../store/mod.ts";
import { keepLines } from "../telemetry/_sink.ts";
import { type Auditing, openAuditing } from "./auditing.ts";

const CALL = {
  id: "spiffe://example.org/web",
  trustDomain: "example.org",
  serial: "0a",
  correlation: "c-1",
  operation: "secret.put",
  grant: { by: "policy", name: "web" },
} as never;

function ring(): LockedKeyring {
  const ring = new LockedKeyring(ordinarySlots(2), someMeta().storeId);
  ring.put(1, new Uint8Array(32).fill(3));
  ring.use(1);
  return ring;
}

const put = (store: Store, path: string) =>
  inCall(CALL, () =>
    store.write((tx) =>
      tx.putHead({
        path,
        revision: tx.revision,
        current: 1,
        kekGeneration: 1,
        sealed: new Uint8Array(40).fill(1),
        isPurged: false,
        expiresMs: null,
      })
    ));

/** A store whose outbox and revision an attacker writes. */
async function world() {
  const directory = await Deno.makeTempDir({ prefix: "outbox-" });
  const store = openMemory();
  await store.write((tx) => tx.initialise(someMeta(), someKek()));
  const { log, events } = keepLines();
  const forged: { rows?: readonly OutboxRow[]; revision?: number } = {};
  const attacked: Store = {
    ...store,
    outbox: async (after, limit) =>
      (forged.rows?.filter(({ revision }) => revision > after) ?? await store.outbox(after, limit))
        .slice(0, limit),
    revision: async () => forged.revision ?? await store.revision(),
  };
  const open = () =>
    openAuditing({
      directory,
      syncMs: 1000,
      covered: new Set<never>(),
      log,
      clock: Date.now,
      store: attacked,
    });
  const live = async () => {
    const auditing = await open();
    await auditing.keyringOpened(ring());
    return auditing;
  };
  return {
    directory,
    store,
    forged,
    events,
    open,
    live,
    /** A process that is killed after a change is committed and before it is in the log; answers its row. */
    dies: async (path: string): Promise<OutboxRow> => {
      const dying = await live();
      const write = Deno.FsFile.prototype.writeSync;
      Deno.FsFile.prototype.writeSync = () => {
        throw new Error("No space left on device");
      };
      await put(dying.store, path);
      const [row] = await store.outbox(await store.revision() - 1, 1);
      assert.ok(row);
      dying.keyringDropped();
      Deno.FsFile.prototype.writeSync = write;
      await dying.close();
      return row;
    },
    heads: async (auditing: Auditing) => {
      await auditing.verify(() => Promise.resolve());
      const { records } = await auditing.tail({ limit: 1000 });
      return records.flatMap((record) => JSON.parse(record).changes ?? [])
        .map(({ head }) => head).filter((head) => head !== undefined);
    },
    findings: async (auditing: Auditing) => {
      await auditing.verify(() => Promise.resolve());
      const [key] = (await auditing.keys()).keys.map(parseKey);
      assert.ok(key);
      const verifier = new LogVerifier({ key, hash: nativeHash, verify: nativeVerifier() });
      for (const { path } of listLogFiles(directory, currentLog(directory) ?? "")) {
        verifier.file(path, Deno.readFileSync(path));
      }
      return verifier.end().findings.map(({ what }) => what);
    },
    [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }),
  };
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();
const edited = ({ revision, record }: OutboxRow, from: string | RegExp, to: string): OutboxRow => ({
  revision,
  record: encoder.encode(decoder.decode(record).replace(from, to)),
});

Deno.test("a row that this Nexus left is taken by the next process, once, and nothing is found", async () => {
  await using nexus = await world();
  await nexus.dies("waits");
  for (let life = 0; life < 2; life++) {
    const next = await nexus.live();
    assert.deepEqual(await nexus.heads(next), ["waits"]);
    assert.deepEqual(await nexus.findings(next), []);
    assert.deepEqual([next.unproved.rejected, next.unproved.unrecorded], [0, 0]);
    await next.close();
  }
});

const FORGED: Record<string, (row: OutboxRow) => OutboxRow> = {
  "whose path was changed": (row) => edited(row, '"waits"', '"other"'),
  "whose caller was changed": (row) => edited(row, "example.org/web", "example.org/bob"),
  "whose life was changed": (row) => edited(row, /^(2 \S+) \S+/, `$1 ${"00".repeat(16)}`),
  "whose removals were changed": (row) => edited(row, /^(2 \S+ \S+) \d+/, "$1 0"),
  "that is plain JSON, as older versions left it": (row) => edited(row, /^[^{]*/, ""),
  "that is no row": ({ revision }) => ({ revision, record: Uint8Array.of(1, 2, 3) }),
  "that is empty": ({ revision }) => ({ revision, record: new Uint8Array() }),
};

for (const [how, forge] of Object.entries(FORGED)) {
  Deno.test(`a row ${how} is never signed, is reported, and its change counts as unrecorded`, async () => {
    await using nexus = await world();
    const row = await nexus.dies("waits");
    nexus.forged.rows = [forge(row)];
    const next = await nexus.live();
    assert.deepEqual(await nexus.heads(next), []);
    assert.deepEqual([next.unproved.rejected, next.unproved.unrecorded], [1, 1]);
    assert.ok(nexus.events().includes("audit_outbox_rejected"));
    assert.ok(nexus.events().includes("audit_changes_unrecorded"));
    delete nexus.forged.rows;
    await put(next.store, "after");
    assert.deepEqual(await nexus.heads(next), ["after"]);
    assert.deepEqual(await nexus.findings(next), [
      `the change of revision ${row.revision} is without a record: removed from the store`,
    ]);
    await next.close();
  });
}

Deno.test("a row that was removed is noticed, although nothing follows it", async () => {
  await using nexus = await world();
  const { revision } = await nexus.dies("waits");
  nexus.forged.rows = [];
  const next = await nexus.live();
  assert.deepEqual([next.unproved.rejected, next.unproved.unrecorded], [0, 1]);
  assert.match((await nexus.findings(next)).join(), new RegExp(`revision ${revision} is without`));
  await next.close();
});

Deno.test("a row that comes twice, under its own revision or another, is taken once", async () => {
  await using nexus = await world();
  const row = await nexus.dies("waits");
  const copy = { ...row, revision: row.revision + 1 };
  nexus.forged.rows = [row, row, copy];
  nexus.forged.revision = copy.revision;
  const next = await nexus.live();
  assert.deepEqual(await nexus.heads(next), ["waits"]);
  assert.deepEqual([next.unproved.rejected, next.unproved.unrecorded], [2, 1]);
  await next.close();
});

Deno.test("a row that is older than what the log has is reported and never signed again", async () => {
  await using nexus = await world();
  const first = await nexus.live();
  await put(first.store, "a");
  const revision = await nexus.store.revision();
  const [old] = await nexus.store.outbox(revision - 1, 1);
  assert.ok(old);
  await first.verify(() => Promise.resolve());
  await put(first.store, "b");
  await first.close();
  const lingering = await nexus.store.outbox(0, 99);
  assert.ok(!lingering.some((row) => row.revision === old.revision));
  nexus.forged.rows = [old, ...lingering];
  const next = await nexus.live();
  assert.deepEqual(await nexus.heads(next), ["a", "b"]);
  assert.equal(next.unproved.rejected, 1);
  await next.close();
});

Deno.test("a row ahead of the store is reported, and waits for nothing", async () => {
  await using nexus = await world();
  const row = await nexus.dies("waits");
  nexus.forged.rows = [row, { ...row, revision: row.revision + 1000 }];
  const next = await nexus.live();
  assert.deepEqual(await nexus.heads(next), ["waits"]);
  assert.equal(next.unproved.rejected, 1);
  await next.close();
});

Deno.test("a row of an earlier history is not taken after the store was put back", async () => {
  await using nexus = await world();
  const first = await nexus.live();
  await put(first.store, "kept");
  const early = await nexus.store.revision();
  await put(first.store, "taken back");
  const [replay] = await nexus.store.outbox(early, 1);
  assert.ok(replay);
  await first.close();
  nexus.forged.revision = early;
  nexus.forged.rows = [];
  const second = await nexus.live();
  assert.ok(nexus.events().includes("store_rolled_back"));
  second.keyringDropped();
  await second.close();
  nexus.forged.revision = replay.revision;
  nexus.forged.rows = [replay];
  const third = await nexus.live();
  assert.deepEqual(await nexus.heads(third), ["kept", "taken back"]);
  assert.deepEqual([third.unproved.rejected, third.unproved.unrecorded], [1, 1]);
  third.keyringDropped();
  await third.close();
});

Deno.test("more forged rows than fit a page do not hide the one that is true", async () => {
  await using nexus = await world();
  const row = await nexus.dies("waits");
  const forgeries = Array.from({ length: 1200 }, (_, i) => ({
    revision: row.revision - 1200 + i,
    record: encoder.encode("{}"),
  }));
  nexus.forged.rows = [...forgeries, row];
  const next = await nexus.live();
  assert.deepEqual(await nexus.heads(next), ["waits"]);
  assert.equal(next.unproved.rejected, 1200);
  await next.close();
});

Deno.test("what a process changes before it has a key is recorded when the key comes, in that process alone", async () => {
  await using nexus = await world();
  const first = await nexus.open();
  await first.store.write((tx) => tx.putMark("m", Uint8Array.of(1)));
  await first.keyringOpened(ring());
  assert.deepEqual(first.unproved, { setAside: 0, withoutKey: 0, rejected: 0, unrecorded: 0 });
  assert.match((await first.tail({ limit: 99 })).records.join(), /"mark":"m"/);
  first.keyringDropped();
  await first.store.write((tx) => tx.putMark("m", undefined));
  await first.close();
  const second = await nexus.live();
  assert.deepEqual([second.unproved.rejected, second.unproved.unrecorded], [1, 1]);
  await second.close();
});

Deno.test("the row of a log that a killed process never began is neither signed nor a finding", async () => {
  const { open, live, directory } = await world();
  const dying = await open();
  const write = Deno.FsFile.prototype.writeSync;
  Deno.FsFile.prototype.writeSync = () => {
    throw new Error("Killed");
  };
  await dying.keyringOpened(ring()).catch(() => {});
  dying.keyringDropped();
  Deno.FsFile.prototype.writeSync = write;
  await dying.close().catch(() => {});
  await Deno.remove(directory, { recursive: true });
  await Deno.mkdir(directory);
  const next = await live();
  assert.equal(next.unproved.rejected, 0);
  await next.close();
});

Deno.test("the row of the store's creation that a killed process left behind is no finding", async () => {
  const { open, live, store, forged } = await world();
  const first = await open();
  await first.keyringOpened(ring());
  await first.close();
  const row = {
    revision: 1,
    record: new TextEncoder().encode(
      '{"timeMs":0,"revision":1,"changes":[{"meta":["created"]},{"kek":1,"state":"active"}]}',
    ),
  };
  forged.rows = [row, ...await store.outbox(1, 10)];
  const next = await live();
  assert.equal(next.unproved.rejected, 0);
  await next.close();
});
