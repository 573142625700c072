import { type ErrorCode, SpikeError } from "../../lib/error/error.ts";
import type { BootstrapSettings } from "../../lib/config/mod.ts";
import type { KeeperClient, ShardSet, StampedShard } from "../../lib/recovery/mod.ts";
import { drawRootKey, shardsOf } from "../../lib/recovery/mod.ts";
import { constantTimeEqual, wipe } from "../../lib/bytes/mod.ts";
import { deriveVerifyKey, makeProbe, type Probe, type RandomSource } from "../../lib/seal/mod.ts";
import { combine } from "../../lib/shamir/mod.ts";
import type { NexusStatus } from "../../lib/api/mod.ts";
import { decide, type KeeperFinding, type Survey } from "./survey.ts";
import { retry, type RetryDeps } from "./retry.ts";

/** Nexus as Bootstrap needs it. */
export interface NexusClient {
  /**
   * Rejects with `net_peer_connection` when there is no answer. An original Nexus does not know the question: it
   * rejects with `state_not_ready` as long as it has no root key, then with `api_bad_request`.
   */
  status(): Promise<NexusStatus>;
  /** The hash that Nexus answers. */
  verify(probe: Probe): Promise<string>;
}

export interface BootstrapDeps {
  readonly settings: BootstrapSettings;
  readonly keepers: readonly KeeperClient[];
  readonly nexus: NexusClient;
  /** 32 bytes, zeroed; locked memory where there is any. Zeroed again before this returns. */
  readonly rootKey: Uint8Array;
  readonly random: RandomSource;
  readonly clock: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** One line for a person. */
  readonly say: (line: string) => void;
}

/**
 * Makes the root key once: look, generate, split, hand out, prove. Killed at any point it can simply be run
 * again: until a Nexus has confirmed them, keepers let their shards be replaced.
 */
export async function runBootstrap(deps: BootstrapDeps): Promise<void> {
  const found = await survey(deps);
  const decision = decide(found);
  if (decision.kind === "refuse") throw decision.error;
  if (decision.kind === "done") return deps.say(decision.why);
  const { settings, rootKey, random } = deps;
  const set: ShardSet = {
    scheme: settings.scheme,
    setId: random(16),
    generation: 1,
    threshold: settings.threshold,
    shares: settings.shares,
  };
  try {
    const drawn = drawRootKey(random, set.scheme);
    rootKey.set(drawn);
    wipe(drawn);
    await distribute(rootKey, set, deps);
    // Where a keeper drops stamps Nexus may not know the set, and an original Nexus, with which p256 is shared,
    // never does. Ours takes the original's proof just as well.
    const areStampsKept = found.keepers.every((finding) => typeof finding === "object");
    const isSetKnown = areStampsKept && set.scheme === "gf256";
    const key = isSetKnown ? deriveVerifyKey(rootKey, set.setId) : rootKey;
    try {
      await prove(key, deps);
    } finally {
      wipe(key);
    }
  } finally {
    wipe(rootKey);
  }
  deps.say(
    "Done: Nexus holds the root key. Set SPIKE_BOOTSTRAP_COMPLETED=true to skip bootstrap from now on",
  );
}

async function survey({ nexus, keepers, settings }: BootstrapDeps): Promise<Survey> {
  const isFailure = (error: unknown, ...codes: ErrorCode[]) =>
    error instanceof SpikeError && codes.includes(error.code);
  const look = async (keeper: KeeperClient): Promise<KeeperFinding> => {
    try {
      return await keeper.probe() ?? "silent";
    } catch (error) {
      if (isFailure(error, "net_peer_connection")) return "unreachable";
      throw error;
    }
  };
  const ask = async (): Promise<Survey["nexus"]> => {
    try {
      return await nexus.status();
    } catch (error) {
      if (isFailure(error, "net_peer_connection", "state_not_ready")) return undefined;
      if (isFailure(error, "api_bad_request")) return { state: "ready", initialized: true };
      throw error;
    }
  };
  const [status, findings] = await Promise.all([
    ask(),
    Promise.all(keepers.map(look)),
  ]);
  return { nexus: status, keepers: findings, isForced: settings.force };
}

