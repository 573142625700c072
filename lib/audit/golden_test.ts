/**
 * tests/golden/audit.json and audit_2.json freeze the bytes of every kind of record and line, in format 1, which is
 * only read, and in format 2. They are never written anew.
 */
import assert from "node:assert/strict";
import older from "../../tests/golden/audit.json" with { type: "json" };
import golden from "../../tests/golden/audit_2.json" with { type: "json" };
import { changeOf, keyOf, KEYS, requestOf } from "./_log_fixture.ts";
import { openCheckpoint, signCheckpoint } from "./checkpoint.ts";
import { formatKey, parseKey } from "./note.ts";
import type { AuditEntry } from "./entry.ts";
import { leafOf } from "./leaf.ts";
import {
  checkpointLine,
  droppedBoundLine,
  droppedLine,
  headerLine,
  parseLine,
  recordLine,
} from "./line.ts";
import { headerMessage, recordMessage } from "./line_mac.ts";
import { Frontier, leafHash } from "./merkle.ts";
import { movesIn } from "./moves.ts";
import { nativeVerifier } from "./os_sign.ts";
import { coverWith, encodeRecord } from "./record.ts";
import { decodeChange, encodeChange, openRow, protectRow } from "./outbox_row.ts";
import { headOf } from "./record_head.ts";

const LOG = "a0".repeat(16);
const LIFE = "b1".repeat(16);
const ROOT = new Uint8Array(32).fill(9);
const MAC = new Uint8Array(16).fill(4);
const HEADER = { log: LOG, first: 1, roots: [ROOT], revision: 5, life: LIFE };
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

const request = requestOf("tenants/acme/db").entry as never as Record<string, unknown>;
const WHOLE = {
  kind: "request",
  entry: {
    ...request,
    caller: { ...request.caller as object, via: "spiffe://example.org/proxy" },
    subject: { path: "a/b", version: 3, versions: [1, 2], names: { to: "c", paths: ["d", "e"] } },
    grant: undefined,
    status: 401,
    code: "access_unauthorized",
  },
} as unknown as AuditEntry;
const CALL = {
  id: "spiffe://example.org/web",
  trustDomain: "example.org",
  serial: "0a",
  correlation: "c-1",
  operation: "secret.put",
  grant: { by: "role", name: "superuser" },
} as never;
const CHANGE: AuditEntry = {
  kind: "change",
  entry: {
    timeMs: 1_767_323_045_123,
    revision: 42,
    call: CALL,
    changes: [
      { head: "a/b", current: 3, digest: "AAAA" },
      { policy: "p", digest: "BBBB" },
      { policy: "q", removed: true },
      { kek: 2, state: "active" },
      { key: "cipher/default", version: 2 },
      { meta: ["keyCheck"] },
    ],
  },
};
const NOTICE: AuditEntry = {
  kind: "notice",
  entry: { timeMs: 1, event: "store_rolled_back", detail: { from: 7, to: 3 } },
};
const cover = coverWith(new Uint8Array(32).fill(1), new Set(["caller", "path"]));
const checkpoint = { log: LOG, size: 77, root: ROOT, timeMs: 1_767_323_045_123 };

const MADE: Record<keyof Omit<typeof golden, "description">, () => string> = {
  request: () => text(encodeRecord(0, requestOf("tenants/acme/db"))),
  wholeRequest: () => text(encodeRecord(1, WHOLE)),
  coveredRequest: () => text(encodeRecord(2, WHOLE, cover)),
  change: () => text(encodeRecord(3, CHANGE)),
  coveredChange: () => text(encodeRecord(4, CHANGE, cover)),
  ownChange: () => text(encodeRecord(5, changeOf(7))),
  notice: () => text(encodeRecord(6, NOTICE)),
  outbox: () => text(encodeChange(CHANGE.entry as never)),
  outboxRow: () =>
    text(protectRow(
      encodeChange(CHANGE.entry as never),
      { storeId: new Uint8Array(16).fill(1), log: LOG, life: LIFE, revision: 42 },
      41,
      KEYS.mac,
    )),
  headerLine: () => text(headerLine(HEADER, KEYS.mac(headerMessage(HEADER)))),
  recordLine: () => {
    const record = encodeRecord(1, requestOf("a"));
    const leaf = leafOf(record);
    const message = recordMessage(LOG, new Frontier(1, [ROOT]), undefined, leaf);
    return text(recordLine(record, leaf, KEYS.mac(message)));
  },
  nextRecordLine: () => {
    const record = encodeRecord(2, requestOf("b"));
    const leaf = leafOf(record);
    const tree = new Frontier(2, [ROOT]);
    return text(recordLine(record, leaf, KEYS.mac(recordMessage(LOG, tree, MAC, leaf))));
  },
  requestLeaf: () => leafOf(encodeRecord(0, requestOf("a"))).toHex(),
  changeLeaf: () => leafOf(encodeRecord(5, changeOf(7))).toHex(),
  noticeLeaf: () => leafOf(encodeRecord(6, NOTICE)).toHex(),
  droppedLine: () => text(droppedBoundLine("request", ROOT)),
};

