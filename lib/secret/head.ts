import { SpikeError } from "../api/error.ts";
import type { Deletion, History, VersionInfo } from "./version.ts";

/** Number of the plaintext layout of a head. Every lower number can be read too. */
export const HEAD_FORMAT = 2;

/** What is sealed once for a path: its history, bound to the write transaction that stored it. */
export interface Head extends History {
  readonly revision: number;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** The plaintext of a head: JSON, members in this order, times in milliseconds, digests in base64. */
export function encodeHead(head: Head): Uint8Array {
  return encoder.encode(JSON.stringify({
    format: HEAD_FORMAT,
    revision: head.revision,
    current: head.current,
    oldest: head.oldest,
    highest: head.highest,
    max: head.maxVersions,
    created: head.createdMs,
    updated: head.updatedMs,
    expires: head.expiresMs,
    custom: head.custom,
    versions: head.versions.map((info) => ({
      number: info.number,
      created: info.createdMs,
      author: info.author,
      digest: info.digest.toBase64(),
      deleted: encodeDeletion(info.deleted),
      destroyed: encodeDeletion(info.destroyed),
    })),
  }));
}

function encodeDeletion(deletion: Deletion | null): unknown {
  return deletion && { at: deletion.atMs, by: deletion.by };
}

/**
 * Reads what {@linkcode encodeHead} of this or an earlier version made. The bytes were authentic, so what does not
 * fit was written by a newer version or a bug: throws `state_integrity_check`.
 */
export function decodeHead(plaintext: Uint8Array): Head {
  const head = JSON.parse(decoder.decode(plaintext));
  const format = integer(head, "format");
  if (format < 1 || format > HEAD_FORMAT) {
    throw new SpikeError(
      "state_integrity_check",
      `Head has format ${format}, this program knows 1 to ${HEAD_FORMAT}`,
      { hint: "Run the version of spike that wrote it, or a newer one" },
    );
  }
  return {
    revision: integer(head, "revision"),
    current: integer(head, "current"),
    oldest: integer(head, "oldest"),
    highest: integer(head, "highest"),
    maxVersions: integer(head, "max"),
    createdMs: integer(head, "created"),
    updatedMs: integer(head, "updated"),
    ...(format === 1 ? { expiresMs: null, custom: {} } : {
      expiresMs: member(head, "expires") === null ? null : integer(head, "expires"),
      custom: texts(head, "custom"),
    }),
    versions: list(head, "versions").map((value) => versionOf(value, format)),
  };
}

function versionOf(value: unknown, format: number): VersionInfo {
  return {
    number: integer(value, "number"),
    createdMs: integer(value, "created"),
    author: text(value, "author"),
    digest: Uint8Array.fromBase64(text(value, "digest")),
    deleted: deletionOf(member(value, "deleted")),
    destroyed: format === 1 ? null : deletionOf(member(value, "destroyed")),
  };
}

function deletionOf(value: unknown): Deletion | null {
  return value === null ? null : { atMs: integer(value, "at"), by: text(value, "by") };
}

function member(value: unknown, name: string): unknown {
  const members: Record<string, unknown> = Object(value);
  return members[name];
}

function integer(value: unknown, name: string): number {
  const found = member(value, name);
  return typeof found === "number" && Number.isSafeInteger(found) ? found : misshapen(name);
}

function text(value: unknown, name: string): string {
  const found = member(value, name);
  return typeof found === "string" ? found : misshapen(name);
}

function list(value: unknown, name: string): readonly unknown[] {
  const found = member(value, name);
  return Array.isArray(found) ? found : misshapen(name);
}

function texts(value: unknown, name: string): Record<string, string> {
  const found = member(value, name);
  if (typeof found !== "object" || found === null) return misshapen(name);
  return Object.fromEntries(Object.keys(found).map((key) => [key, text(found, key)]));
}

function misshapen(name: string): never {
  throw new SpikeError("state_integrity_check", `Head has no usable member ${name}`);
}
