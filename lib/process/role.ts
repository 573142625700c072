import {
  loadSettings,
  parseFlags,
  readSettingsFile,
  type RoleSettings,
  serverHelp,
} from "../config/mod.ts";
import { asRole } from "./prepare.ts";

/** The roles that run as servers. */
export type ServerRole = "nexus" | "keeper" | "bootstrap";

/** How a server role begins. */
export interface RoleStart<R extends ServerRole> {
  readonly role: R;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Flags without value that are no settings and that only this role takes. */
  readonly switches?: readonly string[];
  /** The role itself; answers the exit code. */
  readonly run: (settings: RoleSettings[R], switches: ReadonlySet<string>) => Promise<number>;
}

/**
 * Runs a server role with its settings from flags, environment and file. `--help` and `--check-config` end before
 * anything is started: the latter says `ok`, or everything that is wrong, and looks at nothing but the settings.
 */
export function runRole<R extends ServerRole>(start: RoleStart<R>): Promise<number> {
  const { role, args, env } = start;
  return asRole(args, () => serverHelp(role), async () => {
    const known = ["check-config", "exit-with-stdin", ...start.switches ?? []];
    const { flags, switches } = parseFlags(role, args, known);
    const file = await readSettingsFile(role, { env, flags });
    const settings = loadSettings({ role, env, flags, ...(file && { file }) });
    if (switches.has("check-config")) {
      console.log("ok");
      return 0;
    }
    return await start.run(settings, switches);
  });
}
