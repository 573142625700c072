import { SpikeError } from "../api/error.ts";
import { quoteValue } from "../api/quote.ts";
import { fileFault } from "../api/file_fault.ts";
import type { SettingsFile } from "./file.ts";
import { Resolver, type SettingSources } from "./resolve.ts";
import type { SettingsRole } from "./setting.ts";
import { IDENTITY } from "./table.ts";

/**
 * Reads the file that a flag or variable names, if one does; the only part of this folder that touches a disk.
 *
 * @throws SpikeError `config_invalid` when it cannot be read
 */
export async function readSettingsFile(
  role: SettingsRole,
  sources: SettingSources,
): Promise<SettingsFile | undefined> {
  const path = new Resolver(role, sources).get(IDENTITY.configFile);
  if (path === undefined) return undefined;
  const { parseSettingsFile } = await import("./file.ts");
  return parseSettingsFile(path, await readText(path));
}

async function readText(path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new SpikeError(
      "config_invalid",
      `Settings file ${quoteValue(path)} cannot be read: ${fileFault(error)}`,
      { hint: "See SPIKE_CONFIG_FILE or --config-file", cause: error },
    );
  }
}
