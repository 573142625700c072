import { placeOf } from "./resolve.ts";
import { ROLES, type Setting } from "./setting.ts";
import { SETTINGS } from "./table.ts";

function defaultText(setting: Setting<unknown>): string {
  if (setting.fallbackText !== undefined) return setting.fallbackText;
  const text = setting.kind.show(setting.fallback("nexus", placeOf({ HOME: "~" })));
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
