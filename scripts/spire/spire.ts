/** A SPIRE server and an agent of its own, on loopback and unix sockets, with join-token attestation. */
import { boundToStdin, Child } from "./child.ts";
import type { SpirePrograms } from "./install.ts";

/** The trust domain of every such system. */
export const TRUST_DOMAIN = "spike.ist";
const PORT = 18081;
const AGENT_ID = `spiffe://${TRUST_DOMAIN}/spire-agent`;

/** How SPIRE is started. */
export interface SpireOptions {
  readonly programs: SpirePrograms;
  /** Holds configurations, sockets, data and logs; at most some 80 bytes long, for the sake of the sockets. */
  readonly dir: string;
  /** Where the server listens: an address of loopback. */
  readonly host: string;
}

/** A registration entry. */
export interface Entry {
  /** What comes after the trust domain, with its slash. */
  readonly path: string;
  /** The executable that gets it. */
  readonly executable: string;
  /** Life of its certificates. */
  readonly ttlSeconds?: number;
}

/** A running server and agent. Disposing of it stops both. */
export class Spire implements AsyncDisposable {
  readonly #options: SpireOptions;
  readonly #server: Child;
  #agent: Child | undefined;

  private constructor(options: SpireOptions) {
    this.#options = options;
    this.#server = this.#start("server", ["run", "-config", `${options.dir}/server.conf`]);
  }

  /** Starts both and resolves when the agent serves its Workload API. */
  static async start(options: SpireOptions): Promise<Spire> {
    const { dir } = options;
    for (const name of ["server", "agent"]) await Deno.mkdir(`${dir}/${name}`, { recursive: true });
    await Deno.writeTextFile(`${dir}/server.conf`, serverConf(options));
    await Deno.writeTextFile(`${dir}/agent.conf`, agentConf(options));
    const spire = new Spire(options);
    try {
      await spire.#server.until(/Starting Server APIs.*address=.*server\.sock/);
      await spire.#ask("healthcheck");
      await Deno.writeTextFile(`${dir}/bootstrap.pem`, await spire.#ask("bundle", "show"));
      await spire.startAgent();
      return spire;
    } catch (error) {
      await spire[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Address of the Workload API. */
  get endpoint(): string {
    return `unix://${this.#options.dir}/agent.sock`;
  }

  /** Starts the agent, with a token of its own: its keys are in memory only. */
  async startAgent(): Promise<void> {
    const answer = await this.#ask("token", "generate", "-spiffeID", AGENT_ID);
    const token = /^Token: (\S+)/.exec(answer)?.[1] ?? "";
    const config = `${this.#options.dir}/agent.conf`;
    this.#agent = this.#start("agent", ["run", "-config", config, "-joinToken", token]);
    await this.#agent.until(/Starting agent APIs/);
  }

  /** Stops the agent. */
  async stopAgent(): Promise<void> {
    await this.#agent?.end();
    this.#agent = undefined;
  }

  /** Makes an entry; its id. The agent has it within a second. */
  async register({ path, executable, ttlSeconds }: Entry): Promise<string> {
    const selectors = [`unix:path:${executable}`, `unix:uid:${Deno.uid()}`];
    const answer = await this.#ask(
      ...["entry", "create", "-parentID", AGENT_ID],
      ...["-spiffeID", `spiffe://${TRUST_DOMAIN}${path}`],
      ...selectors.flatMap((selector) => ["-selector", selector]),
      ...(ttlSeconds === undefined ? [] : ["-x509SVIDTTL", String(ttlSeconds)]),
    );
    const id = /^Entry ID\s*: (\S+)/m.exec(answer)?.[1];
    if (id === undefined) throw new Error(`No entry was made: ${answer}`);
    return id;
  }

  /** Deletes an entry. */
  async withdraw(entryId: string): Promise<void> {
    await this.#ask("entry", "delete", "-entryID", entryId);
  }

  /** Makes a new certificate authority and puts it in force; the old one stays in the bundle. */
  async rotateAuthority(): Promise<void> {
    const prepared = await this.#ask("localauthority", "x509", "prepare");
    const id = /Authority ID: (\S+)/.exec(prepared)?.[1] ?? "";
    await this.#ask("localauthority", "x509", "activate", "-authorityID", id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopAgent();
    await this.#server.end();
  }

  #start(name: "server" | "agent", args: readonly string[]): Child {
    const { programs, dir } = this.#options;
    return new Child({
      command: "/bin/sh",
      args: boundToStdin(programs[name], args),
      env: { PATH: Deno.env.get("PATH") ?? "", HOME: dir },
      log: `${dir}/${name}.log`,
    });
  }

  /** Asks the server something over its socket and answers what it printed. */
  async #ask(...args: string[]): Promise<string> {
    const { programs, dir } = this.#options;
    const words = args.findIndex((arg) => arg.startsWith("-"));
    const at = words < 0 ? args.length : words;
    const all = args.toSpliced(at, 0, "-socketPath", `${dir}/server.sock`);
    const ran = await new Deno.Command(programs.server, { args: all }).output();
    const [out, err] = [ran.stdout, ran.stderr].map((bytes) => new TextDecoder().decode(bytes));
    if (!ran.success) throw new Error(`spire-server ${args.slice(0, at).join(" ")}: ${err}${out}`);
    return out ?? "";
  }
}

function serverConf({ dir, host }: SpireOptions): string {
  return `server {
  bind_address = "${host}"
  bind_port = "${PORT}"
  socket_path = "${dir}/server.sock"
  trust_domain = "${TRUST_DOMAIN}"
  data_dir = "${dir}/server"
  log_level = "INFO"
  ca_ttl = "24h"
  default_x509_svid_ttl = "1h"
  experimental {
    cache_reload_interval = "1s"
    events_based_cache = true
  }
}
plugins {
  DataStore "sql" {
    plugin_data {
      database_type = "sqlite3"
      connection_string = "${dir}/server/ds.sqlite3"
    }
  }
  NodeAttestor "join_token" {
    plugin_data {}
  }
  KeyManager "memory" {
    plugin_data {}
  }
}
`;
}

function agentConf({ dir, host }: SpireOptions): string {
  return `agent {
  server_address = "${host}"
  server_port = "${PORT}"
  socket_path = "${dir}/agent.sock"
  trust_domain = "${TRUST_DOMAIN}"
  data_dir = "${dir}/agent"
  trust_bundle_path = "${dir}/bootstrap.pem"
  log_level = "INFO"
  experimental {
    sync_interval = "1s"
  }
}
plugins {
  NodeAttestor "join_token" {
    plugin_data {}
  }
  KeyManager "memory" {
    plugin_data {}
  }
  WorkloadAttestor "unix" {
    plugin_data {
      discover_workload_path = true
      # No hash of an executable of 120 MB at every call: nothing here selects by it.
      workload_size_limit = -1
    }
  }
}
`;
}
