/** The whole of this project on a real SPIRE: three keepers, Nexus, Bootstrap and callers, each a process. */
import { fileURLToPath } from "node:url";
import { Child } from "./child.ts";
import { installSpire } from "./install.ts";
import { Spire, TRUST_DOMAIN } from "./spire.ts";

/** Who gets which identity. A name is that of an executable of its own, by which SPIRE tells processes apart. */
export const IDENTITIES = {
  nexus: "/spike/nexus",
  "keeper-1": "/spike/keeper/1",
  "keeper-2": "/spike/keeper/2",
  "keeper-3": "/spike/keeper/3",
  bootstrap: "/spike/bootstrap",
  superuser: "/spike/pilot/role/superuser",
  operator: "/spike/pilot/role/operator",
  app: "/workload/app",
  // The same once more for the other side's program, where there is one.
  "go-nexus": "/spike/nexus",
  "go-keeper-1": "/spike/keeper/1",
  "go-keeper-2": "/spike/keeper/2",
  "go-keeper-3": "/spike/keeper/3",
  "go-bootstrap": "/spike/bootstrap",
  "go-superuser": "/spike/pilot/role/superuser",
  "go-recover": "/spike/pilot/role/recover",
  "go-restore": "/spike/pilot/role/restore",
  "go-lite": "/spike/workload/role/lite",
  "go-app": "/workload/app",
} as const;

/** A name of the table. */
export type Name = keyof typeof IDENTITIES;

const NAMES = Object.keys(IDENTITIES) as Name[];

/** A name of a process that listens. */
export type Server = "nexus" | "go-nexus" | `${"" | "go-"}keeper-${1 | 2 | 3}`;

/** The keepers of this project, by position. */
export const KEEPERS = ["keeper-1", "keeper-2", "keeper-3"] as const satisfies readonly Name[];
const NEXUS_PORT = 8553;

/** What a finished run left. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a system is started. */
export interface SystemOptions {
  /** Made anew; removed at the end. */
  readonly dir?: string;
  /** Added to the environment of every role. */
  readonly env?: Readonly<Record<string, string>>;
  /** Life of certificates by name; an hour for all others. */
  readonly ttlSeconds?: Partial<Record<Name, number>>;
  /** The program behind the names that begin with `go-`; without it they have no entries. */
  readonly peer?: string;
  readonly say?: (line: string) => void;
}

/** A SPIRE with all entries made, and the processes that were started on it. Disposing of it stops everything. */
export class System implements AsyncDisposable {
  readonly dir: string;
  readonly spire: Spire;
  /** Entry ids, to be withdrawn. */
  readonly entries = new Map<Name, string>();
  readonly #host: string;
  readonly #options: SystemOptions;
  readonly #running = new Map<Name, Child>();

  private constructor(dir: string, host: string, spire: Spire, options: SystemOptions) {
    this.dir = dir;
    this.#host = host;
    this.spire = spire;
    this.#options = options;
  }

