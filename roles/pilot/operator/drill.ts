import { SpikeError } from "../../../lib/error/error.ts";
import type { KnownSets } from "../../../lib/client/mod.ts";
import { isSameSet, type RecoveryManifest, requireListed } from "../../../lib/recovery/manifest.ts";
import type { PilotIo } from "../io.ts";
import { type Format, printAs } from "../terminal/format.ts";
import { withNexus } from "../session.ts";
import { type NamedShard, readShards, type ShardSources } from "./shard_input.ts";

/** How a drill is asked for and told. */
export interface DrillOptions extends ShardSources {
  readonly format: Format;
  /** Ask no Nexus. */
  readonly isOffline: boolean;
}

/** Where the set stands with the store. */
type Standing = "in-force" | "opens" | "unasked";

/**
 * `spike operator drill`: proves that shards would bring the root key back, without bringing it back. The shards stay
 * on this machine: each is compared with its commitment, and the commitments with those that Nexus makes from its
 * root key.
 */
export async function operatorDrill(deps: PilotIo, options: DrillOptions): Promise<void> {
  const shards = await readShards(deps, options);
  try {
    const known = options.isOffline
      ? undefined
      : await withNexus(deps, ({ client }) => client.manifest());
    const manifest = manifestOf(shards, known);
    const standing = standingOf(manifest, known);
    const findings = shards.map((shard) => ({ ...shard, problem: problemOf(manifest, shard) }));
    const good = new Set(
      findings.filter(({ problem }) => !problem).map(({ shard }) => shard.index),
    );
    const missing = Math.max(0, manifest.threshold - good.size);
    const outcome = {
      generation: manifest.generation,
      threshold: manifest.threshold,
      shares: manifest.shares,
      standing,
      good: [...good].sort((a, b) => a - b),
      bad: findings.filter(({ problem }) => problem).map(({ from }) => from),
      missing,
    };
    await printAs(deps, options.format, {
      data: () => outcome,
      lines: () => toLines(outcome, findings, known),
    });
    refuseFailed(outcome);
  } finally {
    for (const { shard } of shards) shard.bytes.fill(0);
  }
}

/** All shards of a drill are of one export: the one whose manifest is at hand, or else the one in force. */
function manifestOf(shards: readonly NamedShard[], known: KnownSets | undefined): RecoveryManifest {
  const manifests = shards.flatMap(({ manifest }) => manifest ?? []);
  const [first = known?.manifest] = manifests;
  if (!first) {
    throw new SpikeError("usage", "There is no manifest to verify the shards against", {
      hint: "Pass --manifest manifest.json, or omit --offline to use the manifest of Nexus",
    });
  }
  const other = manifests.find((manifest) => !isSameSet(manifest, first));
  if (!other) return first;
  throw new SpikeError(
    "data_invalid_input",
    `The shards are of two exports, of generation ${first.generation} and ${other.generation}`,
    { hint: "Shards of different exports cannot be combined; verify one export at a time" },
  );
}

function standingOf(manifest: RecoveryManifest, known: KnownSets | undefined): Standing {
  if (!known) return "unasked";
  if (isSameSet(manifest, known.manifest)) return "in-force";
  const past = known.past.find(({ setId }) => setId === manifest.setId.toHex());
  const isOwn = manifest.storeId.toHex() === known.manifest.storeId.toHex();
  if (past?.opens && isOwn) return "opens";
  throw new SpikeError(
    past && isOwn ? "shard_of_older_root" : "data_invalid_input",
    past && isOwn
      ? `These shards are of generation ${past.generation}, of a root key that was replaced: they open nothing`
      : "These shards are from another store, or from a set that this Nexus no longer records",
    { hint: "Export new shards with `spike operator recover` and destroy these" },
  );
}

function problemOf(manifest: RecoveryManifest, { shard }: NamedShard): SpikeError | undefined {
  try {
    requireListed(manifest, shard);
    return undefined;
  } catch (error) {
    if (error instanceof SpikeError) return error;
    throw error;
  }
}

interface Outcome {
  readonly generation: number;
  readonly threshold: number;
  readonly shares: number;
  readonly standing: Standing;
  readonly good: readonly number[];
  readonly bad: readonly string[];
  readonly missing: number;
}

function toLines(
  { generation, threshold, shares, standing, good }: Outcome,
  findings: readonly (NamedShard & { problem: SpikeError | undefined })[],
  known: KnownSets | undefined,
): string[] {
  const said = {
    "in-force": known?.isProved
      ? "in force, as Nexus proves with its root key"
      : "in force, as the store of Nexus says, which has no root key now",
    "opens": "no longer current, but still of the current root key",
    "unasked": "not compared with any Nexus",
  }[standing];
  const lines = findings.map(({ shard, from, problem }) =>
    problem
      ? `Shard ${shard.index}: WRONG (${from}): ${problem.message}`
      : `Shard ${shard.index}: good (${from})`
  );
  return [
    ...lines,
    `Set    : generation ${generation}, ${threshold} of ${shares}, ${said}`,
    `Good   : ${good.length}, ${threshold} are needed`,
  ];
}

function refuseFailed({ bad, missing, threshold, good }: Outcome): void {
  if (bad.length > 0) {
    throw new SpikeError("data_invalid_input", `${bad.length} of the shards are wrong`, {
      hint: "Export new shards while Nexus has its root key",
    });
  }
  if (missing === 0) return;
  const are = good.length === 1 ? "shard is" : "shards are";
  throw new SpikeError(
    "data_invalid_input",
    `${good.length} ${are} good, but ${threshold} are needed to bring the root key back`,
  );
}
