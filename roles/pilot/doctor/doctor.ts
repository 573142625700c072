import { SpikeError } from "../../../lib/error/error.ts";
import {
  loadSettings,
  peekSetting,
  type PilotSettings,
  readSettingsFile,
} from "../../../lib/config/mod.ts";
import { IDENTITY, NEXUS } from "../../../lib/config/table.ts";
import { probeKeyExchange } from "./key_exchange.ts";
import type { PilotIo } from "../io.ts";
import { examine } from "./examine.ts";
import { type Diagnosis, failure } from "./diagnosis.ts";
import type { CheckedPaths } from "./machine.ts";
import { REAL_MACHINE } from "./real_machine.ts";
import { type Format, printAs } from "../terminal/format.ts";

/** `spike doctor`: prints every finding; fails with `config_invalid` when one of them is a failure. */
export async function doctor(deps: PilotIo, format: Format): Promise<void> {
  const findings = await findAll(deps);
  await printAs(deps, format, { data: () => findings, lines: () => toLines(findings) });
  const failed = findings.filter(({ level }) => level === "failure").map(({ check }) => check);
  if (failed.length === 0) return;
  throw new SpikeError("config_invalid", `Failed: ${failed.join(", ")}`);
}

async function findAll(deps: PilotIo): Promise<Diagnosis[]> {
  const { env } = deps;
  let settings: PilotSettings;
  try {
    const file = await readSettingsFile("pilot", { env });
    settings = loadSettings({ role: "pilot", env, ...(file && { file }) });
  } catch (error) {
    if (!(error instanceof SpikeError)) throw error;
    return [
      failure(
        "settings",
        [error.headline, ...error.details].join("; "),
        error.hint ?? "See docs/configuration.md",
      ),
    ];
  }
  return await examine({
    deps,
    settings,
    paths: pathsOf(settings, env),
    machine: REAL_MACHINE,
    askKeyExchange,
    clock: Date.now,
  });
}

function pathsOf(settings: PilotSettings, env: PilotIo["env"]): CheckedPaths {
  const dataDir = peekSetting("nexus", NEXUS.dataDir, { env });
  const configFile = peekSetting("pilot", IDENTITY.configFile, { env });
  return {
    ...(settings.recoveryDir === undefined ? {} : { recoveryDir: settings.recoveryDir }),
    ...(settings.svidFiles ? { keyFile: settings.svidFiles.key } : {}),
    ...(configFile === undefined ? {} : { configFile }),
    ...(dataDir === undefined ? {} : { dataDir }),
  };
}

async function askKeyExchange(nexusUrl: string): Promise<string | undefined> {
  const { hostname, port } = new URL(nexusUrl);
  const host = hostname.replace(/^\[|\]$/g, "");
  return await probeKeyExchange({ host, port: Number(port || 443) });
}

const MARK = { ok: "ok      ", warning: "WARNING ", failure: "FAILURE " } as const;

function toLines(findings: readonly Diagnosis[]): string[] {
  const width = Math.max(...findings.map(({ check }) => check.length));
  return findings.flatMap(({ check, level, detail, advice }) => [
    `${MARK[level]}${check.padEnd(width)}  ${detail}`,
    ...(advice === undefined ? [] : [`${" ".repeat(10 + width)}-> ${advice}`]),
  ]);
}
