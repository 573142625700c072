/**
 * tests/golden/store.json freezes what a store of format 1 holds: the tables, one database's rows, and the
 * plaintext of a head; store_2.json does the same for format 2, store_3.json for format 3 and the plaintext of a
 * policy, store_4.json for format 4, store_5.json for format 5 and the plaintext of a cipher key's head, store_6.json
 * for format 6, heads of format 2 and binary values, store_7.json for format 7, store_7_hedged.json for the same
 * format with hedged nonces, which are others for the same randomness. None is ever written anew; a next format gets a
 * file of its own beside them.
 */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import {
  type Keyring,
  openRecord,
  osRandom,
  type RandomSource,
  type SealBinding,
  unwrapDataKey,
  unwrapKek,
  wrapDataKey,
} from "../seal/mod.ts";
import { openSqlite, type Store } from "../store/mod.ts";
import { decodeHead, encodeHead } from "./head.ts";
import { createSecretReader, type SecretReader } from "./reader.ts";
import { AUTHOR, inWorld, START_MS, testKeyring, type World } from "./secret_fixture.ts";
import { createKeyReader, createKeyWriter } from "../cipher/mod.ts";
import { decodeKeyHead, encodeKeyHead } from "../cipher/key_head.ts";
import { createPolicyReader, createPolicyWriter } from "../policy_store/mod.ts";
import { decodePolicy, encodePolicy } from "../policy_store/record.ts";
import { createSealBudget } from "./budget.ts";
import { createSecretWriter } from "./writer.ts";
import first from "../../tests/golden/store.json" with { type: "json" };
import second from "../../tests/golden/store_2.json" with { type: "json" };
import third from "../../tests/golden/store_3.json" with { type: "json" };
import fourth from "../../tests/golden/store_4.json" with { type: "json" };
import fifth from "../../tests/golden/store_5.json" with { type: "json" };
import sixth from "../../tests/golden/store_6.json" with { type: "json" };
import seventh from "../../tests/golden/store_7.json" with { type: "json" };
import golden from "../../tests/golden/store_7_hedged.json" with { type: "json" };

type Cell = string | number | null;

/** A database as its golden file tells it. */
interface Golden {
  readonly applicationId: number;
  readonly formatVersion: number;
  readonly tables: readonly string[];
  /** Rows by table, in an order in which no row names one that comes later. */
  readonly rows: Readonly<Record<string, readonly (readonly Cell[])[]>>;
}

/** The 32 bytes of the one long-lived key in the golden database. */
const CIPHER_KEY = new Uint8Array(32).fill(0xc1);

/** The n-th draw begins with n × 16 modulo 256; from the 33rd on with some more, so that nonces come less often twice. */
function countingRandom(): RandomSource {
  let draws = 0;
  return (length) => {
    draws++;
    const first = draws * 16 + (draws > 32 ? draws >> 4 : 0);
    return Uint8Array.from({ length }, (_, i) => (first + i) & 0xff);
  };
}

function cipherKeyPlace({ storeId }: Keyring): SealBinding {
  return { storeId, table: "key", path: "cipher/default", version: 1, kekGeneration: 1 };
}

/** The one mark in the golden database. */
const MARK = new TextEncoder().encode('{"format":1}');

/** The one policy in the golden database. */
const POLICY = {
  name: "web team",
  spiffeidPattern: "^spiffe://example\\.org/workload/web$",
  pathPattern: "^tenants/acme/.*$",
  permissions: ["read", "list"],
} as const;

/** The one named cipher key in the golden database, and the bytes of its second version. */
const NAMED_KEY = "payments";
const NAMED_BYTES = golden.namedKey;

