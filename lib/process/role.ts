import { SpikeError } from "../error/error.ts";
import { fileFault } from "../error/os_file_fault.ts";
import { quoteValue } from "../text/quote.ts";
import {
  loadSettings,
  type NexusSettings,
  parseFlags,
  readSettingsFile,
  type RoleSettings,
  serverHelp,
} from "../config/mod.ts";
import { asRole, sayLines } from "./prepare.ts";
import { findOutput } from "../file/output_place.ts";
import { makeOwnDirectory } from "../file/own_place.ts";
import { inspectFiles } from "./private_files.ts";

/** The roles that run as servers. */
export type ServerRole = "nexus" | "keeper" | "bootstrap";

/** How a server role begins. */
export interface RoleStart<R extends ServerRole> {
  readonly role: R;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Flags without value that are not settings and that only this role accepts. */
  readonly switches?: readonly string[];
  /** The role itself; answers the exit code. */
  readonly run: (settings: RoleSettings[R], switches: ReadonlySet<string>) => Promise<number>;
}

/**
 * Runs a server role with its settings from flags, environment and file. `--help` and `--check-config` end before
 * anything is started: the latter prints `ok` or every fault, and checks the settings only.
 */
export function runRole<R extends ServerRole>(start: RoleStart<R>): Promise<number> {
  const { role, args, env } = start;
  return asRole(args, () => serverHelp(role), async () => {
    const known = ["check-config", "exit-with-stdin", ...start.switches ?? []];
    const { flags, switches } = parseFlags(role, args, known);
    const file = await readSettingsFile(role, { env, flags });
    const settings = loadSettings({ role, env, flags, ...(file && { file }) });
    if (switches.has("check-config")) {
      sayLines("ok");
      return 0;
    }
    await lookAtFiles(role, settings, file?.path);
    return await withoutHangUp(() => start.run(settings, switches));
  });
}

/** A log rotation may send the signal before the server has opened any file: that must not end it. */
async function withoutHangUp<T>(work: () => Promise<T>): Promise<T> {
  const ignore = () => {};
  Deno.addSignalListener("SIGHUP", ignore);
  try {
    return await work();
  } finally {
    Deno.removeSignalListener("SIGHUP", ignore);
  }
}

function makeDataDirectory(path: string): void {
  try {
    makeOwnDirectory(path);
  } catch (cause) {
    if (cause instanceof SpikeError) throw cause;
    const message = `Data directory ${quoteValue(path)} cannot be made: ${fileFault(cause)}`;
    const hint = "Set SPIKE_DATA_DIR to a directory that this user may write";
    throw new SpikeError("fs_directory_creation_failed", message, { hint, cause });
  }
}

/** The owner of a sink's file can read every record. */
function requireOwnSinks(sinks: NexusSettings["auditSinks"]): void {
  for (const sink of sinks) if (sink.kind === "file") findOutput(sink.path);
}

/** Files that others can read are logged; files that they can change fail the start. */
async function lookAtFiles<R extends ServerRole>(
  role: R,
  settings: RoleSettings[R],
  settingsFile: string | undefined,
): Promise<void> {
  const keepsData = "dataDir" in settings && settings.backend !== "memory";
  if (keepsData) makeDataDirectory(settings.dataDir);
  if ("auditSinks" in settings) requireOwnSinks(settings.auditSinks);
  const loose = inspectFiles({
    keyFile: settings.svidFiles?.key,
    settingsFile,
    dataDir: keepsData ? settings.dataDir : undefined,
  });
  if (loose.length === 0) return;
  const { configureLogging, createLogger } = await import("../telemetry/log.ts");
  configureLogging({ level: settings.logLevel });
  const log = createLogger(role);
  for (const { path, mode, command } of loose) {
    log.warn("file_open_to_others", { path, mode, hint: command });
  }
}
