/** Builds the other side's program from `go/`, and keeps what was built by what it was built from. */
import assert from "node:assert/strict";
import { go, peersCache } from "../../scripts/spire/install.ts";
import type { Name, RunOptions, System } from "../../scripts/spire/system.ts";
import { findingsIn, settle } from "./findings.ts";

const SOURCES = new URL("./go/", import.meta.url);

/** The executable. */
export async function buildPeer(): Promise<string> {
  const path = `${peersCache()}/interop-${await digest()}`;
  if (await Deno.stat(path).then(() => true, () => false)) return path;
  await Deno.mkdir(peersCache(), { recursive: true });
  const unfinished = await Deno.makeTempFile({ dir: peersCache() });
  const args = ["build", "-trimpath", "-buildvcs=false", "-o", unfinished, "."];
  await go(args, { cwd: SOURCES.pathname, env: { CGO_ENABLED: "0" } });
  await Deno.rename(unfinished, path);
  return path;
}

/** Switches what release builds of SPIKE in Go have on: FIPS 140-3 mode. */
export const FIPS = { GODEBUG: "fips140=on" };

/** Runs a part of the peer under a name, and keeps what it found; answers its last line. */
export async function runPart(
  system: System,
  name: Name,
  part: string,
  options: RunOptions = {},
): Promise<string> {
  const { code, stdout, stderr } = await system.run(name, [part], options);
  assert.equal(code, 0, `${part}: ${stderr}${stdout}`);
  settle(part, findingsIn(stdout));
  return stdout.trimEnd().split("\n").at(-1) ?? "";
}

async function digest(): Promise<string> {
  const names = [...Deno.readDirSync(SOURCES)].map(({ name }) => name).toSorted();
  const texts = names.map((name) => `${name}\n${Deno.readTextFileSync(new URL(name, SOURCES))}`);
  const bytes = new TextEncoder().encode(texts.join("\n"));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex().slice(0, 16);
}
