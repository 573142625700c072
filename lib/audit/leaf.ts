/**
 * Leaves of the tree (RFC 9162 section 2.1.1). The leaf of a format 1 record is its bytes. That of a format 2 record
 * is a letter for its kind and the hash of its bytes: a dropped record keeps both, so that its kind stays proved.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { type Hash, HASH_BYTES, leafHash } from "./merkle.ts";
import { headOf, type RecordKind } from "./record_head.ts";

const LETTER = { request: 0x72, change: 0x63, notice: 0x6e } as const;

/** Hash of the leaf of a record that was dropped, from its kind and the hash of its bytes. */
export function boundLeaf(kind: RecordKind, digest: Uint8Array, hash: Hash = sha256): Uint8Array {
  const leaf = new Uint8Array(1 + HASH_BYTES);
  leaf[0] = LETTER[kind];
  leaf.set(digest, 1);
  return leafHash(leaf, hash);
}

/** Hash of the leaf of a record, by its own format. */
export function leafOf(record: Uint8Array, hash: Hash = sha256): Uint8Array {
  const head = headOf(record);
  if (head?.format !== 2 || head.kind === undefined) return leafHash(record, hash);
  return boundLeaf(head.kind, hash(record), hash);
}
