import { SpikeError } from "../../../lib/error/error.ts";
import type { NexusStatus } from "../../../lib/api/status.ts";
import type { Client, ShardChanged, ShardChangeKind } from "../../../lib/client/mod.ts";
import type { PilotIo } from "../io.ts";
import { type Format, printAs } from "../terminal/format.ts";
import { withNexus } from "../session.ts";
import { WHAT_TO_DO } from "../status/status.ts";

/** How a change is asked for and told. */
export interface ShardsOptions {
  readonly format: Format;
  readonly threshold?: number | undefined;
  readonly shares?: number | undefined;
  readonly acceptsSingleSlot: boolean;
  readonly allowsThresholdOne: boolean;
}

/** What each kind gives, and what it does not: whoever runs it is to know. */
const MEANING: Readonly<Record<ShardChangeKind, readonly string[]>> = {
  "refresh": [
    "Shards of the old and the new generation cannot be mixed. But enough shards of any old generation",
    "still give this root key: only `spike operator rotate-root` retires them.",
  ],
  "reshare": [
    "Shards of the old and the new numbers cannot be mixed. But enough shards of the old ones still give",
    "this root key, with their own threshold: only `spike operator rotate-root` retires them.",
  ],
  "rotate-root": [
    "Shards exported earlier no longer open this store. They still open backups made before: destroy those",
    "backups, or the old shards.",
  ],
};

/** `spike operator refresh`, `reshare` and `rotate-root`: new shards, other numbers of them, a new root key. */
export async function operatorShards(
  deps: PilotIo,
  kind: ShardChangeKind,
  options: ShardsOptions,
): Promise<void> {
  const changed = await withNexus(deps, async ({ client }) => {
    const status = await client.status();
    if (kind === "reshare") requireNumbers(status, options);
    try {
      return await change(client, kind, status, options);
    } catch (error) {
      if (!(error instanceof SpikeError)) throw error;
      if (error.code === "keeper_not_placed") throw await withKeepers(client, error);
      throw error.code === "keepers_too_few" ? withNumbers(status, options, error) : error;
    }
  }, "superuser");
  await printAs(deps, options.format, { data: () => changed, lines: () => toLines(changed) });
  deps.stderr.print([...MEANING[kind], "Export the new shards now: spike operator recover"]);
}

/** Refuses numbers that no sharing has, before anything is sent. @throws SpikeError `usage` */
function requireNumbers(present: NexusStatus, options: ShardsOptions): void {
  const { threshold = present.threshold, shares = present.shares } = options;
  // One that holds no key may not know them; why is told where the change is refused.
  if (present.generation === undefined) return;
  const now = `It is ${present.threshold} of ${present.shares} now`;
  const most = Math.max(present.keepers.length, present.shares, 2);
  const example = `spike operator reshare --threshold ${Math.floor(most / 2) + 1} --shares ${most}`;
  const hint = `${now}; for example: ${example}`;
  if (options.threshold === undefined && options.shares === undefined) {
    throw new SpikeError("usage", "Neither --threshold nor --shares is given", {
      hint: `${hint}. For new shards in the same numbers: spike operator refresh`,
    });
  }
  if (threshold > shares) {
    const message = `Threshold is ${threshold}, more than the ${shares} shards there are to be`;
    throw new SpikeError("usage", message, { hint });
  }
  if (threshold === 1 && !options.allowsThresholdOne) {
    throw new SpikeError("usage", "Threshold is 1: each keeper alone could rebuild the root key", {
      hint: `${now}. Pass --allow-threshold-one to confirm`,
    });
  }
}

/** The refusal with the numbers that it is about. */
function withNumbers(
  { keepers, shares: present }: NexusStatus,
  { shares = present }: ShardsOptions,
  cause: SpikeError,
): SpikeError {
  const message = `${shares} shards need as many keepers, and Nexus lists ${keepers.length}`;
  return new SpikeError(cause.code, message, {
    ...(cause.hint === undefined ? {} : { hint: cause.hint }),
    cause,
  });
}

/** Names the generation that is in force now, so that a repetition by the network changes nothing twice. */
async function change(
  client: Client,
  kind: ShardChangeKind,
  { state, generation }: NexusStatus,
  { threshold, shares, acceptsSingleSlot, allowsThresholdOne }: ShardsOptions,
): Promise<ShardChanged> {
  if (generation === undefined) {
    throw new SpikeError("state_not_ready", `Nexus is ${state}, its shards cannot be changed`, {
      hint: state === "ready" ? "See `spike status`" : WHAT_TO_DO[state],
    });
  }
  return await client.changeShards(kind, {
    generation,
    ...(threshold === undefined ? {} : { threshold }),
    ...(shares === undefined ? {} : { shares }),
    acceptsSingleSlot,
    allowsThresholdOne,
  });
}

/** The refusal with what Nexus knows of its keepers. */
async function withKeepers(client: Client, error: SpikeError): Promise<SpikeError> {
  const { keepers } = await client.status();
  const bad = keepers.filter(({ state }) => state !== "ok")
    .map(({ index, state, detail }) => `keeper ${index}: ${detail ?? state}`);
  if (bad.length === 0) return error;
  return new SpikeError(error.code, `${error.message}: ${bad.join("; ")}`, {
    hint: "Start all keepers, then retry",
    cause: error,
  });
}

function toLines({ generation, threshold, shares, promoted, keks }: ShardChanged): string[] {
  const waiting = Array.from({ length: shares }, (_, i) => i + 1)
    .filter((index) => !promoted.includes(index));
  return [
    `Generation ${generation} is in force: ${threshold} of ${shares} shards`,
    ...(keks > 0
      ? [`The root key is new; ${keks} ${keks === 1 ? "key was" : "keys were"} wrapped anew`]
      : []),
    ...(waiting.length > 0
      ? [`Keeper ${waiting.join(", ")} gets its shard as soon as it is reachable`]
      : []),
  ];
}
