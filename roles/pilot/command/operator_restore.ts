import { SpikeError } from "../../../lib/api/error.ts";
import type { RestoreProgress } from "../../../lib/client/mod.ts";
import { parseShard, type Shard } from "../../../lib/shamir/mod.ts";
import type { PilotDeps } from "../deps.ts";
import { type Format, render } from "../format.ts";
import { readAll, requireAnswer } from "../input.ts";
import { withNexus } from "../session.ts";

const MAX_SHARD_INPUT_BYTES = 4096;

/** How a restoration is asked for and told. */
export interface RestoreOptions {
  readonly format: Format;
  readonly mayAsk: boolean;
}

/** `spike operator restore`: hands one shard to Nexus. It is checked before anything is asked of the network. */
export async function operatorRestore(deps: PilotDeps, options: RestoreOptions): Promise<void> {
  const shard = await readShard(deps, options.mayAsk);
  try {
    const progress = await withNexus(deps, async ({ client }) => {
      try {
        return await client.restore(shard);
      } catch (error) {
        throw explain(error, shard.index);
      }
    }, "restore");
    await tell(progress, options.format, deps);
  } finally {
    shard.bytes.fill(0);
  }
}

async function readShard(deps: PilotDeps, mayAsk: boolean): Promise<Shard> {
  if (deps.isTerminal) {
    requireAnswer(mayAsk, "shard");
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

async function tell(progress: RestoreProgress, format: Format, deps: PilotDeps): Promise<void> {
  const { collected, remaining, restored } = progress;
  deps.stdout.write(
    format === "human"
      ? toText(progress)
      : `${await render({ collected, remaining, restored }, format, 2)}\n`,
  );
  deps.stderr.write(
    restored
      ? "Erase the shard files that you used, and export new ones when keys change.\n"
      : "Run this command again with the next shard.\n",
  );
}

function toText({ collected, remaining, restored }: RestoreProgress): string {
  return restored
    ? "SPIKE is restored: Nexus has its root key again.\n"
    : `Shards collected:  ${collected}\nShards remaining:  ${remaining}\n`;
}
