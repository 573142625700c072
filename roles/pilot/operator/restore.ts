import { SpikeError } from "../../../lib/error/error.ts";
import type { Client, RestoreProgress } from "../../../lib/client/mod.ts";
import { requireListed } from "../../../lib/recovery/manifest.ts";
import type { PilotIo } from "../io.ts";
import { type Format, printAs } from "../terminal/format.ts";
import { withNexus } from "../session.ts";
import { about, type NamedShard, nameOf, readShards, type ShardSources } from "./shard_input.ts";

/** How a restoration is asked for and told. */
export interface RestoreOptions extends ShardSources {
  readonly format: Format;
}

/**
 * `spike operator restore`: hands shards to Nexus, one or several. All are read and checked before anything is asked
 * of the network.
 */
export async function operatorRestore(deps: PilotIo, options: RestoreOptions): Promise<void> {
  const shards = await readShards(deps, options);
  try {
    for (const { manifest, shard, from } of shards) {
      if (manifest) about(nameOf(from), () => requireListed(manifest, shard));
    }
    const progress = await withNexus(deps, ({ client }) => handIn(client, shards), "restore");
    await tell(progress, options.format, deps);
  } finally {
    for (const { shard } of shards) shard.bytes.fill(0);
  }
}

/** Stops as soon as the key is back. */
async function handIn(client: Client, shards: readonly NamedShard[]): Promise<RestoreProgress> {
  let progress: RestoreProgress | undefined;
  for (const { shard, from } of shards) {
    try {
      progress = await client.restore(shard);
    } catch (error) {
      throw explain(error, shard.index, from);
    }
    if (progress.restored) break;
  }
  if (!progress) throw new Error("There is always a shard");
  return progress;
}

/** An invalid request can here mean only the shard: its form was checked before it was sent. */
function explain(error: unknown, index: number, from: string): unknown {
  if (!(error instanceof SpikeError) || error.code !== "api_bad_request") return error;
  return new SpikeError("api_bad_request", `Nexus did not accept shard ${index} from ${from}`, {
    hint: "The shard is not from this store, or the shards so far do not rebuild its root key",
    cause: error,
  });
}

async function tell(progress: RestoreProgress, format: Format, deps: PilotIo): Promise<void> {
  await printAs(deps, format, { data: () => progress, lines: () => toLines(progress) });
  if (progress.generation !== undefined) {
    deps.stderr.print([
      `Note: these are shards of generation ${progress.generation}, which is not the current one. They count`,
      "among themselves, since they give the same root key.",
    ]);
  }
  deps.stderr.print(
    progress.restored
      ? "Erase the shard files that you used; export new ones after each change of keys."
      : "Run this command again with the next shard.",
  );
}

function toLines({ collected, remaining, restored }: RestoreProgress): string[] {
  return restored
    ? ["SPIKE is restored: Nexus has its root key again."]
    : [`Shards collected:  ${collected}`, `Shards remaining:  ${remaining}`];
}