async function distribute(rootKey: Uint8Array, set: ShardSet, deps: BootstrapDeps): Promise<void> {
  const shards = shardsOf(rootKey, set);
  try {
    assertRebuilds(rootKey, shards, set);
    const policy = {
      firstPauseMs: deps.settings.retryInitialMs,
      lastPauseMs: deps.settings.retryMaxMs,
      totalMs: deps.settings.keeperTimeoutMs,
      maxAttempts: deps.settings.keeperMaxRetries,
    };
    let hasFailed = false;
    const give = async (keeper: KeeperClient) => {
      const shard = shards[keeper.index - 1];
      if (!shard) throw new Error(`There is no shard for keeper ${keeper.index}`);
      const work = () => keeper.contribute(shard, { isForced: deps.settings.force });
      const { isWorthRetrying, ...rest } = retryDeps(
        deps,
        `keeper ${keeper.index} at ${keeper.url}`,
      );
      try {
        await retry(work, policy, {
          ...rest,
          // A set that cannot be complete is of no use: the next run makes a new one.
          isWorthRetrying: (error) => !hasFailed && isWorthRetrying(error),
        });
      } catch (error) {
        hasFailed = true;
        throw error;
      }
      deps.say(`Keeper ${keeper.index} has its shard`);
    };
    // All must be over before the shards are wiped: one that tried again afterwards would send zeros.
    const outcomes = await Promise.allSettled(deps.keepers.map(give));
    for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  } finally {
    for (const { bytes } of shards) wipe(bytes);
  }
}

/** A split that does not rebuild its key must never leave this process. */
function assertRebuilds(
  rootKey: Uint8Array,
  shards: readonly StampedShard[],
  { threshold, scheme }: ShardSet,
): void {
  const rebuilt = combine(
    shards.slice(-threshold).map(({ stamp, bytes }) => ({ index: stamp.index, bytes })),
    threshold,
    scheme,
  );
  const isSame = constantTimeEqual(rebuilt, rootKey);
  wipe(rebuilt);
  if (!isSame) throw new Error("The shards do not rebuild the key that they were made from");
}

/** Shows Nexus a text that only the holder of the root key can read. Wipes nothing. */
async function prove(key: Uint8Array, deps: BootstrapDeps): Promise<void> {
  const policy = {
    firstPauseMs: 100,
    lastPauseMs: 5_000,
    totalMs: deps.settings.verificationTimeoutMs,
  };
  const attempt = async () => {
    const probe = makeProbe(key, deps.random);
    const hash = await deps.nexus.verify(probe).catch((error) => explainRefusal(error, deps));
    if (hash === probe.expectedHash) return;
    throw new SpikeError(
      "crypto_cipher_verification_failed",
      "Nexus answered the proof with a wrong hash",
      { hint: "Nexus has another root key; bootstrap stopped" },
    );
  };
  await retry(attempt, policy, retryDeps(deps, "Nexus"));
}

/** A proof that a ready Nexus does not take will never be taken: another run was first. */
async function explainRefusal(error: unknown, { nexus }: BootstrapDeps): Promise<never> {
  const isRefusal = error instanceof SpikeError &&
    (error.code === "api_internal_error" || error.code === "crypto_decryption_failed");
  const status = isRefusal ? await nexus.status().catch(() => undefined) : undefined;
  if (status?.state !== "ready") throw error;
  throw new SpikeError(
    "state_already_initialized",
    "Another run of Bootstrap finished first: Nexus is ready with the root key of that run",
    { hint: "Nothing to do; Nexus sends every keeper its own shard again" },
  );
}

/** Codes after which the same call may well succeed: nobody there yet, or not ready yet. */
const PASSING = [
  "net_peer_connection",
  "state_not_ready",
  "api_internal_error",
  "crypto_decryption_failed",
];

function retryDeps(deps: BootstrapDeps, who: string): RetryDeps {
  let lastSaid = "";
  return {
    ...deps,
    isWorthRetrying: (error) => error instanceof SpikeError && PASSING.includes(error.code),
    onFailure: (error) => {
      const why = error instanceof Error ? error.message : String(error);
      if (why !== lastSaid) deps.say(`Waiting for ${who}: ${why}`);
      lastSaid = why;
    },
  };
}
