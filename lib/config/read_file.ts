import { SpikeError } from "../error/error.ts";
import { readFileAtMost } from "../input/os_bounded_file.ts";
import { decodeUtf8 } from "../input/utf8.ts";
import { quoteValue } from "../text/quote.ts";
import { fileFault } from "../error/os_file_fault.ts";
import type { SettingsFile } from "./file.ts";
import { Resolver, type SettingSources } from "./resolve.ts";
import type { SettingsRole } from "./setting.ts";
import { IDENTITY } from "./table.ts";

/**
 * Reads the settings file that a flag or variable names; undefined without one. Only this module reads files.
 *
 * @throws {SpikeError} `config_invalid` when the file cannot be read
 */
export async function readSettingsFile(
  role: SettingsRole,
  sources: SettingSources,
): Promise<SettingsFile | undefined> {
  const path = new Resolver(role, sources).get(IDENTITY.configFile);
  if (path === undefined) return undefined;
  const { parseSettingsFile } = await import("./file.ts");
  return parseSettingsFile(path, readText(path));
}

/** Longest settings file; far above any real one. */
const MAX_BYTES = 1024 * 1024;

function readText(path: string): string {
  const name = `Settings file ${quoteValue(path)}`;
  let bytes: Uint8Array;
  try {
    bytes = readFileAtMost(path, MAX_BYTES, name);
  } catch (error) {
    if (error instanceof SpikeError) throw error;
    throw new SpikeError(
      "config_invalid",
      `${name} cannot be read: ${fileFault(error)}`,
      { hint: "See SPIKE_CONFIG_FILE or --config-file", cause: error },
    );
  }
  return decodeUtf8(bytes, name);
}
