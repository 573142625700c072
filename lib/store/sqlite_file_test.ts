import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { filled, someKek, someMeta } from "./conformance.ts";
import { openSqlite } from "./sqlite.ts";
import { APPLICATION_ID, FORMAT_VERSION } from "./sqlite_schema.ts";

async function inDirectory(body: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

function openNew(dir: string) {
  return openSqlite({ path: `${dir}/spike.db`, mode: "write" });
}

const HEAD = { path: "a", isPurged: false, expiresMs: null, kekGeneration: 1 } as const;

async function makeStore(dir: string): Promise<string> {
  const store = openNew(dir);
  await store.write(async (tx) => {
    await tx.initialise(someMeta(), someKek());
    await tx.putHead({ ...HEAD, revision: 1, current: 0, sealed: filled(9000, 7) });
  });
  await store.close();
  return `${dir}/spike.db`;
}

/** Opening must throw `code`, and leave the file byte for byte as it is. */
async function refuses(path: string, code: string, message: RegExp): Promise<void> {
  const before = await Deno.readFile(path);
  assert.throws(() => openSqlite({ path, mode: "write" }), { code, message });
  assert.deepEqual(await Deno.readFile(path), before);
}

Deno.test("a store is there again after it was closed", () =>
  inDirectory(async (dir) => {
    await makeStore(dir);
    const store = openNew(dir);
    assert.deepEqual(await store.meta(), { ...someMeta(), formatVersion: FORMAT_VERSION });
    assert.equal(await store.revision(), 1);
    assert.deepEqual((await store.head("a"))?.sealed, filled(9000, 7));
    await store.close();
  }));

Deno.test("a database that ends early is refused wherever it was cut", () =>
  inDirectory(async (dir) => {
    const path = await makeStore(dir);
    const whole = await Deno.readFile(path);
    for (const missing of [1, 819, 4095, 4096, 4097, whole.length - 101, whole.length - 99]) {
      await Deno.writeFile(path, whole.subarray(0, whole.length - missing));
      await refuses(path, "state_integrity_check", /is damaged/);
    }
    await Deno.writeFile(path, whole);
    await openNew(dir).close();
  }));

Deno.test("the database and its journals are for their owner only", () =>
  inDirectory(async (dir) => {
    await Deno.writeFile(`${dir}/spike.db`, new Uint8Array(0), { mode: 0o644 });
    const store = openNew(dir);
    await store.write((tx) => tx.initialise(someMeta(), someKek()));
    const modes = [];
    for await (const { name } of Deno.readDir(dir)) {
      modes.push([name, (await Deno.stat(`${dir}/${name}`)).mode ?? 0]);
    }
    await store.close();
    assert.deepEqual(modes.map(([name]) => name).sort(), [
      "spike.db",
      "spike.db-shm",
      "spike.db-wal",
    ]);
    for (const [name, mode] of modes) assert.equal(Number(mode) & 0o077, 0, `${name}`);
  }));

Deno.test("connections are set up for durability and erasure", () =>
  inDirectory(async (dir) => {
    const { openForWriting } = await import("./sqlite_file.ts");
    const db = openForWriting(`${dir}/spike.db`);
    const pragma = (name: string) => Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0];
    assert.equal(pragma("journal_mode"), "wal");
    assert.equal(pragma("synchronous"), 2);
    assert.equal(pragma("secure_delete"), 1);
    assert.equal(pragma("foreign_keys"), 1);
    assert.equal(pragma("application_id"), APPLICATION_ID);
    db.close();
  }));

Deno.test("a file that is no database is refused untouched", () =>
  inDirectory(async (dir) => {
    const path = `${dir}/spike.db`;
    await Deno.writeTextFile(path, "This is a letter, not a database.\n".repeat(300));
    await refuses(path, "state_integrity_check", /is damaged$/);
  }));

Deno.test("a database of another program is refused untouched", () =>
  inDirectory(async (dir) => {
    const path = `${dir}/spike.db`;
    const other = new DatabaseSync(path);
    other.exec("CREATE TABLE secrets (path TEXT)");
    other.close();
    await refuses(path, "store_invalid_configuration", /belongs to another program/);
  }));

Deno.test("a newer layout is refused untouched", () =>
  inDirectory(async (dir) => {
    const path = await makeStore(dir);
    const db = new DatabaseSync(path);
    db.exec(`PRAGMA user_version = ${FORMAT_VERSION + 1}; CREATE TABLE from_the_future (x)`);
    db.close();
    const message = new RegExp(
      `has format ${FORMAT_VERSION + 1}, this program knows 1 to ${FORMAT_VERSION}$`,
    );
    await refuses(path, "store_invalid_configuration", message);
  }));

