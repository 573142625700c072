import { plainDefault } from "./documentation.ts";
import { ROLE_SWITCHES } from "./flags.ts";
import type { SettingsRole } from "./setting.ts";
import { SETTINGS } from "./table.ts";

/** What a server role is for, and a call of it that works. */
const ROLE_TEXT: Readonly<
  Record<Exclude<SettingsRole, "pilot">, { what: string; example: string }>
> = {
  nexus: {
    what: "Run Nexus, the server that stores secrets, until it is stopped.",
    example: "SPIKE_NEXUS_KEEPER_PEERS=https://k1:8554,https://k2:8554,https://k3:8554 spike nexus",
  },
  keeper: {
    what: "Run a keeper, which holds one shard of the root key in memory.",
    example: "spike keeper --keeper-listen :8554",
  },
  bootstrap: {
    what: "Create the root key once and send its shards to the keepers.",
    example:
      "SPIKE_NEXUS_KEEPER_PEERS=https://k1:8554,https://k2:8554,https://k3:8554 spike bootstrap",
  },
};

/** The help of a server role: every flag with its variable and default, from the table of settings. */
export function serverHelp(role: Exclude<SettingsRole, "pilot">): string {
  const rows = SETTINGS.filter(({ roles }) => roles.includes(role)).map((setting) => [
    `--${setting.name}`,
    setting.variables[0]?.name ?? "",
    plainDefault(setting, role),
  ]);
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const lines = rows.map(([name = "", variable = "", value = ""]) =>
    `  ${name.padEnd(width(0))}  ${variable.padEnd(width(1))}  ${value}`.trimEnd()
  );
  const switches = ROLE_SWITCHES.map(({ name, meaning }) =>
    `  ${`--${name}`.padEnd(width(0))}  ${meaning}`
  );
  const { what, example } = ROLE_TEXT[role];
  return [
    `Usage: spike ${role} [flags]`,
    "",
    what,
    "",
    "Flags (--name value), the environment variables that they override, and defaults:",
    ...lines,
    "",
    "Flags that print and exit:",
    ...switches,
    "",
    "Example:",
    `  $ ${example}`,
    "",
  ].join("\n");
}
