/**
 * One program for every role: the first argument chooses which. Each role is imported only when it is chosen, so
 * that the command line starts at once.
 */
import { readEnvironment } from "./lib/config/environment.ts";

type Role = (args: readonly string[], env: Record<string, string>) => Promise<number>;

const ROLES: Readonly<Record<string, () => Promise<Role>>> = {
  nexus: async () => (await import("./roles/nexus/mod.ts")).runNexus,
  keeper: async () => (await import("./roles/keeper/mod.ts")).runKeeper,
  bootstrap: async () => (await import("./roles/bootstrap/mod.ts")).runBootstrapRole,
  dev: async () => (await import("./roles/dev/mod.ts")).runDev,
};

const [name = "", ...rest] = Deno.args;
const role = Object.hasOwn(ROLES, name) ? ROLES[name] : undefined;
const env = readEnvironment();
if (role) Deno.exit(await (await role())(rest, env));
const { runPilot, realIo } = await import("./roles/pilot/mod.ts");
Deno.exit(await runPilot(Deno.args, realIo(env)));