Deno.test("a database with a damaged schema is refused untouched", () =>
  inDirectory(async (dir) => {
    const path = await makeStore(dir);
    const content = await Deno.readFile(path);
    content.fill(0xff, 100, 200);
    await Deno.writeFile(path, content);
    await refuses(path, "state_integrity_check", /is damaged$/);
  }));

Deno.test("a damaged page is an integrity failure when it is read, and only then", () =>
  inDirectory(async (dir) => {
    const path = await makeStore(dir);
    const db = new DatabaseSync(path, { readOnly: true });
    const root = db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = 'heads'").get();
    db.close();
    const content = await Deno.readFile(path);
    content.fill(0xff, (Number(root?.rootpage) - 1) * 4096, Number(root?.rootpage) * 4096);
    await Deno.writeFile(path, content);
    const store = openNew(dir);
    await assert.rejects(store.head("a"), { code: "state_integrity_check" });
    assert.deepEqual(await store.keks(), [someKek()]);
    await store.close();
  }));

Deno.test("a store whose counter was removed tells no revision and no policies, and takes no write", () =>
  inDirectory(async (dir) => {
    const path = await makeStore(dir);
    const db = new DatabaseSync(path);
    db.exec("DELETE FROM counter");
    db.close();
    const store = openNew(dir);
    const refusal = {
      code: "state_integrity_check",
      message: "The revision counter of the store is missing",
    };
    await assert.rejects(store.revision(), refusal);
    await assert.rejects(store.policies(), refusal);
    await assert.rejects(store.write((tx) => tx.putKek(someKek(2))), refusal);
    assert.deepEqual(await store.keks(), [someKek()]);
    await store.close();
  }));

Deno.test("a missing directory and a missing database are named", () =>
  inDirectory(async (dir) => {
    const path = `${dir}/none/spike.db`;
    const refusal = { code: "fs_file_open_failed", message: new RegExp(path) };
    assert.throws(() => openSqlite({ path, mode: "write" }), refusal);
    assert.throws(() => openSqlite({ path, mode: "read" }), refusal);
    await Deno.writeFile(`${dir}/empty.db`, new Uint8Array(0));
    assert.throws(() => openSqlite({ path: `${dir}/empty.db`, mode: "read" }), {
      code: "store_invalid_configuration",
    });
  }));

Deno.test("forgetRemoved() leaves no byte of a removed version in any file", () =>
  inDirectory(async (dir) => {
    const marker = new TextEncoder().encode("this text must be gone");
    const store = openNew(dir);
    const sealed = new Uint8Array(20_000);
    for (let at = 0; at < sealed.length; at += 100) sealed.set(marker, at);
    await store.write(async (tx) => {
      await tx.putHead({ ...HEAD, revision: 1, current: 1, sealed: marker });
      await tx.insertVersion("a", {
        version: 1,
        kekGeneration: 1,
        wrappedKey: marker,
        sealed,
        createdAtMs: 1,
      });
    });
    await store.forgetRemoved();
    assert.equal(await filesContain(dir, marker), true);
    await store.write(async (tx) => {
      await tx.putHead({ ...HEAD, revision: 2, current: 0, sealed: filled(22, 1) });
      await tx.deleteVersions("a", [1]);
    });
    await store.forgetRemoved();
    assert.equal(await filesContain(dir, marker), false);
    await store.close();
  }));

async function filesContain(dir: string, marker: Uint8Array): Promise<boolean> {
  const needle = new TextDecoder("latin1").decode(marker);
  for await (const { name } of Deno.readDir(dir)) {
    const content = await Deno.readFile(`${dir}/${name}`);
    if (new TextDecoder("latin1").decode(content).includes(needle)) return true;
  }
  return false;
}

Deno.test("a store works in a worker that may use its database file only", () =>
  inDirectory(async (dir) => {
    const worker = new Worker(new URL("./sqlite_worker_fixture.ts", import.meta.url), {
      type: "module",
      deno: {
        permissions: {
          read: [`${dir}/spike.db`],
          write: [`${dir}/spike.db`],
          net: false,
          env: false,
          run: false,
          ffi: false,
          sys: false,
          import: false,
        },
      },
    });
    try {
      const answer = await new Promise((resolve, reject) => {
        const channel = new MessageChannel();
        channel.port1.onmessage = (event) => {
          channel.port1.close();
          resolve(event.data);
        };
        worker.onerror = (event) => reject(new Error(event.message));
        worker.postMessage(dir, [channel.port2]);
      });
      assert.deepEqual(answer, { paths: ["from/worker"], outside: "NotCapable" });
    } finally {
      worker.terminate();
    }
    const store = openNew(dir);
    assert.deepEqual(await store.listPaths({ limit: 9 }), [
      { path: "from/worker", expiresMs: null },
    ]);
    await store.close();
  }));
