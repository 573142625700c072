import { sha256 } from "@noble/hashes/sha2.js";
import { constantTimeEqual, requireLength, wipe } from "../bytes/bytes.ts";
import { ID_BYTES, LABEL, labelText } from "../seal/derive.ts";
import { encodeTuple } from "../seal/tuple.ts";
import type { Shard } from "./shard.ts";

/** Format number of the committed tuple. */
const COMMITMENT_FORMAT = 1;

/**
 * A public 32-byte commitment to one shard: SHA-256 of the tuple (1, label, set id, index, shard). It detects a mistyped
 * or modified shard. It reveals nothing, because a shard is 256 unguessable bits.
 *
 * @throws {TypeError} if the set id is not 16 bytes long
 */
export function shardCommitment(setId: Uint8Array, index: number, bytes: Uint8Array): Uint8Array {
  requireLength(setId, ID_BYTES, "Set id");
  const tuple = encodeTuple([
    COMMITMENT_FORMAT,
    labelText(LABEL.commitment),
    setId,
    index,
    bytes,
  ]);
  const commitment = sha256(tuple);
  wipe(tuple);
  return commitment;
}

/** Whether a shard matches a commitment, compared in constant time. */
export function matchesCommitment(
  setId: Uint8Array,
  shard: Shard,
  commitment: Uint8Array,
): boolean {
  return constantTimeEqual(shardCommitment(setId, shard.index, shard.bytes), commitment);
}
