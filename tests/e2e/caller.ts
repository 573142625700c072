/** Calls the servers of a development system under any identity. */
import assert from "node:assert/strict";
import { createMtlsClient, type MtlsAnswer } from "../../lib/mtls/mod.ts";
import { combine } from "../../lib/shamir/mod.ts";
import { openSource } from "../../lib/workload_api/open_source.ts";
import type { DevSystem } from "./harness.ts";

/** Who sends messages to any of the servers. */
export interface SystemCaller extends AsyncDisposable {
  post(url: string, message: unknown): Promise<MtlsAnswer>;
}

/** Writes the files of an identity and makes a client of it. */
export async function as(system: DevSystem, id: string, out: string): Promise<SystemCaller> {
  const ran = await system.dev("svid", "--id", `spiffe://spike.ist/${id}`, "--out", out);
  assert.equal(ran.code, 0, ran.stderr);
  const svidFiles = { svid: `${out}/svid.pem`, key: `${out}/key.pem`, bundle: `${out}/bundle.pem` };
  const source = openSource({ endpointSocket: "", svidFiles }, () => {});
  await source.ready(5_000);
  const transport = createMtlsClient({ source, isExpectedPeer: () => true, peerName: "anyone" });
  return {
    post: (url, message) => transport.post(url, JSON.stringify(message)),
    [Symbol.asyncDispose]: async () => {
      await transport.close();
      await source.close();
    },
  };
}

/** The JSON object of an answer. */
export function json({ body }: MtlsAnswer): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(body));
}

/** The shards in force of a system with threshold two, as who may export them gets them, and its root key. */
export async function exported(
  system: DevSystem,
  out: string,
): Promise<{ rootKey: Uint8Array; shards: readonly { index: number; bytes: Uint8Array }[] }> {
  await using recover = await as(system, "spike/pilot/role/recover", out);
  const answer = await recover.post(`${system.env["SPIKE_NEXUS_URL"]}/v1/operator/recover`, {});
  const shards = Object.entries(json(answer)["shards"] as Record<string, number[]>)
    .map(([index, bytes]) => ({ index: Number(index), bytes: Uint8Array.from(bytes) }));
  return { rootKey: combine(shards.slice(0, 2), 2), shards };
}

/** A process of a system. */
export interface SystemProcess {
  readonly pid: number;
  /** With a zero byte after each. */
  readonly cmdline: string;
  readonly environ: string;
}

/** The supervisor of a system and all processes that it has started and that run now. */
export async function processesOf(system: DevSystem): Promise<SystemProcess[]> {
  const { pid } = JSON.parse(
    await Deno.readTextFile(`${system.dir}/supervisor.json`),
  ) as { pid: number };
  const found: SystemProcess[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    // They forbid others to look into them; their owner, and root, still may. Some end while one looks.
    const read = (file: string) => Deno.readTextFile(`/proc/${name}/${file}`).catch(() => "");
    const isOne = Number(name) === pid || (await read("status")).includes(`\nPPid:\t${pid}\n`);
    if (!isOne) continue;
    const [cmdline, environ] = [await read("cmdline"), await read("environ")];
    found.push({ pid: Number(name), cmdline, environ });
  }
  return found;
}
