import { SpikeError } from "../../lib/error/error.ts";
import type { Client } from "../../lib/client/mod.ts";
import { formatShard, parseShard, type Shard } from "../../lib/shamir/mod.ts";
import { replaceFile } from "./file.ts";

const WARNING = [
  "# RECOVERY SHARDS IN PLAIN TEXT, FOR DEVELOPMENT ONLY.",
  "# This file decrypts the database beside it. Written by spike dev --keep.",
];

/** The file's text. */
export function formatKept(shards: readonly Shard[]): string {
  return [...WARNING, ...shards.map(formatShard), ""].join("\n");
}

/** Told which shard is passed over, and why. */
export type OnSkip = (which: string, error: SpikeError) => void;

/** The shards of a file's text; a line that is none is passed over. */
export function parseKept(text: string, onSkip: OnSkip): Shard[] {
  return text.split("\n").map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .flatMap((line, position) => {
      try {
        return [parseShard(line)];
      } catch (error) {
        if (!(error instanceof SpikeError)) throw error;
        const index = /^spike:(\d{1,3}):/i.exec(line)?.[1];
        onSkip(index === undefined ? `number ${position + 1} in the file` : index, error);
        return [];
      }
    });
}

/** Fetches the recovery shards with the recover role, and writes them down. */
export async function keepShards(client: Client, path: string): Promise<void> {
  const shards = await client.recover();
  await replaceFile(path, formatKept(shards));
  for (const { bytes } of shards) bytes.fill(0);
}

/**
 * Hands in shards, with the restore role, until the root key is back. One that is damaged or refused is passed
 * over, since fewer than all are enough.
 *
 * @throws SpikeError `recovery_failed` when the good ones are too few
 */
export async function restoreShards(
  client: Client,
  text: string,
  onSkip: OnSkip,
): Promise<void> {
  const shards = parseKept(text, onSkip);
  try {
    for (const shard of shards) {
      if (await isRestoredBy(client, shard, onSkip)) return;
    }
  } finally {
    for (const { bytes } of shards) bytes.fill(0);
  }
  throw new SpikeError(
    "recovery_failed",
    "Not enough valid saved shards to restore the root key",
    { hint: "Start again with --reset to discard the old data" },
  );
}

async function isRestoredBy(client: Client, shard: Shard, onSkip: OnSkip): Promise<boolean> {
  try {
    return (await client.restore(shard)).restored;
  } catch (error) {
    const isRefused = error instanceof SpikeError &&
      (error.code === "api_bad_request" || error.code === "data_invalid_input");
    if (!isRefused) throw error;
    onSkip(String(shard.index), error);
    return false;
  }
}
