/**
 * Builds `dist/spike`: one file that plays every role, with the permission flags of `scripts/flags`.
 *
 * The packages come from a cache of its own under `dist/`, from which everything that no program loads is removed,
 * because all that is left of a package is embedded. No code cache: it would be a file at a foreseeable place in the
 * shared temporary directory, which every later start would trust.
 */
import { join } from "node:path";
import { VERSION } from "../lib/version.ts";
import { readProgram, workerEntries } from "./module_graph.ts";
import { releaseFlags } from "./release_flags.ts";
import { ROOT } from "./source_files.ts";
import { thinPackages } from "./thin_packages.ts";

const OUTPUT = "dist/spike";
const CACHE = join(ROOT, "dist/.deno");
const MAX_BYTES = 120_000_000;

/** Arguments of `deno compile` for the release. */
export function compileArguments(workers: readonly string[], flags: readonly string[]): string[] {
  return [
    "compile",
    // Types were checked before: the declarations are gone from this cache.
    "--no-check",
    "--frozen",
    "--no-code-cache",
    "--exclude-unused-npm",
    ...flags,
    ...workers.map((entry) => `--include=${entry}`),
    `--output=${OUTPUT}`,
    "main.ts",
  ];
}

async function deno(args: readonly string[], env: Record<string, string> = {}): Promise<void> {
  const command = new Deno.Command(Deno.execPath(), { args: [...args], cwd: ROOT, env });
  const { code } = await command.spawn().status;
  if (code !== 0) {
    console.error(`deno ${args[0]} failed with exit code ${code}`);
    Deno.exit(1);
  }
}

async function assertAnswers(binary: string): Promise<void> {
  const { stdout } = await new Deno.Command(binary, { args: ["version"], clearEnv: true }).output();
  const answer = new TextDecoder().decode(stdout).trim();
  if (answer !== `spike ${VERSION}`) {
    throw new Error(`${OUTPUT} version answers "${answer}", expected "spike ${VERSION}"`);
  }
}

async function compile(): Promise<void> {
  const workers = workerEntries(readProgram());
  await deno(["check", "--quiet", "main.ts", ...workers]);
  const own = { DENO_DIR: CACHE };
  await deno(["install", "--quiet", "--frozen"], own);
  await thinPackages(join(CACHE, "npm"));
  await deno(compileArguments(workers, releaseFlags()), own);
  const { size } = await Deno.stat(join(ROOT, OUTPUT));
  if (size > MAX_BYTES) {
    throw new Error(`${OUTPUT} has ${size} bytes, at most ${MAX_BYTES} expected`);
  }
  await assertAnswers(join(ROOT, OUTPUT));
  console.log(`${OUTPUT}: spike ${VERSION}, ${size} bytes, runtime of Deno ${Deno.version.deno}`);
}

if (import.meta.main) await compile();