  /** Starts SPIRE and makes all entries; no process of this project runs yet. */
  static async prepare(options: SystemOptions = {}): Promise<System> {
    const programs = await installSpire(options.say ?? (() => {}));
    const dir = options.dir ?? await Deno.makeTempDir({ prefix: "spike-spire-" });
    await Deno.mkdir(`${dir}/log`, { recursive: true });
    // An address of its own, so that any number of systems use the same ports.
    const host = ["127", ...crypto.getRandomValues(new Uint8Array(3)).map((byte) => byte % 254 + 1)]
      .join(".");
    const spire = await Spire.start({ programs, dir, host });
    const system = new System(dir, host, spire, options);
    try {
      for (const name of NAMES) if (!isPeer(name) || options.peer) await system.register(name);
      return system;
    } catch (error) {
      await system[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Prepares, and starts keepers, Nexus and Bootstrap; resolves when Nexus is ready. */
  static async start(options: SystemOptions = {}): Promise<System> {
    const system = await System.prepare(options);
    try {
      for (const name of [...KEEPERS, "nexus"] as const) await system.startRole(name);
      const { code, stderr, stdout } = await system.run("bootstrap", ["bootstrap", "-init"]);
      if (code !== 0) throw new Error(`Bootstrap ended with ${code}: ${stderr}${stdout}`);
      return system;
    } catch (error) {
      await system[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Where Nexus listens. */
  get nexusUrl(): string {
    return `https://${this.#host}:${NEXUS_PORT}`;
  }

  /** Where a keeper listens. */
  keeperUrl(position: number): string {
    return `https://${this.#host}:${NEXUS_PORT + position}`;
  }

  /** The environment of every process. */
  get env(): Record<string, string> {
    const passed = ["PATH", "HOME", "DENO_DIR", "XDG_CACHE_HOME", "TMPDIR"].flatMap((name) => {
      const value = Deno.env.get(name);
      return value === undefined ? [] : [[name, value]];
    });
    return {
      ...Object.fromEntries(passed),
      NO_COLOR: "1",
      SPIFFE_ENDPOINT_SOCKET: this.spire.endpoint,
      SPIKE_TRUST_ROOT: TRUST_DOMAIN,
      // A busy machine must not decide a test.
      SPIKE_SPIFFE_SOURCE_TIMEOUT: "60s",
      SPIKE_SYSTEM_LOG_LEVEL: "info",
      SPIKE_NEXUS_API_URL: this.nexusUrl,
      SPIKE_NEXUS_KEEPER_PEERS: KEEPERS.map((_, i) => this.keeperUrl(i + 1)).join(","),
      SPIKE_NEXUS_SHAMIR_SHARES: "3",
      SPIKE_NEXUS_SHAMIR_THRESHOLD: "2",
      ...this.#options.env,
    };
  }

  /** Makes the entry of a name, for the executable that is its own. */
  async register(name: Name): Promise<void> {
    const ttlSeconds = this.#options.ttlSeconds?.[name];
    const id = await this.spire.register({
      path: IDENTITIES[name],
      executable: await this.#executable(name),
      ...(ttlSeconds === undefined ? {} : { ttlSeconds }),
    });
    this.entries.set(name, id);
  }

  /** Deletes the entry of a name. */
  async withdraw(name: Name): Promise<void> {
    await this.spire.withdraw(this.entries.get(name) ?? "");
    this.entries.delete(name);
  }

  /** Starts a keeper or Nexus, ours or the other side's, and resolves when it listens. */
  async startRole(name: Server): Promise<Child> {
    const role = name.replace(/^go-/, "").replace(/-\d$/, "");
    const port = NEXUS_PORT + (role === "nexus" ? 0 : Number(name.slice(-1)));
    const env = {
      [`SPIKE_${role.toUpperCase()}_TLS_PORT`]: `${this.#host}:${port}`,
      SPIKE_DATA_DIR: `${this.dir}/data`,
    };
    const args = isPeer(name) ? [role] : [role, "--exit-with-stdin"];
    const child = await this.startChild(name, args, env);
    await child.until(/"event":"(listening|serving)"/);
    return child;
  }

  /** Starts any process under a name. */
  async startChild(
    name: Name,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<Child> {
    const child = new Child({
      command: await this.#executable(name),
      args: [...this.#arguments(name), ...args],
      env: { ...this.env, ...env },
      log: `${this.dir}/log/${name}.log`,
    });
    this.#running.set(name, child);
    return child;
  }

  /** The process that runs under a name. */
  child(name: Name): Child {
    const child = this.#running.get(name);
    if (!child) throw new Error(`${name} was not started`);
    return child;
  }

  /** Ends what runs under a name. */
  async stop(name: Name, signal: Deno.Signal = "SIGTERM"): Promise<void> {
    await this.child(name).end(signal);
    this.#running.delete(name);
  }

  /** Runs something to its end under a name. */
  async run(name: Name, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    const child = new Deno.Command(await this.#executable(name), {
      args: [...this.#arguments(name), ...args],
      env: { ...this.env, ...options.env },
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(options.stdin ?? "")).catch(() => {});
    await writer.close().catch(() => {});
    const { code, stdout, stderr } = await child.output();
    const [out = "", err = ""] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    return { code, stdout: out, stderr: err };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#running.values()) await child.end();
    await this.spire[Symbol.asyncDispose]();
    if (this.#options.dir === undefined) await Deno.remove(this.dir, { recursive: true });
  }

  /** The executable of a name: a further link to this project's program, whose path SPIRE sees. */
  async #executable(name: Name): Promise<string> {
    const path = `${this.dir}/bin/${name}/spike`;
    const own = Deno.env.get("SPIKE_BIN") ?? Deno.execPath();
    const original = isPeer(name) ? this.#options.peer ?? "" : own;
    try {
      await Deno.mkdir(`${this.dir}/bin/${name}`, { recursive: true });
      await Deno.link(await Deno.realPath(original), path);
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists) return path;
      // On another file system there is only a copy.
      await Deno.copyFile(original, path);
    }
    return path;
  }

  /** What makes an executable this project's program: nothing, unless it is the runtime itself. */
  #arguments(name: Name): string[] {
    if (isPeer(name) || Deno.env.get("SPIKE_BIN")) return [];
    const root = fileURLToPath(new URL("../..", import.meta.url));
    const flags = Deno.readTextFileSync(`${root}scripts/flags`).trimEnd().split("\n");
    return ["run", "--quiet", "--config", `${root}deno.json`, ...flags, `${root}main.ts`];
  }
}

function isPeer(name: Name): boolean {
  return name.startsWith("go-");
}

/** What a run is given besides its arguments. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}
