import { Resolver, type SettingSources } from "./resolve.ts";
import type { Setting, SettingsRole } from "./setting.ts";

/** What one setting holds for a role, without the rules that bind it to others; undefined when it is wrong. */
export function peekSetting<T>(
  role: SettingsRole,
  setting: Setting<T>,
  sources: SettingSources,
): T | undefined {
  const resolver = new Resolver(role, sources);
  const value = resolver.get(setting);
  return resolver.isSound(setting) ? value : undefined;
}
