import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** How `spike` is run by the demo and by end-to-end tests: the executable in `SPIKE_BIN`, else this checkout. */
export interface Program {
  readonly command: string;
  /** Additions to the environment of every run. */
  readonly env: Readonly<Record<string, string>>;
}

const root = fileURLToPath(new URL("..", import.meta.url));

/** The program under test. `scripts/spike` finds the very Deno that runs this, first on PATH. */
export function spikeProgram(): Program {
  const binary = Deno.env.get("SPIKE_BIN");
  if (binary) return { command: Deno.realPathSync(binary), env: {} };
  const path = `${dirname(Deno.execPath())}:${Deno.env.get("PATH") ?? ""}`;
  return { command: `${root}scripts/spike`, env: { PATH: path } };
}

/** Downloads and checks everything that `main.ts` needs, so that later starts are quick and quiet. */
export async function cachePackages(): Promise<void> {
  if (Deno.env.get("SPIKE_BIN")) return;
  const workers = [
    "keeper/worker",
    "bootstrap/worker",
    "nexus/core/core_worker",
    "nexus/request/request_worker",
  ];
  const modules = ["main.ts", ...workers.map((name) => `roles/${name}.ts`)];
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["cache", "--quiet", ...modules],
    cwd: root,
    stdout: "null",
  }).output();
  if (!success) {
    throw new Error("The packages could not be fetched: is the npm registry reachable?");
  }
}
