import { SpikeError } from "../../../lib/api/error.ts";
import type { RecoveryShard } from "../../../lib/client/mod.ts";
import type { PilotDeps } from "../deps.ts";
import { type Format, render } from "../format.ts";
import { writeShards } from "../recovery_files.ts";
import { withNexus } from "../session.ts";

/** `spike operator recover`: writes every shard to a file of its own. */
export async function operatorRecover(deps: PilotDeps, format: Format): Promise<void> {
  const written = await withNexus(deps, async ({ client, settings }) => {
    const shards = await client.recover();
    try {
      refuseUnusable(shards);
      const files = await writeShards(settings.recoveryDir, shards);
      return { directory: settings.recoveryDir, files };
    } finally {
      for (const { bytes } of shards) bytes.fill(0);
    }
  }, "recover");
  const text = format === "human"
    ? `Wrote ${written.files.length} recovery shards to ${written.directory}`
    : await render(written, format, 2);
  deps.stdout.write(`${text}\n`);
  deps.stderr.write(
    "Whoever holds enough of these files holds the root key: encrypt them, hand each to another\n" +
      "person, then erase them here. The number in a file's name is part of the shard.\n",
  );
}

function refuseUnusable(shards: readonly RecoveryShard[]): void {
  const hasBlank = shards.some(({ bytes }) => bytes.every((byte) => byte === 0));
  if (shards.length > 0 && !hasBlank) return;
  throw new SpikeError(
    "data_unmarshal_failure",
    shards.length === 0 ? "Nexus answered without shards" : "Nexus answered with a shard of zeros",
    { hint: "Nothing was written, and files of an earlier run are untouched" },
  );
}
