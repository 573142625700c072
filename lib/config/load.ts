import { SpikeError } from "../error/error.ts";
import { quoteValue } from "../text/quote.ts";
import { Resolver, type SettingSources } from "./resolve.ts";
import type { SettingsRole } from "./setting.ts";
import { READERS, type RoleSettings } from "./settings.ts";
import { SETTINGS } from "./table.ts";

/** The role and the sources of its settings. */
export interface SettingsRequest<R extends SettingsRole> extends SettingSources {
  /** The role whose settings are read. */
  readonly role: R;
}

/** The effective value of one setting and its origin. */
export interface SettingOrigin {
  /** Name of the setting. */
  readonly name: string;
  /** Canonical text of the value, empty for one that is absent. */
  readonly value: string;
  /** A flag, variables, a file, or `default`. */
  readonly origin: string;
}

function refuseUnknownNames(role: SettingsRole, sources: SettingSources): string[] {
  const known = SETTINGS.filter(({ roles }) => roles.includes(role));
  const isUnknown = (name: string) => known.every((setting) => setting.name !== name);
  const flags = Object.keys(sources.flags ?? {}).filter(isUnknown).map((name) =>
    `--${name} is not a flag of ${role}`
  );
  const lines = Object.keys(sources.file?.values ?? {}).filter(isUnknown).map((name) =>
    `${quoteValue(name)} in ${sources.file?.path ?? "the file"} is not a setting of ${role}`
  );
  return [...flags, ...lines];
}

function read<R extends SettingsRole>(request: SettingsRequest<R>) {
  const resolver = new Resolver(request.role, request);
  const settings = READERS[request.role](resolver);
  const problems = [...refuseUnknownNames(request.role, request), ...resolver.problems];
  if (problems.length > 0) {
    const [only = ""] = problems;
    if (problems.length === 1) throw new SpikeError("config_invalid", only);
    throw new SpikeError("config_invalid", `${problems.length} settings are invalid`, {
      details: problems,
    });
  }
  return { settings, resolver };
}

/**
 * Loads the settings of one role. Flags override the environment, which overrides the file.
 *
 * @throws {SpikeError} `config_invalid` that names every invalid setting, its value and what was expected
 *
 * @example
 * ```ts ignore
 * const { listen, backend } = loadSettings({ role: "nexus", env: Deno.env.toObject() });
 * ```
 */
export function loadSettings<R extends SettingsRole>(request: SettingsRequest<R>): RoleSettings[R] {
  return read(request).settings;
}

/**
 * Lists the effective settings of one role and the origin of each.
 *
 * @throws {SpikeError} `config_invalid` as {@linkcode loadSettings}
 */
export function explainSettings(request: SettingsRequest<SettingsRole>): readonly SettingOrigin[] {
  const { resolver } = read(request);
  return SETTINGS.flatMap((setting) => {
    const resolved = resolver.resolved.get(setting.name);
    if (resolved === undefined) return [];
    return [{
      name: setting.name,
      value: setting.kind.show(resolved.value),
      origin: resolved.origin,
    }];
  });
}
