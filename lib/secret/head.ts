import { Members } from "../seal/members.ts";
import type { Deletion, History, VersionInfo } from "./version.ts";

/**
 * Number of the plaintext layout of a head. Every lower number can still be read. Heads without expired versions are
 * written as 2; 3 keeps an older program from making expired versions readable again.
 */
export const HEAD_FORMAT = 3;
const FORMAT_WITHOUT_EXPIRED = 2;

/** The sealed record of a path: its history, bound to the write transaction that stored it. */
export interface Head extends History {
  /** Revision of the write transaction that stored the head. */
  readonly revision: number;
}

const encoder = new TextEncoder();

/** The plaintext of a head: JSON, members in this order, times in milliseconds, digests in base64. */
export function encodeHead(head: Head): Uint8Array {
  const { expiredUpTo } = head;
  return encoder.encode(JSON.stringify({
    format: expiredUpTo === undefined ? FORMAT_WITHOUT_EXPIRED : HEAD_FORMAT,
    revision: head.revision,
    current: head.current,
    oldest: head.oldest,
    highest: head.highest,
    max: head.maxVersions,
    created: head.createdMs,
    updated: head.updatedMs,
    expires: head.expiresMs,
    expired: expiredUpTo,
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
 * Decodes what {@linkcode encodeHead} of this or an earlier version made.
 *
 * @throws {SpikeError} `state_integrity_check` for another layout; the bytes were authentic, so a newer version of this
 * program or a bug wrote it
 */
export function decodeHead(plaintext: Uint8Array): Head {
  const head = Members.read(plaintext, "Head");
  const format = head.format(HEAD_FORMAT);
  return {
    revision: head.integer("revision"),
    current: head.integer("current"),
    oldest: head.integer("oldest"),
    highest: head.integer("highest"),
    maxVersions: head.integer("max"),
    createdMs: head.integer("created"),
    updatedMs: head.integer("updated"),
    ...(format === 1 ? { expiresMs: null, custom: {} } : {
      expiresMs: head.nullable("expires", (name) => head.integer(name)),
      custom: texts(head.object("custom")),
    }),
    ...(format < HEAD_FORMAT ? {} : { expiredUpTo: head.integer("expired") }),
    versions: head.list("versions").map((version) => versionOf(version, format)),
  };
}

function versionOf(version: Members, format: number): VersionInfo {
  return {
    number: version.integer("number"),
    createdMs: version.integer("created"),
    author: version.text("author"),
    digest: version.bytes("digest", "base64"),
    deleted: deletionOf(version, "deleted"),
    destroyed: format === 1 ? null : deletionOf(version, "destroyed"),
  };
}

function deletionOf(version: Members, name: string): Deletion | null {
  return version.nullable(name, () => {
    const deletion = version.object(name);
    return { atMs: deletion.integer("at"), by: deletion.text("by") };
  });
}

function texts(members: Members): Record<string, string> {
  return Object.fromEntries(members.names.map((name) => [name, members.text(name)]));
}
