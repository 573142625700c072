/** tests/golden/audit.json freezes the bytes of every kind of record and line. It is never written anew. */
import assert from "node:assert/strict";
import golden from "../../tests/golden/audit.json" with { type: "json" };
import { changeOf, keyOf, KEYS, requestOf } from "./_log_fixture.ts";
import { openCheckpoint, signCheckpoint } from "./checkpoint.ts";
import { formatKey, parseKey } from "./note.ts";
import type { AuditEntry } from "./entry.ts";
import { checkpointLine, droppedLine, headerLine, parseLine, recordLine } from "./line.ts";
import { leafHash } from "./merkle.ts";
import { nativeVerifier } from "./os_sign.ts";
import { coverWith, encodeRecord } from "./record.ts";
import { encodeChange } from "./recording_store.ts";

const LOG = "a0".repeat(16);
const ROOT = new Uint8Array(32).fill(9);
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
  checkpoint: () => signCheckpoint(checkpoint, KEYS.publicKey, KEYS.sign),
  key: () => formatKey({ log: LOG, publicKey: KEYS.publicKey }),
  headerLine: () => text(headerLine({ log: LOG, first: 1, roots: [ROOT], revision: 5 })),
  recordLine: () => {
    const record = encodeRecord(0, requestOf("a"));
    return text(recordLine(record, leafHash(record)));
  },
  droppedLine: () => text(droppedLine(ROOT)),
  checkpointLine: () => text(checkpointLine("a note\n")),
};

for (const [name, make] of Object.entries(MADE)) {
  Deno.test(`the bytes of audit format 1 are frozen: ${name}`, () => {
    assert.equal(make(), golden[name as keyof typeof MADE]);
  });
}

Deno.test("frozen lines, checkpoint and key are read", () => {
  const read = (line: string) => parseLine(new TextEncoder().encode(line.slice(0, -1)));
  assert.deepEqual(read(golden.headerLine), {
    kind: "header",
    header: { log: LOG, first: 1, roots: [ROOT], revision: 5 },
  });
  assert.equal(read(golden.recordLine).kind, "record");
  assert.deepEqual(read(golden.droppedLine), { kind: "dropped", leaf: ROOT });
  assert.deepEqual(read(golden.checkpointLine), { kind: "checkpoint", note: "a note\n" });
  const key = parseKey(golden.key);
  assert.deepEqual(key, keyOf(LOG));
  assert.deepEqual(openCheckpoint(golden.checkpoint, keyOf(LOG), nativeVerifier()), checkpoint);
});
