import { placeOf } from "./resolve.ts";
import { ROLES, type Setting, type SettingsRole } from "./setting.ts";
import { SETTINGS } from "./table.ts";

/** The default of a setting as text; empty without one. */
export function plainDefault(setting: Setting<unknown>, role: SettingsRole): string {
  const { fallbackText } = setting;
  if (fallbackText !== undefined) return fallbackText.replaceAll("`", "");
  return setting.kind.show(setting.fallback(role, placeOf({})));
}

function defaultText(setting: Setting<unknown>): string {
  if (setting.fallbackText !== undefined) return setting.fallbackText;
  const text = plainDefault(setting, "nexus");
  return text === "" ? "–" : `\`${text}\``;
}

function row(setting: Setting<unknown>): string {
  const variables = setting.variables.map(({ name }) => `\`${name}\``).join(", ");
  const readers = setting.roles.length === ROLES.length ? "all" : setting.roles.join(", ");
  const cells = [
    variables,
    `\`--${setting.name}\``,
    defaultText(setting),
    readers,
    `${setting.meaning} Expects ${setting.kind.expects}.`,
  ];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

/** The table of all settings in Markdown. */
export function settingsTable(): string {
  const head = ["Variables", "Flag (servers)", "Default", "Read by", "Meaning"];
  return [
    `| ${head.join(" | ")} |`,
    `|${head.map(() => " --- |").join("")}`,
    ...SETTINGS.map((setting) => row(setting)),
    "",
  ].join("\n");
}
