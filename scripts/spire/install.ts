/**
 * Builds SPIRE's server and agent from the Go module proxy, once: what was built is kept in a cache.
 *
 * They are built from the module's own sources in a folder of their own, not by `go install`: that asks the proxy for
 * all versions there are, and it would need a module that the proxy does not give (`LEFT_OUT`).
 */
import { dirname } from "node:path";

/** The version that is built. */
export const SPIRE_VERSION = "v1.15.3";

/** Both programs. */
export interface SpirePrograms {
  readonly server: string;
  readonly agent: string;
}

const MODULE = "github.com/spiffe/spire";
/** A plugin whose client library cannot be had from the proxy; it talks to a commercial certificate authority. */
const LEFT_OUT = { name: "ejbca", catalog: "pkg/server/catalog/upstreamauthority.go" };

/** Where what was built for these tests is kept: `spike-peers` in the XDG cache directory. */
export function peersCache(): string {
  const cache = Deno.env.get("XDG_CACHE_HOME") || `${Deno.env.get("HOME")}/.cache`;
  return `${cache}/spike-peers`;
}

/** Whether there is Go at all. */
export async function hasGo(): Promise<boolean> {
  try {
    return (await new Deno.Command("go", { args: ["version"], stdout: "null" }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The programs, built if they are not there yet; of several at once, one builds and the others wait. */
export async function installSpire(say: (line: string) => void): Promise<SpirePrograms> {
  const dir = `${peersCache()}/spire-${SPIRE_VERSION}`;
  await Deno.mkdir(dir, { recursive: true });
  using lock = await Deno.open(`${dir}/lock`, { create: true, write: true });
  await lock.lock(true);
  const programs = { server: `${dir}/spire-server`, agent: `${dir}/spire-agent` };
  if (await exists(programs.server) && await exists(programs.agent)) return programs;
  say(`Building SPIRE ${SPIRE_VERSION}: 6 to 12 minutes on two idle cores, once`);
  const source = `${dir}/source`;
  await copySource(source);
  // SQLite is C, and only the server has it.
  await build(source, "spire-server", programs.server, { CGO_ENABLED: "1" });
  await build(source, "spire-agent", programs.agent, { CGO_ENABLED: "0" });
  await Deno.remove(source, { recursive: true });
  return programs;
}

/** Runs Go and answers what it printed. */
export async function go(
  args: readonly string[],
  options: { cwd?: string; env?: Record<string, string> } = {},
): Promise<string> {
  const { success, stdout } = await new Deno.Command("go", {
    args: [...args],
    ...options,
    stdout: "piped",
    stderr: "inherit",
  }).output();
  if (!success) throw new Error(`go ${args.slice(0, 2).join(" ")} has failed, see above`);
  return new TextDecoder().decode(stdout);
}

/** Downloads the module and copies it to where its files may be changed. */
async function copySource(source: string): Promise<void> {
  const answer = await go(["mod", "download", "-json", `${MODULE}@${SPIRE_VERSION}`]);
  await Deno.remove(source, { recursive: true }).catch(() => {});
  await new Deno.Command("cp", { args: ["-R", JSON.parse(answer).Dir, source] }).output();
  await new Deno.Command("chmod", { args: ["-R", "u+w", source] }).output();
  const catalog = `${source}/${LEFT_OUT.catalog}`;
  const lines = (await Deno.readTextFile(catalog)).split("\n");
  const kept = lines.filter((line) => !line.includes(LEFT_OUT.name));
  // An import and a call: anything else means that this version is put together in another way.
  if (lines.length - kept.length !== 2) throw new Error(`${catalog} is not as expected`);
  await Deno.writeTextFile(catalog, kept.join("\n"));
  await Deno.remove(`${source}/pkg/server/plugin/upstreamauthority/${LEFT_OUT.name}`, {
    recursive: true,
  });
}

/** Builds one program, and puts it in its place only when it is whole. */
async function build(
  source: string,
  name: string,
  to: string,
  env: Record<string, string>,
): Promise<void> {
  const flags = `-s -w -X ${MODULE}/pkg/common/version.gittag=${SPIRE_VERSION.slice(1)}`;
  const unfinished = `${dirname(to)}/unfinished`;
  const args = ["build", "-trimpath", "-buildvcs=false", "-ldflags", flags, "-o", unfinished];
  await go([...args, `./cmd/${name}`], { cwd: source, env });
  const { success, stderr } = await new Deno.Command(unfinished, { args: ["--version"] }).output();
  if (!success) throw new Error(`${name} does not start: ${new TextDecoder().decode(stderr)}`);
  await Deno.rename(unfinished, to);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
