import assert from "node:assert/strict";
import type {
  HeadRow,
  InitialMeta,
  KekRow,
  KeyRow,
  ListRequest,
  PolicyRow,
  Store,
  StoreReader,
  StoreTx,
  VersionRow,
} from "./port.ts";
import { FORMAT_VERSION } from "./sqlite_schema.ts";

/** A kind of store under test. */
export interface StoreHarness {
  /** A new, empty store. */
  open(): Promise<Store>;
  /** A reader of the same data over another connection where the kind has connections. */
  openReader(store: Store): Promise<StoreReader>;
  /** Removes what `open` left behind; the store is closed already. */
  dispose(store: Store): Promise<void>;
}

type Body = (store: Store, harness: StoreHarness) => Promise<void>;

/** Registers the tests that every kind of store must pass. */
export function storeConformance(kind: string, harness: StoreHarness): void {
  for (const [sentence, body] of Object.entries(RULES)) {
    Deno.test(`${kind}: ${sentence}`, async () => {
      const store = await harness.open();
      try {
        await body(store, harness);
      } finally {
        await store.close();
        await harness.dispose(store);
      }
    });
  }
}

/** Bytes that differ from those of any other `seed`. */
export function filled(length: number, seed: number): Uint8Array {
  return new Uint8Array(length).fill(seed);
}

/** Meta data that any store takes. */
export function someMeta(): InitialMeta {
  return {
    storeId: filled(16, 1),
    keyCheck: filled(32, 2),
    scheme: "gf256",
    shardSet: {
      setId: filled(16, 3),
      generation: 1,
      threshold: 2,
      shares: 3,
      commitments: [filled(32, 4), filled(32, 5), filled(32, 6)],
    },
    createdAtMs: 1_767_323_045_123,
  };
}

/** A key generation that any store takes. */
export function someKek(generation = 1): KekRow {
  return {
    generation,
    wrapped: filled(61, generation),
    createdAtMs: 1_767_323_045_124,
    reservedSeals: 0,
    state: "active",
  };
}

function someKey(name = "cipher/default", version = 1): KeyRow {
  return {
    name,
    version,
    kekGeneration: 1,
    wrapped: filled(61, version),
    createdAtMs: 1_767_323_045_126,
    reservedSeals: 0,
  };
}

function someHead(path: string, current: number, revision = 1): HeadRow {
  const sealed = filled(40, current);
  return { path, revision, current, isPurged: false, expiresMs: null, kekGeneration: 1, sealed };
}

function someVersion(version: number): VersionRow {
  return {
    version,
    kekGeneration: 1,
    wrappedKey: filled(61, version),
    sealed: filled(50, version),
    createdAtMs: 1_767_323_045_125 + version,
  };
}

function somePolicy(name: string, revision = 1): PolicyRow {
  return { name, revision, kekGeneration: 1, sealed: filled(40, revision) };
}

async function put(tx: StoreTx, path: string, version: number): Promise<void> {
  await tx.putHead(someHead(path, version, tx.revision));
  await tx.insertVersion(path, someVersion(version));
}

async function putPaths(store: Store, paths: readonly string[]): Promise<void> {
  await store.write(async (tx) => {
    for (const path of paths) await tx.putHead(someHead(path, 0));
  });
}

async function pathsOf(store: StoreReader, request: ListRequest): Promise<string[]> {
  return (await store.listPaths(request)).map(({ path }) => path);
}

