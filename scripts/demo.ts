/**
 * `deno task demo`: a whole system in a temporary directory, a secret, and a killed Nexus that heals itself.
 * Every step is checked; the exit code is 0 only when all of them held.
 */
import { createClient } from "../lib/client/mod.ts";
import { createMtlsClient } from "../lib/mtls/mod.ts";
import { DEFAULT_TRUST_ROOTS, hasRole } from "../lib/spiffe/mod.ts";
import { openSource } from "../lib/workload_api/open_source.ts";
import { cachePackages, spikeProgram } from "./program.ts";

const PATH = "tenants/acme/db";
const PATIENCE_MS = 60_000;
const program = spikeProgram();
const base = Deno.makeTempDirSync({ prefix: "spike-demo-" });
const dir = `${base}/dev`;
const password = crypto.getRandomValues(new Uint8Array(12)).toHex();
const decoder = new TextDecoder();
const startedMs = performance.now();

function say(line: string): void {
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(2).padStart(6);
  console.log(`${seconds} s  ${line}`);
}

function assert(holds: boolean, claim: string): asserts holds {
  if (!holds) throw new Error(`This does not hold: ${claim}`);
}

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function spike(args: string[], env: Record<string, string> = {}): Promise<Ran> {
  const { code, stdout, stderr } = await new Deno.Command(program.command, {
    args,
    env: { ...program.env, ...env },
    stdin: "null",
  }).output();
  return { code, out: decoder.decode(stdout).trim(), err: decoder.decode(stderr).trim() };
}

/** Runs a command as a user would, shows it, and demands its exit code. */
async function show(args: string[], env: Record<string, string>, code = 0): Promise<string> {
  say(`$ spike ${args.join(" ").replaceAll(password, "********")}`);
  const ran = await spike(args, env);
  const text = [ran.out, ran.err].filter(Boolean).join("\n").replaceAll(password, "********");
  for (const line of text.split("\n")) console.log(`          ${line}`);
  assert(ran.code === code, `spike ${args[0]} ${args[1]} ends with ${code}, not with ${ran.code}`);
  return ran.out;
}

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  const endMs = performance.now() + PATIENCE_MS;
  while (performance.now() < endMs) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`${what} did not happen within ${PATIENCE_MS / 1000} s`);
}

/** The exports of `DIR/env`, as a shell would read them. */
function readEnv(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name = "", value = ""]) => [
      name,
      value.replace(/^'(.*)'$/, "$1"),
    ]),
  );
}

async function bringUp(): Promise<{ env: Record<string, string>; stop: () => Promise<void> }> {
  say("$ spike dev      (an authority, three keepers, Bootstrap and Nexus)");
  const beganMs = performance.now();
  const child = new Deno.Command(program.command, {
    args: ["dev", "--dir", dir],
    env: { ...program.env },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const stop = async () => {
    child.kill("SIGTERM");
    assert((await child.status).code === 0, "spike dev ends cleanly");
  };
  let hasEnded = false;
  void child.status.then(() => hasEnded = true);
  try {
    const text = await until("The system coming up", async () => {
      assert(!hasEnded, "spike dev keeps running");
      return await Deno.readTextFile(`${dir}/env`).catch(() => undefined);
    });
    const seconds = (performance.now() - beganMs) / 1000;
    say(`Ready to use after ${seconds.toFixed(2)} s: 5 processes, mutual TLS between all of them`);
    return { env: readEnv(text), stop };
  } catch (error) {
    if (!hasEnded) await stop();
    throw error;
  }
}

/** Looks for the value in every file below the directory, in the forms it might have. */
function assertNoPlaintext(): void {
  const bytes = new TextEncoder().encode(password);
  const forms = [password, bytes.toHex(), bytes.toBase64().replace(/=+$/, "")];
  let files = 0;
  let size = 0;
  const walk = (path: string) => {
    for (const entry of Deno.readDirSync(path)) {
      const inner = `${path}/${entry.name}`;
      if (entry.isDirectory) walk(inner);
      if (!entry.isFile) continue;
      const content = Deno.readFileSync(inner);
      const text = new TextDecoder("latin1").decode(content);
      assert(
        !forms.some((form) => text.includes(form)),
        `${entry.name} does not hold the password`,
      );
      files++;
      size += content.length;
    }
  };
  walk(dir);
  assert(size > 4096, "there is a database to look into");
  say(
    `The password is in none of the ${files} files (${size} bytes) of the system, the database included`,
  );
}

/** Starts Nexus and asks it for the secret until it answers; milliseconds from its start. */
async function measureRecovery(env: Record<string, string>): Promise<number> {
  const source = openSource({ endpointSocket: env["SPIFFE_ENDPOINT_SOCKET"] ?? "" }, () => {});
  await source.ready(PATIENCE_MS);
  const transport = createMtlsClient({
    source,
    isExpectedPeer: (id) => hasRole(id, "nexus", DEFAULT_TRUST_ROOTS),
    peerName: "a SPIKE Nexus",
  });
  const client = createClient({ nexusUrl: env["SPIKE_NEXUS_API_URL"] ?? "", transport });
  say("$ spike dev start nexus");
  const beganMs = performance.now();
  const started = spike(["dev", "start", "nexus", "--dir", dir]);
  const values = await until("The first read", () => client.getSecret(PATH).catch(() => undefined));
  const tookMs = performance.now() - beganMs;
  assert(values?.["pass"] === password, "the secret is the one that was put");
  assert((await started).code === 0, "spike dev start says that Nexus is ready");
  await client.close();
  await source.close();
  return tookMs;
}

async function demonstrate(env: Record<string, string>): Promise<void> {
  await show(["secret", "put", PATH, "user=ada", `pass=${password}`], env);
  const read = await show(["secret", "get", PATH, "-f", "json"], env);
  assert(JSON.parse(read)["pass"] === password, "what is read is what was put");
  assertNoPlaintext();
  await show(["dev", "kill", "keeper-3", "--dir", dir], {});
  await show(["dev", "kill", "nexus", "--dir", dir], {});
  await show(["secret", "get", PATH], env, 6);
  const tookMs = await measureRecovery(env);
  say(
    `Nexus rebuilt its root key from two of three keepers: first read ${
      tookMs.toFixed(0)
    } ms after its start`,
  );
  await show(["secret", "get", PATH, "user"], env);
  await show(["dev", "start", "keeper-3", "--dir", dir], {});
  const status = await until("Keeper 3 getting its shard back", async () => {
    const { out } = await spike(["status", "-f", "json"], env);
    return /"state":\s*"(?!ok|ready)/.test(out) ? undefined : out;
  });
  assert(JSON.parse(status).state === "ready", "Nexus is ready");
  say("Keeper 3 came back empty and has its shard again");
}

let isSound = false;
try {
  console.log("spike demo: a secrets manager that unseals itself, in a temporary directory\n");
  await cachePackages();
  const { env, stop } = await bringUp();
  try {
    await demonstrate(env);
  } finally {
    await stop();
    say("Everything is stopped");
  }
  isSound = true;
} catch (error) {
  console.error(`\nThe demo failed: ${error instanceof Error ? error.message : error}`);
}
Deno.removeSync(base, { recursive: true });
if (isSound) say("Tidied up; every step was checked");
Deno.exit(isSound ? 0 : 1);