async function fill(
  { writer, store, keyring, clock }: World,
  random: RandomSource,
): Promise<void> {
  await writer.put({ path: "a", values: { user: "admin", password: "s3cr3t" }, author: AUTHOR });
  await writer.put({ path: "a", values: {}, author: AUTHOR });
  await writer.put({ path: "b/c", values: null, author: AUTHOR });
  await writer.delete({ path: "a", versions: [2], author: AUTHOR });
  const wrapped = wrapDataKey(keyring.kek(1), cipherKeyPlace(keyring), CIPHER_KEY, random);
  await store.write(async (tx) => {
    await tx.putMark("sealed", MARK);
    await tx.putKey({
      name: "cipher/default",
      version: 1,
      kekGeneration: 1,
      wrapped,
      createdAtMs: START_MS,
      reservedSeals: 16384,
    });
  });
  const budget = createSealBudget({ store, keyring });
  const policies = createPolicyWriter({ store, keyring, clock, random, budget });
  await policies.put({ ...POLICY, author: AUTHOR });
  const keys = createKeyWriter({ store, keyring, clock, random, budget });
  await keys.create({ name: NAMED_KEY, author: AUTHOR });
  await keys.rotate({ name: NAMED_KEY, author: AUTHOR });
  await keys.set({ name: NAMED_KEY, author: AUTHOR, minVersion: 2 });
  await writer.put({ path: "d", values: { user: "ada" }, binary: BINARY, author: AUTHOR });
  await writer.setMetadata({
    path: "d",
    custom: { owner: "web" },
    expiresMs: EXPIRES_MS,
    maxVersions: 3,
    author: AUTHOR,
  });
  await writer.put({ path: "e", values: { v: "1" }, author: AUTHOR });
  await writer.put({ path: "e", values: { v: "2" }, author: AUTHOR });
  await writer.destroy({ path: "e", versions: [1], author: AUTHOR });
  await writer.put({ path: "f", values: { v: "1" }, author: AUTHOR });
  await writer.purge({ path: "f", author: AUTHOR });
  await store.write(async (tx) => {
    await tx.putOutbox(new TextEncoder().encode("a record"));
    await tx.putAuditLog({ log: "a0".repeat(16), createdAtMs: START_MS, checkpoint: "a note" });
  });
}

/** A value that is no text. */
const BINARY = { key: Uint8Array.of(0xff, 0x00, 0x80) };
/** 2100-01-01T00:00:00Z. */
const EXPIRES_MS = 4_102_444_800_000;

/** Bytes as `x'…'`, so that they are told from text. */
function cellOf(value: unknown): Cell {
  if (value instanceof Uint8Array) return `x'${value.toHex()}'`;
  if (typeof value === "string" || typeof value === "number" || value === null) return value;
  throw new TypeError("Neither text, number, bytes nor null");
}

function valueOf(cell: Cell): string | number | null | Uint8Array {
  const hex = typeof cell === "string" ? /^x'([0-9a-f]*)'$/.exec(cell)?.[1] : undefined;
  return hex === undefined ? cell : Uint8Array.fromHex(hex);
}

function snapshot(path: string) {
  const db = new DatabaseSync(path, { readOnly: true });
  const schema = db.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid");
  const header = {
    applicationId: Number(db.prepare("PRAGMA application_id").get()?.application_id),
    formatVersion: Number(db.prepare("PRAGMA user_version").get()?.user_version),
  };
  const tables = schema.all().map(({ sql }) => String(sql).replace(/\s+/g, " "));
  const rows = Object.fromEntries(
    Object.keys(golden.rows).map((table) => {
      const all = db.prepare(`SELECT * FROM ${table}`).all();
      return [table, all.map((row) => Object.values(row).map(cellOf))];
    }),
  );
  db.close();
  return { ...header, tables, rows };
}

function restore(path: string, file: Golden): void {
  const db = new DatabaseSync(path);
  db.exec(file.tables.join(";"));
  for (const [table, rows] of Object.entries(file.rows)) {
    for (const row of rows) {
      const marks = row.map(() => "?").join();
      db.prepare(`INSERT INTO ${table} VALUES (${marks})`).run(...row.map(valueOf));
    }
  }
  db.exec(`PRAGMA application_id = ${file.applicationId}`);
  db.exec(`PRAGMA user_version = ${file.formatVersion}`);
  db.close();
}