const RULES: Record<string, Body> = {
  "a new store is empty": async (store) => {
    assert.equal(await store.meta(), undefined);
    assert.equal(await store.revision(), 0);
    assert.deepEqual(await store.keks(), []);
    assert.deepEqual(await pathsOf(store, { limit: 10 }), []);
  },

  "initialise() stores meta data and the first key": async (store) => {
    await store.write((tx) => tx.initialise(someMeta(), someKek()));
    assert.deepEqual(await store.meta(), { ...someMeta(), formatVersion: FORMAT_VERSION });
    assert.deepEqual(await store.keks(), [someKek()]);
  },

  "initialise() refuses a store that is not empty and changes nothing": async (store) => {
    await store.write((tx) => tx.initialise(someMeta(), someKek()));
    const other = { ...someMeta(), storeId: filled(16, 9) };
    await assert.rejects(store.write((tx) => tx.initialise(other, someKek(2))), {
      code: "state_already_initialized",
    });
    assert.deepEqual((await store.meta())?.storeId, filled(16, 1));
    assert.deepEqual(await store.keks(), [someKek()]);
  },

  "initialise() refuses an id of the wrong length": async (store) => {
    const meta = { ...someMeta(), storeId: filled(15, 1) };
    await assert.rejects(store.write((tx) => tx.initialise(meta, someKek())), RangeError);
    assert.equal(await store.meta(), undefined);
  },

  "changeMeta() replaces the members given and no other": async (store) => {
    await assert.rejects(store.write((tx) => tx.changeMeta({ scheme: "p256" })), {
      code: "state_not_ready",
    });
    await store.write((tx) => tx.initialise(someMeta(), someKek()));
    const shardSet = { ...someMeta().shardSet, generation: 2, commitments: [] };
    await store.write((tx) => tx.changeMeta({ keyCheck: filled(32, 7), shardSet }));
    const expected = {
      ...someMeta(),
      formatVersion: FORMAT_VERSION,
      keyCheck: filled(32, 7),
      shardSet,
    };
    assert.deepEqual(await store.meta(), expected);
  },

  "putKek() replaces wrapping and state, and never shrinks the reserved seals": async (store) => {
    await store.write(async (tx) => {
      await tx.putKek(someKek(2));
      await tx.putKek(someKek(1));
      await tx.reserveSeals(1, 500);
    });
    await store.write((tx) =>
      tx.putKek({ ...someKek(1), wrapped: filled(61, 9), createdAtMs: 5, state: "retired" })
    );
    const first = { ...someKek(1), wrapped: filled(61, 9), reservedSeals: 500, state: "retired" };
    assert.deepEqual(await store.keks(), [first, someKek(2)]);
  },

  "reserveSeals() adds up and refuses a generation that is not there": async (store) => {
    await store.write((tx) => tx.initialise(someMeta(), someKek()));
    assert.equal(await store.write((tx) => tx.reserveSeals(1, 2 ** 20)), 2 ** 20);
    assert.equal(await store.write((tx) => tx.reserveSeals(1, 2 ** 20)), 2 ** 21);
    await assert.rejects(store.write((tx) => tx.reserveSeals(2, 1)), {
      code: "state_integrity_check",
    });
    assert.equal((await store.keks())[0]?.reservedSeals, 2 ** 21);
  },

  "putKey() keeps versions apart, replaces a wrapping, and never shrinks the reserved seals":
    async (
      store,
    ) => {
      await store.write(async (tx) => {
        await tx.putKey(someKey("b", 2));
        await tx.putKey(someKey("b", 1));
        await tx.putKey({ ...someKey("a"), reservedSeals: 70 });
        assert.equal((await tx.keys()).length, 3);
      });
      const later = { ...someKey("a"), kekGeneration: 2, wrapped: filled(61, 9), createdAtMs: 5 };
      await store.write((tx) => tx.putKey(later));
      const a = { ...later, createdAtMs: someKey().createdAtMs, reservedSeals: 70 };
      assert.deepEqual(await store.keys("a"), [a]);
      assert.deepEqual(await store.keys(), [a, someKey("b", 1), someKey("b", 2)]);
      assert.deepEqual(await store.keys("c"), []);
    },

  "reserveKeySeals() adds up and refuses a version that is not there": async (store) => {
    await store.write((tx) => tx.putKey(someKey()));
    const name = "cipher/default";
    assert.equal(await store.write((tx) => tx.reserveKeySeals(name, 1, 5)), 5);
    assert.equal(await store.write((tx) => tx.reserveKeySeals(name, 1, 7)), 12);
    assert.equal((await store.keys(name))[0]?.reservedSeals, 12);
    await assert.rejects(store.write((tx) => tx.reserveKeySeals(name, 2, 1)), {
      code: "state_integrity_check",
    });
  },

  "a key belongs to the caller": async (store) => {
    const row = someKey();
    await store.write((tx) => tx.putKey(row));
    row.wrapped.fill(0xee);
    (await store.keys())[0]?.wrapped.fill(0xee);
    assert.deepEqual(await store.keys(), [someKey()]);
  },

  "secret() answers the current version, a given one, or the head alone": async (store) => {
    await store.write((tx) => put(tx, "a/b", 1));
    await store.write((tx) => put(tx, "a/b", 2));
    const head = someHead("a/b", 2, 2);
    assert.deepEqual(await store.secret("a/b", 0), { head, version: someVersion(2) });
    assert.deepEqual(await store.secret("a/b", 1), { head, version: someVersion(1) });
    assert.deepEqual(await store.secret("a/b", 3), { head, version: undefined });
    assert.deepEqual(await store.head("a/b"), head);
    assert.equal(await store.secret("a", 0), undefined);
    assert.equal(await store.head("a/b/"), undefined);
  },

  "a head without a current version comes alone": async (store) => {
    await store.write((tx) => put(tx, "a", 1));
    await store.write((tx) => tx.putHead(someHead("a", 0, tx.revision)));
    assert.deepEqual(await store.secret("a", 0), {
      head: someHead("a", 0, 2),
      version: undefined,
    });
  },

  "rows belong to the caller": async (store) => {
    const row = someVersion(1);
    await store.write(async (tx) => {
      await tx.putHead(someHead("a", 1));
      await tx.insertVersion("a", row);
    });
    row.sealed.fill(0xff);
    (await store.secret("a", 1))?.version?.sealed.fill(0xff);
    (await store.head("a"))?.sealed.fill(0xff);
    const rows = await store.secret("a", 1);
    assert.deepEqual(rows, { head: someHead("a", 1), version: someVersion(1) });
  },

  "empty and large blobs come back as they were": async (store) => {
    const large = filled(1024 * 1024 + 1, 0xa5);
    await store.write(async (tx) => {
      await tx.putHead({ ...someHead("a", 1), sealed: new Uint8Array(0) });
      await tx.insertVersion("a", { ...someVersion(1), sealed: large });
    });
    const rows = await store.secret("a", 0);
    assert.equal(rows?.head.sealed.length, 0);
    assert.deepEqual(rows?.version?.sealed, large);
  },

  "a version number is never stored twice": async (store) => {
    await store.write((tx) => put(tx, "a", 1));
    await assert.rejects(store.write((tx) => tx.insertVersion("a", someVersion(1))), {
      code: "state_integrity_check",
      message: /^Version 1 of a /,
    });
  },

  "a version needs a head": async (store) => {
    await assert.rejects(store.write((tx) => tx.insertVersion("a", someVersion(1))));
    assert.equal(await store.secret("a", 1), undefined);
  },

  "rewrapVersion() changes the wrapping and leaves the value": async (store) => {
    await store.write((tx) => put(tx, "a", 1));
    const wrapping = { kekGeneration: 2, wrappedKey: filled(61, 8) };
    assert.equal(await store.write((tx) => tx.rewrapVersion("a", 1, wrapping)), true);
    assert.equal(await store.write((tx) => tx.rewrapVersion("a", 2, wrapping)), false);
    assert.deepEqual((await store.secret("a", 1))?.version, { ...someVersion(1), ...wrapping });
  },

  "deleteVersions() removes those named and ignores the rest": async (store) => {
    await store.write(async (tx) => {
      for (const version of [1, 2, 3]) await put(tx, "a", version);
    });
    await store.write((tx) => tx.deleteVersions("a", [1, 3, 7]));
    assert.equal((await store.secret("a", 1))?.version, undefined);
    assert.deepEqual((await store.secret("a", 2))?.version, someVersion(2));
    assert.equal((await store.secret("a", 3))?.version, undefined);
  },

  "destroyVersions() removes those named, or all": async (store) => {
    await store.write(async (tx) => {
      for (const version of [1, 2, 3]) await put(tx, "a", version);
      await put(tx, "b", 1);
    });
    await store.write((tx) => tx.destroyVersions("a", [2, 7]));
    assert.equal((await store.secret("a", 2))?.version, undefined);
    assert.deepEqual((await store.secret("a", 3))?.version, someVersion(3));
    await store.write(async (tx) => {
      await put(tx, "a", 4);
      await tx.destroyVersions("a", "all");
      assert.equal((await tx.secret("a", 1))?.version, undefined);
    });
    for (const version of [1, 3, 4]) {
      assert.equal((await store.secret("a", version))?.version, undefined);
    }
    assert.deepEqual((await store.secret("b", 1))?.version, someVersion(1));
  },

  "a rejected destroyVersions() leaves the bytes": async (store) => {
    await store.write((tx) => put(tx, "a", 1));
    await assert.rejects(store.write(async (tx) => {
      await tx.destroyVersions("a", "all");
      throw new Error("no");
    }));
    assert.deepEqual((await store.secret("a", 1))?.version, someVersion(1));
  },

  "a purged path has a head and is not listed": async (store) => {
    await store.write(async (tx) => {
      for (const path of ["a", "b", "c"]) await put(tx, path, 1);
    });
    const purged = { ...someHead("b", 0), isPurged: true };
    await store.write((tx) => tx.putHead(purged));
    assert.deepEqual(await store.head("b"), purged);
    assert.deepEqual(await pathsOf(store, { limit: 2 }), ["a", "c"]);
    await store.write((tx) => tx.putHead(someHead("b", 1)));
    assert.deepEqual(await pathsOf(store, { limit: 2 }), ["a", "b"]);
  },

  "listPaths() and expiring() tell when paths expire": async (store) => {
    const times = { a: 30, b: null, c: 10, d: 20, e: 40 };
    await store.write(async (tx) => {
      for (const [path, expiresMs] of Object.entries(times)) {
        await tx.putHead({ ...someHead(path, 0), expiresMs });
      }
    });
    const listed = Object.entries(times).map(([path, expiresMs]) => ({ path, expiresMs }));
    assert.deepEqual(await store.listPaths({ limit: 9 }), listed);
    assert.deepEqual(await store.expiring({ untilMs: 30, limit: 2 }), {
      count: 3,
      paths: [{ path: "c", expiresMs: 10 }, { path: "d", expiresMs: 20 }],
    });
    await store.write((tx) => tx.putHead({ ...someHead("c", 0), expiresMs: null }));
    assert.deepEqual(await store.expiring({ untilMs: 29, limit: 9 }), {
      count: 1,
      paths: [{ path: "d", expiresMs: 20 }],
    });
    assert.deepEqual(await store.expiring({ untilMs: 5, limit: 9 }), { count: 0, paths: [] });
    await assert.rejects(store.expiring({ untilMs: 5, limit: 0 }), RangeError);
  },

  "a removed version can be stored again inside one transaction": async (store) => {
    await store.write(async (tx) => {
      await put(tx, "a", 1);
      await tx.deleteVersions("a", [1]);
      await tx.insertVersion("a", someVersion(1));
    });
    assert.deepEqual((await store.secret("a", 1))?.version, someVersion(1));
  },

  "the revision grows with every write and not with a rejected one": async (store) => {
    const first = await store.write((tx) => Promise.resolve(tx.revision));
    await assert.rejects(store.write(() => Promise.reject(new Error("no"))));
    const second = await store.write((tx) => Promise.resolve(tx.revision));
    assert.deepEqual([first, second, await store.revision()], [1, 2, 2]);
  },

  "a rejected write undoes its own work and not that of its neighbours": async (store) => {
    const reason = new Error("no");
    const outcomes = await Promise.allSettled([
      store.write((tx) => put(tx, "before", 1)),
      store.write(async (tx) => {
        await put(tx, "rejected", 1);
        await tx.deleteVersions("before", [1]);
        throw reason;
      }),
      store.write((tx) => put(tx, "after", 1)),
    ]);
    assert.deepEqual(outcomes.map((o) => o.status), ["fulfilled", "rejected", "fulfilled"]);
    assert.equal(outcomes[1]?.status === "rejected" && outcomes[1].reason, reason);
    assert.deepEqual(await pathsOf(store, { limit: 10 }), ["after", "before"]);
    assert.deepEqual((await store.secret("before", 0))?.version, someVersion(1));
  },

  "nobody sees a write before it is committed, everybody right after": async (store, harness) => {
    const reader = await harness.openReader(store);
    try {
      await store.write(async (tx) => {
        await put(tx, "a", 1);
        assert.deepEqual((await tx.secret("a", 0))?.version, someVersion(1));
        assert.equal(await store.head("a"), undefined);
        assert.equal(await reader.head("a"), undefined);
        assert.deepEqual(await pathsOf(reader, { limit: 1 }), []);
      });
      assert.deepEqual((await reader.secret("a", 0))?.version, someVersion(1));
      assert.equal(await reader.revision(), 1);
    } finally {
      await reader.close();
    }
  },

  "64 writes at once run one after another": async (store) => {
    const increment = async (tx: StoreTx) => {
      const next = ((await tx.head("n"))?.current ?? 0) + 1;
      await put(tx, "n", next);
      return next;
    };
    const numbers = await Promise.all(Array.from({ length: 64 }, () => store.write(increment)));
    assert.deepEqual(numbers, Array.from({ length: 64 }, (_, i) => i + 1));
    assert.equal((await store.head("n"))?.current, 64);
  },

  "more writes than fit one commit are all done": async (store) => {
    const writes = Array.from({ length: 700 }, (_, i) => store.write((tx) => put(tx, `p${i}`, 1)));
    await Promise.all(writes);
    assert.equal((await pathsOf(store, { limit: 1000 })).length, 700);
    assert.equal(await store.revision(), 700);
  },

  "a transaction cannot be used after its function": async (store) => {
    let kept: StoreTx | undefined;
    await store.write((tx) => {
      kept = tx;
      return Promise.resolve();
    });
    await assert.rejects(async () => await kept?.head("a"), /Transaction is over/);
  },

  "listPaths() answers bytewise ascending pages": async (store) => {
    const paths = ["b", "a/b", "a", "a/", "B", "a-b", "\u{ff5e}", "\u{1f600}"];
    await putPaths(store, paths);
    const sorted = ["B", "a", "a-b", "a/", "a/b", "b", "\u{ff5e}", "\u{1f600}"];
    assert.deepEqual(await pathsOf(store, { limit: 100 }), sorted);
    const first = await pathsOf(store, { limit: 3 });
    assert.deepEqual(first, sorted.slice(0, 3));
    assert.deepEqual(await pathsOf(store, { limit: 3, after: "a-b" }), sorted.slice(3, 6));
    assert.deepEqual(await pathsOf(store, { limit: 3, after: "\u{1f600}" }), []);
  },

  "listPaths() takes a prefix literally": async (store) => {
    await putPaths(store, ["a%", "a%b", "a_", "ab", "abc", "b"]);
    assert.deepEqual(await pathsOf(store, { prefix: "a%", limit: 9 }), ["a%", "a%b"]);
    assert.deepEqual(await pathsOf(store, { prefix: "a%", after: "a%", limit: 9 }), ["a%b"]);
    assert.deepEqual(await pathsOf(store, { prefix: "ab", after: "a", limit: 9 }), ["ab", "abc"]);
    assert.deepEqual(await pathsOf(store, { prefix: "ab", after: "abc", limit: 9 }), []);
    assert.deepEqual(await pathsOf(store, { prefix: "c", limit: 9 }), []);
  },

  "listPaths() refuses an empty page": async (store) => {
    await assert.rejects(pathsOf(store, { limit: 0 }), RangeError);
  },

  "policies() answers all policies by name, with the revision of the last change": async (
    store,
  ) => {
    assert.deepEqual(await store.policies(), { revision: 0, rows: [] });
    await store.write(async (tx) => {
      for (const name of ["b", "a b", "B", "a", "a-b"]) await tx.putPolicy(somePolicy(name));
    });
    await store.write((tx) => put(tx, "a", 1));
    const rows = ["B", "a", "a b", "a-b", "b"].map((name) => somePolicy(name));
    assert.deepEqual(await store.policies(), { revision: 1, rows });
  },

  "putPolicy() inserts and replaces": async (store) => {
    await store.write((tx) => tx.putPolicy(somePolicy("a")));
    await store.write(async (tx) => {
      await tx.putPolicy(somePolicy("a", 2));
      assert.deepEqual(await tx.policy("a"), somePolicy("a", 2));
      assert.deepEqual(await store.policy("a"), somePolicy("a", 1));
    });
    assert.deepEqual(await store.policy("a"), somePolicy("a", 2));
    assert.deepEqual(await store.policies(), { revision: 2, rows: [somePolicy("a", 2)] });
    assert.equal(await store.policy("b"), undefined);
  },

  "deletePolicy() removes one policy and says whether it was there": async (store) => {
    await store.write(async (tx) => {
      await tx.putPolicy(somePolicy("a"));
      await tx.putPolicy(somePolicy("b"));
    });
    assert.equal(await store.write((tx) => tx.deletePolicy("a")), true);
    assert.equal(await store.policy("a"), undefined);
    assert.deepEqual(await store.policies(), { revision: 2, rows: [somePolicy("b")] });
    assert.equal(await store.write((tx) => tx.deletePolicy("a")), false);
    assert.equal((await store.policies()).revision, 2);
    await store.write((tx) => tx.putPolicy(somePolicy("a", 4)));
    assert.deepEqual(await store.policy("a"), somePolicy("a", 4));
  },

  "a policy stored and removed in one transaction was never there": async (store) => {
    await store.write(async (tx) => {
      await tx.putPolicy(somePolicy("a"));
      assert.equal(await tx.deletePolicy("a"), true);
      assert.equal(await tx.policy("a"), undefined);
    });
    assert.deepEqual((await store.policies()).rows, []);
  },

  "a rejected change of policies leaves rows and revision": async (store) => {
    await store.write((tx) => tx.putPolicy(somePolicy("a")));
    const change = async (tx: StoreTx) => {
      await tx.deletePolicy("a");
      await tx.putPolicy(somePolicy("b"));
      throw new Error("no");
    };
    await assert.rejects(store.write(change));
    assert.deepEqual(await store.policies(), { revision: 1, rows: [somePolicy("a")] });
  },

  "a policy belongs to the caller": async (store) => {
    const row = somePolicy("a");
    await store.write((tx) => tx.putPolicy(row));
    row.sealed.fill(0xee);
    (await store.policy("a"))?.sealed.fill(0xee);
    (await store.policies()).rows[0]?.sealed.fill(0xee);
    assert.deepEqual(await store.policy("a"), somePolicy("a"));
  },

  "another reader sees a removed policy no more": async (store, harness) => {
    const reader = await harness.openReader(store);
    try {
      await store.write((tx) => tx.putPolicy(somePolicy("a")));
      assert.equal((await reader.policies()).rows.length, 1);
      await store.write((tx) => tx.deletePolicy("a"));
      assert.deepEqual(await reader.policies(), { revision: 2, rows: [] });
      assert.equal(await reader.policy("a"), undefined);
    } finally {
      await reader.close();
    }
  },

  "a mark is left, replaced and removed, and belongs to the caller": async (store) => {
    assert.equal(await store.mark("m"), undefined);
    const value = filled(3, 1);
    await store.write((tx) => tx.putMark("m", value));
    value.fill(0xee);
    (await store.mark("m"))?.fill(0xee);
    assert.deepEqual(await store.mark("m"), filled(3, 1));
    await store.write(async (tx) => {
      await tx.putMark("m", filled(2, 2));
      assert.deepEqual(await tx.mark("m"), filled(2, 2));
      assert.deepEqual(await store.mark("m"), filled(3, 1));
    });
    assert.deepEqual(await store.mark("m"), filled(2, 2));
    assert.equal(await store.mark("M"), undefined);
    await store.write((tx) => tx.putMark("m", undefined));
    assert.equal(await store.mark("m"), undefined);
  },

  "a rejected change of marks leaves them": async (store) => {
    await store.write((tx) => tx.putMark("m", filled(1, 1)));
    const change = async (tx: StoreTx) => {
      await tx.putMark("m", undefined);
      await tx.putMark("n", filled(1, 2));
      throw new Error("no");
    };
    await assert.rejects(store.write(change));
    assert.deepEqual([await store.mark("m"), await store.mark("n")], [filled(1, 1), undefined]);
  },

  "putKeyHead() inserts and replaces; heads of keys are told by name": async (store) => {
    assert.deepEqual(await store.keyHeads(), []);
    await store.write(async (tx) => {
      for (const name of ["b", "B", "a"]) await tx.putKeyHead(somePolicy(name));
      assert.equal((await tx.keyHeads()).length, 3);
    });
    await store.write(async (tx) => {
      await tx.putKeyHead(somePolicy("a", 2));
      assert.deepEqual(await tx.keyHead("a"), somePolicy("a", 2));
    });
    assert.deepEqual(
      await store.keyHeads(),
      [somePolicy("B"), somePolicy("a", 2), somePolicy("b")],
    );
    assert.deepEqual(await store.keyHead("a"), somePolicy("a", 2));
    assert.equal(await store.keyHead("c"), undefined);
    assert.equal((await store.policies()).rows.length, 0);
  },

  "key() answers one version of a long-lived key": async (store) => {
    await store.write(async (tx) => {
      await tx.putKey(someKey("a", 1));
      await tx.putKey(someKey("a", 2));
      assert.deepEqual(await tx.key("a", 2), someKey("a", 2));
    });
    assert.deepEqual(await store.key("a", 1), someKey("a", 1));
    assert.equal(await store.key("a", 3), undefined);
    assert.equal(await store.key("b", 1), undefined);
  },

  "sealedUnder() pages through heads and versions of one generation": async (store) => {
    await store.write(async (tx) => {
      for (const path of ["a", "b", "c"]) {
        for (const version of [1, 2]) await put(tx, path, version);
      }
      await tx.putHead({ ...someHead("b", 2), kekGeneration: 2 });
      await tx.rewrapVersion("c", 1, { kekGeneration: 2, wrappedKey: filled(61, 9) });
    });
    const all = async (kind: "head" | "version", generation: number, limit: number) => {
      const found: string[] = [];
      for (let after = 0;;) {
        const page = await store.sealedUnder({ kind, generation, after, limit });
        found.push(...page.map(({ path, version }) => `${path}@${version}`));
        if (page.length < limit) return found.sort();
        after = page.at(-1)?.at ?? 0;
      }
    };
    for (const limit of [1, 2, 10]) {
      assert.deepEqual(await all("head", 1, limit), ["a@0", "c@0"]);
      assert.deepEqual(await all("head", 2, limit), ["b@0"]);
      assert.deepEqual(await all("version", 1, limit), ["a@1", "a@2", "b@1", "b@2", "c@2"]);
      assert.deepEqual(await all("version", 2, limit), ["c@1"]);
      assert.deepEqual(await all("version", 3, limit), []);
    }
  },

  "wrapping() tells how a data key is wrapped": async (store) => {
    await store.write(async (tx) => {
      await put(tx, "a", 1);
      const { kekGeneration, wrappedKey } = someVersion(1);
      assert.deepEqual(await tx.wrapping("a", 1), { kekGeneration, wrappedKey });
      assert.equal(await tx.wrapping("a", 2), undefined);
      assert.equal(await tx.wrapping("b", 1), undefined);
    });
  },

  "removeKek() removes a generation only when nothing is sealed under it, and never the newest":
    async (store) => {
      const remove = (generation: number) => store.write((tx) => tx.removeKek(generation));
      await store.write(async (tx) => {
        await tx.initialise(someMeta(), someKek());
        for (const generation of [2, 3]) await tx.putKek(someKek(generation));
      });
      const uses: ((tx: StoreTx, kekGeneration: number) => Promise<void>)[] = [
        (tx, kekGeneration) => tx.putHead({ ...someHead("a", 1), kekGeneration }),
        async (tx, kekGeneration) => {
          if (!await tx.rewrapVersion("a", 1, { kekGeneration, wrappedKey: filled(61, 1) })) {
            await tx.insertVersion("a", { ...someVersion(1), kekGeneration });
          }
        },
        (tx, kekGeneration) => tx.putPolicy({ ...somePolicy("a"), kekGeneration }),
        (tx, kekGeneration) => tx.putKey({ ...someKey("a"), kekGeneration }),
        (tx, kekGeneration) => tx.putKeyHead({ ...somePolicy("a"), kekGeneration }),
      ];
      for (const use of uses) {
        await store.write((tx) => use(tx, 1));
        assert.equal(await remove(1), false);
        await store.write((tx) => use(tx, 3));
      }
      assert.equal(await remove(1), true);
      assert.equal(await remove(1), false);
      assert.equal(await remove(3), false);
      assert.deepEqual(await store.keks(), [someKek(2), someKek(3)]);
      await store.write(async (tx) => {
        assert.equal(await tx.removeKek(2), true);
        assert.deepEqual(await tx.keks(), [someKek(3)]);
      });
    },

  "the record of a transaction is committed with it, and undone with it": async (store) => {
    const record = filled(20, 7);
    await store.write((tx) => tx.putOutbox(record));
    const failing = async (tx: StoreTx) => {
      await tx.putOutbox(filled(20, 8));
      throw new Error("no");
    };
    await assert.rejects(store.write(failing));
    record.fill(0);
    assert.deepEqual(await store.outbox(0, 10), [{ revision: 1, record: filled(20, 7) }]);
  },

  "records come by revision, a page at a time, and go when they were taken": async (store) => {
    for (let i = 1; i <= 5; i++) await store.write((tx) => tx.putOutbox(filled(3, i)));
    const revisions = async (after: number, limit: number) =>
      (await store.outbox(after, limit)).map(({ revision }) => revision);
    assert.deepEqual(await revisions(0, 2), [1, 2]);
    assert.deepEqual(await revisions(2, 9), [3, 4, 5]);
    await store.write(async (tx) => {
      await tx.clearOutbox(3);
      await tx.putOutbox(filled(3, 6));
    });
    assert.deepEqual(await revisions(0, 9), [4, 5, 6]);
    await store.write((tx) => tx.clearOutbox(6));
    assert.deepEqual(await revisions(0, 9), []);
  },

  "an audit log keeps its time of creation, and its newest checkpoint": async (store) => {
    const first = { log: "a1".repeat(16), createdAtMs: 5, checkpoint: "" };
    const other = { log: "02".repeat(16), createdAtMs: 6, checkpoint: "note" };
    await store.write(async (tx) => {
      await tx.putAuditLog(first);
      await tx.putAuditLog(other);
    });
    await store.write((tx) => tx.putAuditLog({ ...first, createdAtMs: 9, checkpoint: "newer" }));
    assert.deepEqual(await store.auditLogs(), [other, { ...first, checkpoint: "newer" }]);
  },

  "forgetRemoved() leaves what is stored": async (store) => {
    await store.write((tx) => put(tx, "a", 1));
    await store.forgetRemoved();
    assert.deepEqual((await store.secret("a", 0))?.version, someVersion(1));
  },

  "close() does what is queued and refuses what comes later": async (store) => {
    const queued = store.write((tx) => put(tx, "a", 1).then(() => tx.revision));
    await store.close();
    assert.equal(await queued, 1);
    await assert.rejects(store.write(() => Promise.resolve()), { code: "store_failure" });
    await assert.rejects(store.head("a"), { code: "store_failure" });
    await store.close();
  },
};
