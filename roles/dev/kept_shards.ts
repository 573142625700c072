import { SpikeError } from "../../lib/api/error.ts";
import type { Client } from "../../lib/client/mod.ts";
import { formatShard, parseShard, type Shard } from "../../lib/shamir/mod.ts";
import { replaceFile } from "./file.ts";

const WARNING = [
  "# RECOVERY SHARDS IN PLAIN TEXT, FOR DEVELOPMENT ONLY.",
  "# Whoever reads this file can open the database beside it. Written by spike dev --keep.",
];

/** The file's text. */
export function formatKept(shards: readonly Shard[]): string {
  return [...WARNING, ...shards.map(formatShard), ""].join("\n");
}

/**
 * The shards of a file's text.
 *
 * @throws SpikeError `data_invalid_input` for a line that is none
 */
export function parseKept(text: string): Shard[] {
  return text.split("\n").map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map(parseShard);
}

/** Fetches the recovery shards with the recover role, and writes them down. */
export async function keepShards(client: Client, path: string): Promise<void> {
  const shards = await client.recover();
  await replaceFile(path, formatKept(shards));
  for (const { bytes } of shards) bytes.fill(0);
}

/**
 * Hands in shards, with the restore role, until the root key is back.
 *
 * @throws SpikeError `recovery_failed` when they are too few
 */
export async function restoreShards(client: Client, text: string): Promise<void> {
  const shards = parseKept(text);
  try {
    for (const shard of shards) {
      if ((await client.restore(shard)).restored) return;
    }
  } finally {
    for (const { bytes } of shards) bytes.fill(0);
  }
  throw new SpikeError(
    "recovery_failed",
    `The ${shards.length} kept shards are too few to restore the root key`,
    { hint: "Start again with --reset to discard the old data" },
  );
}