function goldenKeyring(): Keyring {
  const storeId = Uint8Array.fromHex(golden.storeId);
  const storageKey = Uint8Array.fromHex(golden.storageKey);
  const wrapped = Uint8Array.fromHex(golden.wrappedKek);
  return testKeyring(storeId, new Map([[1, unwrapKek(storageKey, storeId, 1, wrapped)]]));
}

Deno.test("the same secrets, keys and randomness give the rows of the golden file", () => {
  const random = countingRandom();
  return inWorld("sqlite", async (world) => {
    await fill(world, random);
    const { applicationId, formatVersion, tables, rows } = golden;
    assert.deepEqual(snapshot(world.path), { applicationId, formatVersion, tables, rows });
  }, { random });
});

/** Current values of a path, and their number. */
async function valuesOf(reader: SecretReader, path: string) {
  const answer = await reader.get({ path });
  return answer.found && [answer.version, answer.values, answer.binary];
}

for (
  const file of [first, second, third, fourth, fifth, sixth, seventh, golden] satisfies Golden[]
) {
  const nonces = file === golden ? " with hedged nonces" : "";
  Deno.test(`the rows of the golden file of format ${file.formatVersion}${nonces} are opened`, async () => {
    const dir = await Deno.makeTempDir();
    restore(`${dir}/spike.db`, file);
    const store = openSqlite({ path: `${dir}/spike.db`, mode: "write" });
    const reader = createSecretReader({ store, keyring: goldenKeyring() });
    const more = file.formatVersion < 6 ? [] : ["d", "e"];
    assert.deepEqual(await reader.list(), ["a", "b/c", ...more]);
    const values = { user: "admin", password: "s3cr3t" };
    assert.deepEqual(await valuesOf(reader, "a"), [1, values, {}]);
    assert.deepEqual(await reader.get({ path: "a", version: 2 }), {
      found: false,
      reason: "deleted",
    });
    assert.deepEqual(await valuesOf(reader, "b/c"), [1, null, {}]);
    assert.equal((await store.meta())?.storeId.toHex(), golden.storeId);
    const keys = await store.keys("cipher/default");
    assert.equal(keys.length, file.formatVersion === 1 ? 0 : 1);
    for (const { wrapped } of keys) {
      const keyring = goldenKeyring();
      assert.deepEqual(unwrapDataKey(keyring.kek(1), cipherKeyPlace(keyring), wrapped), CIPHER_KEY);
    }
    const policies = createPolicyReader({
      store,
      keyring: goldenKeyring(),
      revision: () => 0,
      onDamage: assert.fail,
    });
    assert.deepEqual(await policies.list(), file.formatVersion < 3 ? [] : [POLICY.name]);
    if (file.formatVersion >= 3) {
      assert.deepEqual(
        await policies.get(POLICY.name),
        decodePolicy(new TextEncoder().encode(golden.policy)),
      );
    }
    assert.deepEqual(await store.mark("sealed"), file.formatVersion < 4 ? undefined : MARK);
    const named = createKeyReader({ store, keyring: goldenKeyring(), revision: () => 0 });
    const heads = await named.list((reason) => assert.fail(String(reason)));
    assert.deepEqual(heads.map(({ name }) => name), file.formatVersion < 5 ? [] : [NAMED_KEY]);
    for (const head of heads) {
      assert.deepEqual(encodeKeyHead(head), new TextEncoder().encode(golden.keyHead));
      assert.equal((await named.copy(head, 2)).toHex(), NAMED_BYTES);
    }
    if (file.formatVersion >= 6) await assertExtras(store, reader);
    await store.close();
    await Deno.remove(dir, { recursive: true });
  });
}

