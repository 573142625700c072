/**
 * Sends a stream through encrypt and decrypt of a real Nexus, with the command line at both ends, and prints what memory
 * that takes: `deno task scale:stream [MiB]`, 1024 unless told otherwise. Some minutes; nothing is kept on disk.
 */
import { createHash } from "node:crypto";
import { spikeProgram } from "../../scripts/program.ts";
import { DevSystem, temporaryDirectory } from "../e2e/harness.ts";
import { peakOf, processesOf, rssMiB, type Sampled, sampling } from "./memory.ts";

const SAMPLE_MS = 100;

interface Outcome {
  readonly seconds: number;
  readonly isSame: boolean;
  readonly encrypt: Sampled;
  readonly decrypt: Sampled;
}

/** A command of the command line, from a pipe to a pipe. */
function command(system: DevSystem, ...args: string[]): Deno.ChildProcess {
  const { command, env } = spikeProgram();
  return new Deno.Command(command, {
    args: ["cipher", ...args],
    env: { ...env, ...system.env },
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

/** Bytes that differ from piece to piece, and their hash. */
async function* input(mib: number, told: (piece: Uint8Array) => void): AsyncGenerator<Uint8Array> {
  const piece = crypto.getRandomValues(new Uint8Array(65_536));
  for (let i = 0; i < mib * 16; i++) {
    new DataView(piece.buffer).setUint32(0, i);
    told(piece);
    yield piece.slice();
  }
}

async function pass(system: DevSystem, mib: number, name: string): Promise<Outcome> {
  const startedAt = performance.now();
  const encrypting = command(system, "encrypt", ...(name ? ["--key", name] : []));
  const decrypting = command(system, "decrypt", ...(name ? ["--key", name] : []));
  using encrypt = sampling(() => processesOf(encrypting.pid), SAMPLE_MS);
  using decrypt = sampling(() => processesOf(decrypting.pid), SAMPLE_MS);
  const [sent, came] = [createHash("sha256"), createHash("sha256")];
  const feeding = ReadableStream.from(input(mib, (piece) => sent.update(piece)))
    .pipeTo(encrypting.stdin);
  const between = encrypting.stdout.pipeTo(decrypting.stdin);
  for await (const piece of decrypting.stdout) came.update(piece);
  await Promise.all([feeding, between]);
  const codes = [(await encrypting.status).code, (await decrypting.status).code];
  return {
    seconds: (performance.now() - startedAt) / 1000,
    isSame: codes.every((code) => code === 0) && sent.digest("hex") === came.digest("hex"),
    encrypt: peakOf(encrypt),
    decrypt: peakOf(decrypt),
  };
}

/** The process of Nexus: the child of the supervisor that has its name for an argument. */
function nexusPid(system: DevSystem): number {
  const { pid } = JSON.parse(Deno.readTextFileSync(`${system.dir}/supervisor.json`));
  const found = processesOf(pid).find((id) =>
    Deno.readTextFileSync(`/proc/${id}/cmdline`).split("\0").includes("nexus")
  );
  if (found === undefined) throw new Error("Nexus has no process");
  return found;
}

const mib = Number(Deno.args[0] ?? 1024);
await using tmp = await temporaryDirectory();
await using system = await DevSystem.start(`${tmp.path}/d`);
const pid = nexusPid(system);
await pass(system, 8, "");
for (const name of ["", "pay"]) {
  if (name) await system.spike(["cipher", "key", "create", name]);
  const before = rssMiB([pid]);
  using server = sampling(() => [pid], SAMPLE_MS);
  const { seconds, isSame, encrypt, decrypt } = await pass(system, mib, name);
  const { peak } = peakOf(server);
  console.log(`${mib} MiB under ${name || "the default key"}: ${isSame ? "same" : "NOT THE SAME"}`);
  console.log(`  ${seconds.toFixed(1)} s, ${(mib / seconds).toFixed(0)} MiB/s there and back`);
  console.log(`  Nexus: ${before} MiB before, ${peak} at most, ${rssMiB([pid])} after`);
  console.log(
    `  encrypt: ${encrypt.first} MiB at first, ${encrypt.peak} at most, ${encrypt.last} at last`,
  );
  console.log(
    `  decrypt: ${decrypt.first} MiB at first, ${decrypt.peak} at most, ${decrypt.last} at last`,
  );
  if (!isSame) Deno.exitCode = 1;
}