for (const [name, make] of Object.entries(MADE)) {
  Deno.test(`the bytes of audit format 2 are frozen: ${name}`, () => {
    assert.equal(make(), golden[name as keyof typeof MADE]);
  });
}

Deno.test("the bytes that no format has changed are frozen: dropped line, checkpoint and key", () => {
  assert.equal(text(droppedLine(ROOT)), older.droppedLine);
  assert.equal(text(checkpointLine("a note\n")), older.checkpointLine);
  assert.equal(formatKey({ log: LOG, publicKey: KEYS.publicKey }), older.key);
  assert.equal(signCheckpoint(checkpoint, KEYS.publicKey, KEYS.sign), older.checkpoint);
});

const bytesOf = (line: string) => new TextEncoder().encode(line);
const read = (line: string) => parseLine(bytesOf(line.slice(0, -1)));

Deno.test("frozen lines of format 1, checkpoint and key are read", () => {
  assert.deepEqual(read(older.headerLine), {
    kind: "header",
    header: { log: LOG, first: 1, roots: [ROOT], revision: 5, life: "" },
  });
  assert.equal(read(older.recordLine).kind, "record");
  assert.deepEqual(read(older.droppedLine), { kind: "dropped", leaf: ROOT });
  assert.deepEqual(read(older.checkpointLine), { kind: "checkpoint", note: "a note\n" });
  const key = parseKey(older.key);
  assert.deepEqual(key, keyOf(LOG));
  assert.deepEqual(openCheckpoint(older.checkpoint, keyOf(LOG), nativeVerifier()), checkpoint);
});

Deno.test("frozen records of format 1 have the leaf of their bytes, and say what they are", () => {
  for (const name of ["request", "coveredRequest", "change", "ownChange", "notice"] as const) {
    const record = bytesOf(older[name]);
    assert.deepEqual(leafOf(record), leafHash(record), name);
    assert.equal(headOf(record)?.format, 1, name);
  }
  assert.deepEqual(movesIn(bytesOf(older.change)), { revision: 42 });
  assert.deepEqual(movesIn(bytesOf(older.notice)), { revision: 3 });
  assert.deepEqual(decodeChange(bytesOf(older.outbox)), CHANGE.entry);
});

Deno.test("frozen lines of format 2 are read, and their row is authentic in its place alone", () => {
  const mac = new Uint8Array(KEYS.mac(headerMessage(HEADER)));
  assert.deepEqual(read(golden.headerLine), { kind: "header", header: { ...HEADER, mac } });
  assert.equal(read(golden.recordLine).kind, "record");
  assert.deepEqual(read(golden.droppedLine), {
    kind: "droppedBound",
    of: "request",
    digest: ROOT,
  });
  const place = { storeId: new Uint8Array(16).fill(1), log: LOG, revision: 42 };
  const row = bytesOf(golden.outboxRow);
  const opened = openRow(row, place, KEYS.mac);
  assert.deepEqual([opened?.life, opened?.cleared], [LIFE, 41]);
  assert.deepEqual(decodeChange(opened?.record ?? new Uint8Array()), CHANGE.entry);
  for (
    const other of [
      { ...place, revision: 43 },
      { ...place, log: LIFE },
      { ...place, storeId: new Uint8Array(16) },
    ]
  ) assert.equal(openRow(row, other, KEYS.mac), undefined);
  for (let i = 0; i < row.length; i++) {
    assert.equal(openRow(row.with(i, row[i] as number ^ 1), place, KEYS.mac), undefined, `${i}`);
  }
  assert.equal(openRow(bytesOf(older.outbox), place, KEYS.mac), undefined);
});
