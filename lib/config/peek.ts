import { Resolver, type SettingSources } from "./resolve.ts";
import type { Setting, SettingsRole } from "./setting.ts";

/** The value of one setting for a role, without the rules that combine settings; undefined when it is invalid. */
export function peekSetting<T>(
  role: SettingsRole,
  setting: Setting<T>,
  sources: SettingSources,
): T | undefined {
  const resolver = new Resolver(role, sources);
  const value = resolver.get(setting);
  return resolver.isSound(setting) ? value : undefined;
}
