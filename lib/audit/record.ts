import { hmac } from "@noble/hashes/hmac.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { printableJson } from "../text/printable.ts";
import type { Caller } from "./call.ts";
import type { AuditEntry, Change, ChangeEntry, NoticeEntry, RequestEntry } from "./entry.ts";

/** Number of the layout of a record. */
export const RECORD_FORMAT = 2;

/** Texts of a record that keyed hashes can replace. */
export type Covered = "caller" | "path";

/** Replaces a text by its keyed hash, or returns it unchanged. */
export type Cover = (kind: Covered, text: string) => string;

/** RFC 5280 section 4.1.2.2 allows 20 octets; certificates of other authorities may exceed it. */
export const SERIAL_DIGITS = 64;

const encoder = new TextEncoder();

/** Leaves everything readable. */
export const plainly: Cover = (_kind, text) => text;

/**
 * Replaces texts of the given kinds by their HMAC-SHA-256 under `key`: equal texts stay equal, and a reader with the key
 * can search for a text. Without a key (before Nexus has its root key) such texts are withheld.
 */
export function coverWith(key: Uint8Array | undefined, kinds: ReadonlySet<Covered>): Cover {
  return (kind, text) => {
    if (!kinds.has(kind)) return text;
    if (key === undefined) return "withheld";
    return `hmac:${hmac(sha256, key, encoder.encode(`${kind}\0${text}`)).toHex()}`;
  };
}

/** The bytes of record number `n` (from 0): JSON on one line, members in this order. See `leafOf` for its leaf. */
export function encodeRecord(n: number, audit: AuditEntry, cover: Cover = plainly): Uint8Array {
  return numbered(n, encodeBody(audit, cover));
}

/**
 * A record without its number: JSON on one line. Control characters are escaped, since callers choose some of the text
 * and terminals display it.
 */
export function encodeBody(audit: AuditEntry, cover: Cover = plainly): string {
  return printableJson(JSON.stringify(bodyOf(audit, cover)));
}

/** The bytes of a record, from {@linkcode encodeBody}. */
export function numbered(n: number, body: string): Uint8Array {
  return encoder.encode(`{"format":${RECORD_FORMAT},"n":${n},${body.slice(1)}`);
}

function bodyOf(audit: AuditEntry, cover: Cover): Readonly<Record<string, unknown>> {
  if (audit.kind === "request") return requestBody(audit.entry, cover);
  if (audit.kind === "change") return changeBody(audit.entry, cover);
  return noticeBody(audit.entry);
}

function requestBody(entry: RequestEntry, cover: Cover) {
  const { path, version, versions, names } = entry.subject;
  return {
    kind: "request",
    time: entry.timeMs,
    server: entry.server,
    correlation: entry.correlation,
    caller: callerBody(entry.caller, cover),
    operation: entry.operation,
    path: path === undefined ? undefined : cover("path", path),
    version,
    versions,
    names: names && namesBody(names, cover),
    decision: entry.grant ? "granted" : entry.code === "access_unauthorized" ? "denied" : "none",
    by: entry.grant?.by,
    name: entry.grant?.name,
    status: entry.status,
    code: entry.code,
    us: entry.durationUs,
    sum: entry.sum && { count: entry.sum.count, until: entry.sum.untilMs, kinds: entry.sum.kinds },
  };
}

function changeBody({ timeMs, revision, call, changes }: ChangeEntry, cover: Cover) {
  return {
    kind: "change",
    time: timeMs,
    revision,
    correlation: call?.correlation,
    caller: call && callerBody(call, cover),
    operation: call?.operation ?? null,
    by: call?.grant.by,
    name: call?.grant.name,
    changes: changes.map((change) => coveredChange(change, cover)),
  };
}

function noticeBody({ timeMs, event, detail }: NoticeEntry) {
  return { kind: "notice", time: timeMs, event, detail };
}

function callerBody({ id, trustDomain, serial, via }: Caller, cover: Cover) {
  return {
    id: cover("caller", id),
    domain: trustDomain,
    serial: serial.slice(0, SERIAL_DIGITS),
    via: via === undefined ? undefined : cover("caller", via),
  };
}

function namesBody(names: Readonly<Record<string, string | readonly string[]>>, cover: Cover) {
  const covered = (text: string) => cover("path", text);
  return Object.fromEntries(
    Object.entries(names).map(([member, value]) => [
      member,
      typeof value === "string" ? covered(value) : value.map(covered),
    ]),
  );
}

function coveredChange(change: Change, cover: Cover): Change {
  if ("head" in change) return { ...change, head: cover("path", change.head) };
  return change;
}
