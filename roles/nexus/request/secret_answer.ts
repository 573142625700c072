import { formatTime } from "../../../lib/api/mod.ts";
import type { Head, SecretFound, VersionInfo } from "../../../lib/secret/mod.ts";

/** One version's pairs on the wire. Clients of the original see the texts, and nothing else. */
export function encodeSecret({ values, binary, version, expiresMs }: SecretFound) {
  const bytes = Object.entries(binary).map(([key, value]) => [key, value.toBase64()]);
  return {
    data: values,
    ...(bytes.length > 0 ? { binary: Object.fromEntries(bytes) } : {}),
    version,
    ...(expiresMs === null ? {} : { expiresAt: formatTime(expiresMs) }),
  };
}

/** All that is known of a path beside its values, on the wire. */
export function headMembers(head: Head): unknown {
  const versions = head.versions.map((info) => [String(info.number), encodeVersion(info)]);
  return {
    ...(versions.length > 0 ? { versions: Object.fromEntries(versions) } : {}),
    metadata: {
      currentVersion: head.current,
      oldestVersion: head.oldest,
      createdTime: formatTime(head.createdMs),
      updatedTime: formatTime(head.updatedMs),
      maxVersions: head.maxVersions,
      ...(head.expiresMs === null ? {} : { expiresAt: formatTime(head.expiresMs) }),
      ...(Object.keys(head.custom).length > 0 ? { custom: head.custom } : {}),
    },
  };
}

function encodeVersion({ number, createdMs, author, deleted, destroyed }: VersionInfo): unknown {
  return {
    createdTime: formatTime(createdMs),
    version: number,
    deletedTime: deleted && formatTime(deleted.atMs),
    createdBy: author,
    ...(deleted ? { deletedBy: deleted.by } : {}),
    ...(destroyed ? { destroyedTime: formatTime(destroyed.atMs), destroyedBy: destroyed.by } : {}),
  };
}
