import { openClient } from "./nexus_link.ts";
import { serveControl } from "./control_server.ts";
import { createHandlers } from "./handlers.ts";
import type { Home } from "./home.ts";
import { Identities } from "./identities.ts";
import { keepShards, restoreShards } from "./kept_shards.ts";
import { removeFile, replaceFile } from "./file.ts";
import { pilotId } from "./nexus_link.ts";
import {
  endpoint,
  healthUrls,
  keeperPosition,
  nexusUrl,
  planProcesses,
  TRUST_DOMAIN,
} from "./plan.ts";
import { socketPath } from "./layout.ts";
import { writeEnv } from "./env_file.ts";
import type { Say } from "./say.ts";
import type { Self } from "./self.ts";
import { DevSystem } from "./system.ts";

/** The identity that a shell gets from `DIR/env`. */
const SHELL = "superuser";
const START_TIMEOUT_MS = 60_000;

export interface BringUpOptions {
  readonly self: Self;
  readonly env: Readonly<Record<string, string>>;
  /** Life of the identities. */
  readonly ttlMs: number;
  /** Request workers of Nexus, when asked for. */
  readonly workers?: number;
  /** How the root key is shared, when asked for. */
  readonly scheme?: string;
  /** Save the recovery shards once there are any. */
  readonly isKept: boolean;
  readonly say: Say;
  /** Resolves when it is not wanted any more. */
  readonly interrupted: Promise<void>;
  /** Takes what is done when files are to be opened anew. */
  readonly onHangUp: (handler: () => void) => void;
}

/**
 * Starts authority, processes and control socket in `home`, and resolves when the system is ready and `DIR/env`
 * is there; false when it was interrupted before. `stack` takes everything down again.
 */
export async function bringUp(
  home: Home,
  options: BringUpOptions,
  stack: AsyncDisposableStack,
): Promise<boolean> {
  const { layout, lease: { ports } } = home;
  const { self, env, ttlMs, workers, scheme, say } = options;
  const identities = stack.use(new Identities(ttlMs, say));
  const url = nexusUrl(ports);
  const client = openClient(identities, "superuser", url);
  stack.defer(async () => await (await client).close());
  const plans = planProcesses({
    layout,
    ports,
    env,
    ...(workers === undefined ? {} : { workers }),
    ...(scheme === undefined ? {} : { scheme }),
  });
  const system = new DevSystem({ self, layout, plans, identities, client, say });
  stack.defer(() => system.stop());
  const handlers = createHandlers({ system, identities, layout, nexusUrl: url, ttlMs, say });
  stack.use(await serveControl(layout.control, handlers));
  stack.defer(() => removeFile(layout.supervisor));
  const { control } = layout;
  const health = healthUrls(ports);
  await replaceFile(layout.supervisor, `${JSON.stringify({ pid: Deno.pid, control, health })}\n`);
  const ready = getReady({ home, identities, system, url, options });
  const wasInterrupted = await Promise.race([
    ready.then(() => false),
    options.interrupted.then(() => true),
  ]);
  // It fails when its processes are taken down; nobody waits for it any more.
  if (wasInterrupted) ready.catch(() => undefined);
  if (wasInterrupted) return false;
  // Gone before anything is stopped: whoever finds the file finds a system.
  stack.defer(() => removeFile(layout.env));
  await writeEnv(layout.env, {
    endpointSocket: endpoint(layout, SHELL),
    nexusUrl: url,
    trustRoot: TRUST_DOMAIN,
  });
  options.onHangUp(() => system.hangUp());
  return true;
}

interface Setup {
  readonly home: Home;
  readonly identities: Identities;
  readonly system: DevSystem;
  readonly url: string;
  readonly options: BringUpOptions;
}

async function getReady({ home, identities, system, url, options }: Setup): Promise<void> {
  const { layout, kept } = home;
  const { say } = options;
  // With a key to restore there is nothing to bootstrap.
  const names = system.names.filter((name) => name !== "bootstrap" || kept === undefined);
  const [children] = await Promise.all([
    Promise.all(names.map((name) => system.launch(name))),
    identities.serve(pilotId("superuser"), socketPath(layout, SHELL)),
  ]);
  const lasting = children.filter(({ name }) => name !== "bootstrap");
  const positions = names.flatMap((name) => keeperPosition(name) ?? []);
  const restored = kept === undefined ? undefined : restore(kept);
  const passing = children.filter(({ name }) => name === "bootstrap");
  await Promise.all([
    restored,
    system.untilReady(START_TIMEOUT_MS, positions, lasting),
    ...passing.map((child) => system.untilDone(child)),
  ]);
  if (options.isKept) await keep();

  async function restore(text: string): Promise<void> {
    await Promise.all(lasting.map((child) => system.untilListening(child)));
    const client = await openClient(identities, "restore", url);
    await restoreShards(client, text, (which, { message }) => {
      say(`${layout.kept}: shard ${which} is passed over: ${message}`);
    });
    await client.close();
    say(`Root key restored from ${layout.kept}`);
  }

  async function keep(): Promise<void> {
    const client = await openClient(identities, "recover", url);
    await keepShards(client, layout.kept);
    await client.close();
    say(
      `WARNING: ${layout.kept} contains the recovery shards as plain text; they decrypt every secret`,
    );
  }
}
