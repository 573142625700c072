import { SpikeError } from "../../../lib/error/error.ts";
import { bringUp } from "../bring_up.ts";
import { shellQuote } from "../env_file.ts";
import { SCHEMES } from "../../../lib/shamir/scheme.ts";
import { type Home, openHome } from "../home.ts";
import type { CommandContext } from "../command_context.ts";
import {
  choiceFlag,
  directoryOf,
  durationFlag,
  type Given,
  integerFlag,
  noWords,
  parseOptions,
} from "../options.ts";
import { healthUrls, KEEPERS } from "../plan.ts";
import { openRuntimeBase } from "../runtime_base.ts";
import { programName } from "../self.ts";
import { sayOnStderr as say } from "../say.ts";
import { listenForSignals } from "../signals.ts";
import { sayLines } from "../../../lib/process/prepare.ts";

const SVID_TTL_MS = 3_600_000;

/** `spike dev`: brings everything up, then runs until it is told to stop. */
export async function up({ args, env, self }: CommandContext): Promise<number> {
  const given = noWords(parseOptions(args, {
    flags: ["dir", "workers", "shamir-scheme", "svid-ttl"],
    switches: ["ephemeral", "keep", "reset"],
  }));
  refuseContradictions(given);
  const scheme = choiceFlag(given, "shamir-scheme", SCHEMES);
  const workers = integerFlag(given, "workers", 0, 64);
  const ttlMs = durationFlag(given, "svid-ttl") ?? SVID_TTL_MS;
  using interruption = listenForSignals();
  const interrupted = interruption.happened;
  await using stack = new AsyncDisposableStack();
  say("spike dev is for development only: nothing that it makes protects anything");
  const home = await openHome({
    dir: given.switches.has("ephemeral")
      ? await temporaryDirectory(stack)
      : directoryOf(given, env),
    runtimeBase: await openRuntimeBase(env),
    keepers: KEEPERS,
    isReset: given.switches.has("reset"),
    env,
    say,
  }, stack);
  const isReady = await bringUp(home, {
    self: self(),
    env,
    ttlMs,
    ...(workers === undefined ? {} : { workers }),
    ...(scheme === undefined ? {} : { scheme }),
    isKept: given.switches.has("keep") || home.kept !== undefined,
    say,
    interrupted,
    onHangUp: interruption.onHangUp,
  }, stack);
  if (isReady) {
    say(`Ready after ${(performance.now() / 1000).toFixed(1)} s`);
    sayLines(...usageOf(home).split("\n"));
    await interrupted;
  }
  say("Stopping");
  return 0;
}

function refuseContradictions({ flags, switches }: Given): void {
  if (!switches.has("ephemeral")) return;
  const others = [
    ...(flags["dir"] === undefined ? [] : ["dir"]),
    ...["keep", "reset"].filter((name) => switches.has(name)),
  ];
  if (others.length === 0) return;
  throw new SpikeError(
    "usage",
    `--ephemeral cannot be combined with ${others.map((name) => `--${name}`).join(" and ")}`,
  );
}

async function temporaryDirectory(stack: AsyncDisposableStack): Promise<string> {
  const dir = await Deno.makeTempDir({ prefix: "spike-dev-" });
  stack.defer(() => Deno.remove(dir, { recursive: true }));
  return dir;
}

function usageOf({ layout: { dir, env, log }, lease: { ports } }: Home): string {
  const spike = programName();
  const { nexus } = healthUrls(ports);
  return [
    "",
    "In another terminal:",
    `  . ${shellQuote(env)}`,
    `  ${spike} secret put tenants/acme/db user=ada`,
    `  ${spike} secret get tenants/acme/db`,
    "",
    `Health of Nexus: ${nexus}/readyz and /metrics; the keepers' are on ports ${
      ports.health.keepers.join(", ")
    }.`,
    `Logs are in ${log}. To simulate a failure: ${spike} dev kill nexus --dir ${shellQuote(dir)}`,
    "Ctrl-C stops the system.",
  ].join("\n");
}