/** What earlier formats could not hold. */
async function assertExtras(store: Store, reader: SecretReader): Promise<void> {
  assert.deepEqual(await valuesOf(reader, "d"), [1, { user: "ada" }, BINARY]);
  const metadata = await reader.metadata({ path: "d" });
  assert.ok(metadata.found);
  const { custom, expiresMs, maxVersions } = metadata.head;
  assert.deepEqual({ custom, expiresMs, maxVersions }, {
    custom: { owner: "web" },
    expiresMs: EXPIRES_MS,
    maxVersions: 3,
  });
  const destroyed = await reader.get({ path: "e", version: 1 });
  assert.deepEqual(destroyed, { found: false, reason: "destroyed" });
  assert.deepEqual(await valuesOf(reader, "e"), [2, { v: "2" }, {}]);
  assert.deepEqual(await reader.get({ path: "f" }), { found: false, reason: "path" });
  const options = { store, keyring: goldenKeyring(), clock: () => START_MS, random: osRandom };
  const writer = createSecretWriter({ ...options, maxVersions: 10 });
  assert.equal((await writer.put({ path: "f", values: {}, author: AUTHOR })).version, 2);
}

Deno.test("the plaintext of a cipher key's head is that of the golden file", () => {
  const keyring = goldenKeyring();
  const sealed = valueOf(golden.rows.key_heads[0]?.[3] ?? null);
  assert.ok(sealed instanceof Uint8Array);
  const { storeId } = keyring;
  const place = { storeId, table: "keyhead", path: NAMED_KEY, version: 0, kekGeneration: 1 };
  const plaintext = openRecord(keyring.kek(1), place as SealBinding, sealed);
  assert.equal(new TextDecoder().decode(plaintext), golden.keyHead);
  assert.deepEqual(encodeKeyHead(decodeKeyHead(plaintext)), plaintext);
});

Deno.test("the plaintext of a policy is that of the golden file", () => {
  const keyring = goldenKeyring();
  const sealed = valueOf(golden.rows.policies[0]?.[3] ?? null);
  assert.ok(sealed instanceof Uint8Array);
  const { storeId } = keyring;
  const place = { storeId, table: "policy", path: POLICY.name, version: 0, kekGeneration: 1 };
  const plaintext = openRecord(keyring.kek(1), place as SealBinding, sealed);
  assert.equal(new TextDecoder().decode(plaintext), golden.policy);
  const record = decodePolicy(plaintext);
  assert.deepEqual(
    { ...POLICY },
    {
      name: record.name,
      spiffeidPattern: record.spiffeidPattern,
      pathPattern: record.pathPattern,
      permissions: record.permissions,
    },
  );
  assert.deepEqual(encodePolicy(record), plaintext);
});

Deno.test("the plaintext of a head is that of the golden file", () => {
  const keyring = goldenKeyring();
  const sealed = valueOf(golden.rows.heads[0]?.[4] ?? null);
  assert.ok(sealed instanceof Uint8Array);
  const { storeId } = keyring;
  const place = { storeId, table: "head", path: "a", version: 0, kekGeneration: 1 } as const;
  const plaintext = new TextDecoder().decode(openRecord(keyring.kek(1), place, sealed));
  assert.equal(plaintext, golden.head);
  const head = decodeHead(new TextEncoder().encode(golden.head));
  assert.equal(new TextDecoder().decode(encodeHead(head)), golden.head);
});

Deno.test("the plaintext of a head of format 1 is read as it was written", () => {
  const head = decodeHead(new TextEncoder().encode(third.head));
  const { versions, ...rest } = JSON.parse(seventh.head);
  const deleted = versions.map(({ destroyed: _, ...info }: Record<string, unknown>) => info);
  assert.deepEqual(
    JSON.parse(new TextDecoder().decode(encodeHead(head))),
    { ...rest, versions },
  );
  const { expires: _, custom: __, ...known } = rest;
  assert.deepEqual(JSON.parse(third.head), { ...known, format: 1, versions: deleted });
});
