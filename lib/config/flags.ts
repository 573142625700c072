import { SpikeError } from "../error/error.ts";
import { quoteValue } from "../text/quote.ts";
import type { SettingsRole } from "./setting.ts";
import { flag } from "./kind.ts";
import { SETTINGS } from "./table.ts";

/** A role's command line, taken apart. */
export interface RoleArguments {
  /** For `loadSettings`. */
  readonly flags: Readonly<Record<string, string>>;
  /** Those of `switches` that were given. */
  readonly switches: ReadonlySet<string>;
}

/** Each flag of `role`, and whether it can stand without a value. */
function flagNames(role: SettingsRole): Map<string, boolean> {
  return new Map(
    SETTINGS.filter(({ roles }) => roles.includes(role))
      .map((setting) => [setting.name, setting.kind === flag]),
  );
}

/** A flag of a server role, as help and completion show it. */
export interface RoleFlag {
  /** Without dashes. */
  readonly name: string;
  readonly meaning: string;
  /** Whether it can stand without a value. */
  readonly isSwitch: boolean;
}

/** Flags of every server role that are no settings. */
export const ROLE_SWITCHES: readonly RoleFlag[] = [
  {
    name: "check-config",
    meaning: "Validate the settings and exit.",
    isSwitch: true,
  },
  { name: "help", meaning: "Print this help and exit.", isSwitch: true },
];

/** Every flag of a server role. */
export function roleFlags(role: Exclude<SettingsRole, "pilot">): readonly RoleFlag[] {
  const settings = SETTINGS.filter(({ roles }) => roles.includes(role))
    .map(({ name, meaning, kind }) => ({ name, meaning, isSwitch: kind === flag }));
  return [...settings, ...ROLE_SWITCHES];
}

/**
 * Takes `--name value`, `--name=value` and bare `--name` (for a setting that is true or false) apart.
 * `switches` are the caller's own flags, which take no value.
 *
 * @throws SpikeError `usage` for anything else
 *
 * @example
 * ```ts
 * parseFlags("nexus", ["--workers", "0", "--check-config"], ["check-config"]);
 * ```
 */
export function parseFlags(
  role: SettingsRole,
  args: readonly string[],
  switches: readonly string[] = [],
): RoleArguments {
  const names = flagNames(role);
  const flags: Record<string, string> = {};
  const given = new Set<string>();
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    const match = /^--?([a-z][a-z0-9-]*)(?:=(.*))?$/s.exec(arg);
    const name = match?.[1] ?? "";
    const isFlag = names.has(name);
    const isSwitch = switches.includes(name);
    if (!isFlag && !(isSwitch && match?.[2] === undefined)) {
      throw new SpikeError("usage", `Argument ${quoteValue(arg)} is not known to ${role}`, {
        hint: `Run: spike ${role} --help`,
      });
    }
    if (isSwitch) {
      given.add(name);
      continue;
    }
    flags[name] = match?.[2] ?? (names.get(name) ? "true" : valueOf(arg, rest));
  }
  return { flags, switches: given };
}

function valueOf(arg: string, rest: string[]): string {
  const value = rest.shift();
  if (value === undefined) throw new SpikeError("usage", `Flag ${arg} needs a value`);
  return value;
}
