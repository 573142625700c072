/** What the suites call: a whole system, and single servers in states that a whole system is never in for long. */
import { spikeProgram } from "../../scripts/program.ts";
import { askSupervisor } from "../../roles/dev/control_client.ts";
import { DevSystem, temporaryDirectory } from "../e2e/harness.ts";
import { Connections } from "./connections.ts";
import { Identities, type Identity } from "./identity.ts";
import { promptly } from "./wire.ts";

/** The servers that there are. */
export type Server =
  /** Of the system, ready. */
  | "nexus"
  /** A Nexus whose keepers are down: it has no root key. */
  | "waiting"
  /** A Nexus with the memory backend. */
  | "memory"
  /** A keeper of no system, empty at first. */
  | "keeper"
  /** A Nexus over the store of the system, whose own Nexus it ends; it reaches no keeper. */
  | "sealed";

/** A system with its identities, and the single servers. */
export interface Scene extends AsyncDisposable {
  readonly system: DevSystem;
  readonly identities: Identities;
  readonly connections: Connections;
  /** Where a server listens; a single one is started when it is first asked for. */
  port(server: Server): Promise<number>;
  /** The process of a server, where it is known. */
  pid(server: Server): Promise<number>;
  /** What the servers logged so far. */
  logs(): Promise<string>;
}

/** Starts the system with so many request workers; the single servers get as many. */
export async function startScene(workers: number): Promise<Scene> {
  const stack = new AsyncDisposableStack();
  try {
    const tmp = stack.use(await temporaryDirectory());
    const args = ["--workers", String(workers)];
    const system = stack.use(await DevSystem.start(`${tmp.path}/d`, { args }));
    const identities = new Identities(system.dir);
    const connections = stack.use(new Connections());
    const started = new Map<Server, Promise<Single>>();
    const single = (server: Exclude<Server, "nexus">): Promise<Single> => {
      const known = started.get(server);
      if (known) return known;
      const starting = startSingle(server, {
        dir: `${tmp.path}/${server}`,
        system,
        identities,
        workers,
      })
        .then((each) => stack.use(each));
      started.set(server, starting);
      return starting;
    };
    return {
      system,
      identities,
      connections,
      port: async (server) =>
        server === "nexus" ? system.ports[0] ?? 0 : (await single(server)).port,
      pid: async (server) =>
        server === "nexus" ? await childOf(system) : (await single(server)).pid,
      logs: async () => {
        const singles = await Promise.all(started.values());
        return [await system.log("nexus"), ...singles.map(({ log }) => log())].join("\n");
      },
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/** The process that is Nexus, found by its parent and its arguments. */
async function childOf(system: DevSystem): Promise<number> {
  const { pid: parent } = JSON.parse(await Deno.readTextFile(`${system.dir}/supervisor.json`));
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const read = (file: string) => Deno.readTextFile(`/proc/${name}/${file}`).catch(() => "");
    if (!(await read("status")).includes(`\nPPid:\t${parent}\n`)) continue;
    if ((await read("cmdline")).split("\0").includes("nexus")) return Number(name);
  }
  throw new Error("The process of Nexus was not found");
}

interface Single extends AsyncDisposable {
  readonly port: number;
  readonly pid: number;
  log(): string;
}

interface SingleOptions {
  readonly dir: string;
  readonly system: DevSystem;
  readonly identities: Identities;
  readonly workers: number;
}

async function startSingle(
  server: Exclude<Server, "nexus">,
  { dir, system, identities, workers }: SingleOptions,
): Promise<Single> {
  const role = server === "keeper" ? "keeper" : "nexus";
  await Deno.mkdir(dir, { mode: 0o700 });
  const identity = await filesOf(await identities.of(role), dir);
  if (role === "keeper") {
    return await startProcess(role, { ...identity, SPIKE_KEEPER_TLS_PORT: freeAddress() }, 1);
  }
  const backend = server === "memory"
    ? { SPIKE_NEXUS_BACKEND_STORE: "memory" }
    : { SPIKE_NEXUS_KEEPER_PEERS: "https://127.0.0.1:1,https://127.0.0.1:2,https://127.0.0.1:3" };
  if (server === "sealed") await askSupervisor(system.dir, "kill", { name: "nexus" });
  return await startProcess(role, {
    ...identity,
    ...backend,
    SPIKE_NEXUS_TLS_PORT: freeAddress(),
    SPIKE_DATA_DIR: `${server === "sealed" ? system.dir : dir}/data`,
    SPIKE_NEXUS_WORKERS: String(workers),
  }, Math.max(workers, 1));
}

/** A process may listen only on a port that it knows beforehand. */
function freeAddress(): string {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return `127.0.0.1:${listener.addr.port}`;
}

async function filesOf(identity: Identity, dir: string): Promise<Record<string, string>> {
  const files = {
    SPIKE_SVID_FILE: [`${dir}/svid.pem`, identity.certificates],
    SPIKE_SVID_KEY_FILE: [`${dir}/key.pem`, identity.privateKey],
    SPIKE_BUNDLE_FILE: [`${dir}/bundle.pem`, identity.bundle],
  } as const;
  const env: Record<string, string> = {};
  for (const [name, [path, text]] of Object.entries(files)) {
    await Deno.writeTextFile(path, text, { mode: 0o600 });
    env[name] = path;
  }
  return env;
}

/** Starts one role and resolves when so many of its threads listen. */
async function startProcess(
  role: string,
  env: Record<string, string>,
  listeners: number,
): Promise<Single> {
  const program = spikeProgram();
  const passed = ["PATH", "HOME", "TMPDIR", "DENO_DIR", "XDG_CACHE_HOME"]
    .map((name) => [name, Deno.env.get(name)] as const)
    .filter((entry): entry is [string, string] => entry[1] !== undefined);
  const child = new Deno.Command(program.command, {
    args: [role],
    env: {
      NO_COLOR: "1",
      SPIKE_SYSTEM_LOG_LEVEL: "info",
      ...Object.fromEntries(passed),
      ...program.env,
      ...env,
    },
    clearEnv: true,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const lines: string[] = [];
  const listening = Promise.withResolvers<number>();
  const following = (async () => {
    let rest = "";
    for await (const text of child.stderr.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      lines.push(...parts);
      const ports = lines.map((line) =>
        /"event":"listening","fields":\{"port":(\d+)/.exec(line)?.[1]
      )
        .filter((port) => port !== undefined);
      if (ports.length >= listeners) listening.resolve(Number(ports[0]));
    }
    listening.reject(new Error(`A ${role} did not start:\n${lines.join("\n")}`));
  })();
  const stop = async () => {
    try {
      child.kill("SIGTERM");
    } catch (error) {
      // It has ended by itself; what it said is in its log.
      if (!(error instanceof TypeError)) throw error;
    }
    await child.status;
    await following;
  };
  try {
    const port = await promptly(
      `The start of a ${role}`,
      listening.promise,
      () => lines.join("\n"),
    );
    return { port, pid: child.pid, log: () => lines.join("\n"), [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
