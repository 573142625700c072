import { SpikeError } from "../../../lib/api/error.ts";
import type { RestoreProgress } from "../../../lib/client/mod.ts";
import { parseShard, type Shard } from "../../../lib/shamir/mod.ts";
import type { PilotDeps } from "../deps.ts";
import { readAll } from "../input.ts";
import { withNexus } from "../session.ts";

const MAX_SHARD_INPUT_BYTES = 4096;

/** `spike operator restore`: hands one shard to Nexus. It is checked before anything is asked of the network. */
export async function operatorRestore(deps: PilotDeps): Promise<void> {
  const shard = await readShard(deps);
  try {
    const progress = await withNexus(deps, async ({ client }) => {
      try {
        return await client.restore(shard);
      } catch (error) {
        throw explain(error, shard.index);
      }
    }, "restore");
    tell(progress, deps);
  } finally {
    shard.bytes.fill(0);
  }
}

async function readShard(deps: PilotDeps): Promise<Shard> {
  if (deps.isTerminal) {
    deps.stderr.write("(your input will be hidden as you paste/type it)\nEnter recovery shard: ");
    const line = await deps.readHidden();
    deps.stderr.write("\n");
    return parseShard(line);
  }
  const bytes = await readAll(deps.stdin, MAX_SHARD_INPUT_BYTES, "The shard on standard input");
  try {
    return parseShard(new TextDecoder().decode(bytes));
  } finally {
    bytes.fill(0);
  }
}

/** An invalid request can here mean only the shard: its form was checked before it was sent. */
function explain(error: unknown, index: number): unknown {
  if (!(error instanceof SpikeError) || error.code !== "api_bad_request") return error;
  return new SpikeError("api_bad_request", `Nexus did not accept shard ${index}`, {
    hint: "It is no shard of this store, or the shards given so far do not rebuild its root key",
    cause: error,
  });
}

function tell({ collected, remaining, restored }: RestoreProgress, deps: PilotDeps): void {
  if (restored) {
    deps.stdout.write("SPIKE is restored: Nexus has its root key again.\n");
    deps.stderr.write(
      "Erase the shard files that you used, and export new ones when keys change.\n",
    );
    return;
  }
  deps.stdout.write(`Shards collected:  ${collected}\nShards remaining:  ${remaining}\n`);
  deps.stderr.write("Run this command again with the next shard.\n");
}
