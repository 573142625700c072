import { SpikeError } from "../../lib/api/error.ts";
import { formatShard, type Shard } from "../../lib/shamir/mod.ts";
import { reasonOf, removeIfThere, writePrivately } from "./private_file.ts";

const IS_SHARD_FILE = /^spike\.recovery.*\.txt$/;

async function prepareDirectory(directory: string): Promise<void> {
  try {
    await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
    // One that was there before may be open to others.
    await Deno.chmod(directory, 0o700);
  } catch (error) {
    throw new SpikeError(
      "fs_directory_creation_failed",
      `Directory ${JSON.stringify(directory)} cannot be used: ${reasonOf(error)}`,
      { hint: "Set SPIKE_PILOT_RECOVERY_DIR to a directory that you may write", cause: error },
    );
  }
}

async function shardFilesIn(directory: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir(directory)) {
    if (IS_SHARD_FILE.test(name)) found.push(`${directory}/${name}`);
  }
  return found;
}

interface ShardFile {
  readonly shard: Shard;
  readonly path: string;
  readonly draft: string;
}

/** Writes all drafts, or leaves none. */
async function writeDrafts(files: readonly ShardFile[]): Promise<void> {
  const begun: string[] = [];
  try {
    for (const { shard, draft } of files) {
      await removeIfThere(draft);
      begun.push(draft);
      const bytes = new TextEncoder().encode(formatShard(shard));
      try {
        await writePrivately(draft, bytes);
      } finally {
        bytes.fill(0);
      }
    }
  } catch (error) {
    for (const draft of begun) await removeIfThere(draft);
    throw error;
  }
}

/**
 * Writes one file per shard, `spike.recovery.<index>.txt`, its text without a newline. Files of an earlier run
 * are touched only when all new ones are on the disk, so that a full disk leaves the old set whole. Answers the
 * paths.
 *
 * @throws SpikeError `fs_directory_creation_failed` or `fs_file_open_failed`
 */
export async function writeShards(
  directory: string,
  shards: readonly Shard[],
): Promise<string[]> {
  await prepareDirectory(directory);
  const files = shards.map((shard) => ({
    shard,
    path: `${directory}/spike.recovery.${shard.index}.txt`,
    draft: `${directory}/.spike.recovery.${shard.index}.draft`,
  }));
  try {
    await writeDrafts(files);
    for (const { draft, path } of files) await Deno.rename(draft, path);
    const present = new Set(files.map(({ path }) => path));
    for (const path of await shardFilesIn(directory)) {
      if (!present.has(path)) await removeIfThere(path);
    }
    return [...present];
  } catch (error) {
    throw new SpikeError(
      "fs_file_open_failed",
      `Recovery shards cannot be written to ${JSON.stringify(directory)}: ${reasonOf(error)}`,
      { cause: error },
    );
  }
}
