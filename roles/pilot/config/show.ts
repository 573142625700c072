import { SpikeError } from "../../../lib/error/error.ts";
import { quoteValue, withoutKeys } from "../../../lib/text/quote.ts";
import {
  explainSettings,
  isSettingsRole,
  readSettingsFile,
  ROLES,
  type SettingOrigin,
} from "../../../lib/config/mod.ts";
import type { PilotIo } from "../io.ts";
import { type Format, printAs } from "../terminal/format.ts";

/** `spike config show`: what a role would read from this environment. */
export async function configShow(deps: PilotIo, role: string, format: Format): Promise<void> {
  if (!isSettingsRole(role)) {
    throw new SpikeError("usage", `Role is ${quoteValue(role)}, expected ${ROLES.join(", ")}`);
  }
  const { env } = deps;
  const file = await readSettingsFile(role, { env });
  const settings = explainSettings({ role, env, ...(file && { file }) }).map(withoutKey);
  await printAs(deps, format, { data: () => named(settings), lines: () => toLines(settings) });
}

/** A key given as a setting by mistake is not repeated where people look over a shoulder. */
function withoutKey(setting: SettingOrigin): SettingOrigin {
  return { ...setting, value: withoutKeys(setting.value) };
}

function named(settings: readonly SettingOrigin[]): Map<string, unknown> {
  return new Map(settings.map(({ name, value, origin }) => [name, { value, origin }]));
}

function toLines(settings: readonly SettingOrigin[]): string[] {
  const rows = [
    ["SETTING", "VALUE", "FROM"],
    ...settings.map(({ name, value, origin }) => [name, value || "-", origin]),
  ];
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0));
  const [names, values] = [width(0), width(1)];
  return rows.map(([name = "", value = "", origin = ""]) =>
    `${name.padEnd(names)}  ${value.padEnd(values)}  ${origin}`
  );
}
