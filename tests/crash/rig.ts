/**
 * A development system whose own Nexus is down, and a Nexus in its place that runs behind the shim on the same data
 * with the same keepers.
 */
import { routeUrl } from "../../lib/api/mod.ts";
import { pemDecodeAll } from "../../lib/x509/pem.ts";
import { MemorySource, parseTrustDomain } from "../../lib/spiffe/mod.ts";
import { parseSvid } from "../../lib/spiffe/svid.ts";
import { createMtlsClient, type MtlsClient } from "../../lib/mtls/mod.ts";
import { createKeeperClient, type StampedShard } from "../../lib/recovery/mod.ts";
import { spikeProgram } from "../../scripts/program.ts";
import { Identities, type Identity } from "../contract/identity.ts";
import { DevSystem, temporaryDirectory } from "../e2e/harness.ts";
import { behindShim, buildShim, Control } from "./disk_shim.ts";

const PASSED = ["PATH", "HOME", "TMPDIR", "DENO_DIR", "XDG_CACHE_HOME"];

/** A machine that does other work must not look like a Nexus that does not answer. */
const PATIENCE = { connectMs: 60_000, headersMs: 120_000, totalMs: 180_000 };

/** A Nexus behind the shim. */
export class NexusProcess {
  readonly pid: number;
  readonly #child: Deno.ChildProcess;
  readonly #lines: string[] = [];
  readonly #ready = Promise.withResolvers<void>();
  readonly #followed: Promise<void>;

  constructor(env: Record<string, string>, args: readonly string[]) {
    const { command, env: more } = spikeProgram();
    const passed = PASSED.flatMap((name) => {
      const value = Deno.env.get(name);
      return value === undefined ? [] : [[name, value]];
    });
    this.#child = new Deno.Command(command, {
      args: ["nexus", ...args],
      env: { NO_COLOR: "1", ...Object.fromEntries(passed), ...more, ...env },
      clearEnv: true,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.pid = this.#child.pid;
    this.#followed = this.#follow();
  }

  /** Whether it became ready before it ended. */
  async becameReady(): Promise<boolean> {
    return await Promise.race([
      this.#ready.promise.then(() => true),
      this.#followed.then(() => false),
    ]);
  }

  get log(): string {
    return this.#lines.join("\n");
  }

  /** Ends it and waits for its end. */
  async end(signal: Deno.Signal = "SIGKILL"): Promise<void> {
    try {
      this.#child.kill(signal);
    } catch (error) {
      // The shim was faster.
      if (!(error instanceof TypeError)) throw error;
    }
    await this.ended;
  }

  get ended(): Promise<void> {
    return Promise.all([this.#child.status, this.#followed]).then(() => {});
  }

  async #follow(): Promise<void> {
    let rest = "";
    let isListening = false;
    let hasKey = false;
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      for (const line of parts) {
        this.#lines.push(line);
        isListening ||= line.includes('"event":"listening"');
        hasKey ||= line.includes('"event":"root_key_rebuilt"');
      }
      if (isListening && hasKey) this.#ready.resolve();
    }
  }
}

/** How a Nexus is run. */
export interface Run {
  readonly trace?: string;
  readonly workers?: number;
  readonly args?: readonly string[];
}

/** What the suites share. */
export class Rig implements AsyncDisposable {
  readonly data: string;
  readonly control: Control;
  readonly url: string;
  readonly #stack: AsyncDisposableStack;
  readonly #env: Record<string, string>;
  readonly #library: string;
  readonly #identities: Identities;
  readonly #keeperUrls: readonly string[];

  private constructor(
    given: Pick<Rig, "data" | "control" | "url"> & {
      stack: AsyncDisposableStack;
      env: Record<string, string>;
      library: string;
      identities: Identities;
      keeperUrls: readonly string[];
    },
  ) {
    this.data = given.data;
    this.control = given.control;
    this.url = given.url;
    this.#stack = given.stack;
    this.#env = given.env;
    this.#library = given.library;
    this.#identities = given.identities;
    this.#keeperUrls = given.keeperUrls;
  }

  /** Undefined where there is no C compiler for the shim. */
  static async start(): Promise<Rig | undefined> {
    const stack = new AsyncDisposableStack();
    try {
      const tmp = stack.use(await temporaryDirectory());
      const library = await buildShim(tmp.path);
      if (!library) return void await stack.disposeAsync();
      const system = stack.use(await DevSystem.start(`${tmp.path}/d`));
      await system.dev("kill", "nexus");
      const identities = new Identities(system.dir);
      const [port, ...keepers] = system.ports;
      const keeperUrls = keepers.map((each) => `https://127.0.0.1:${each}`);
      const data = `${system.dir}/data`;
      return new Rig({
        stack,
        data,
        library,
        identities,
        keeperUrls,
        control: new Control(`${tmp.path}/control`),
        url: `https://127.0.0.1:${port}`,
        env: {
          ...await identityFiles(await identities.of("nexus"), tmp.path),
          SPIKE_SYSTEM_LOG_LEVEL: "info",
          SPIKE_NEXUS_TLS_PORT: `127.0.0.1:${port}`,
          SPIKE_NEXUS_KEEPER_PEERS: keeperUrls.join(","),
          SPIKE_DATA_DIR: data,
        },
      });
    } catch (error) {
      await stack.disposeAsync();
      throw error;
    }
  }

  /** Starts a Nexus behind the shim; the caller ends it. */
  nexus({ trace, workers = 0, args = [] }: Run = {}): NexusProcess {
    const shim = { dir: this.data, control: this.control, ...(trace ? { trace } : {}) };
    const env = {
      ...this.#env,
      SPIKE_NEXUS_WORKERS: String(workers),
      ...behindShim(this.#library, shim),
    };
    return new NexusProcess(env, args);
  }

  /** A client with the identity of that caller; the caller closes it. */
  async client(caller: "superuser" | "nexus"): Promise<MtlsClient> {
    const source = sourceOf(await this.#identities.of(caller));
    const timeouts = PATIENCE;
    const peerName = "a SPIKE server";
    return createMtlsClient({ source, isExpectedPeer: () => true, peerName, timeouts });
  }

  /** What the keepers hold. */
  async shards(): Promise<StampedShard[]> {
    const transport = await this.client("nexus");
    try {
      const held = await Promise.all(
        this.#keeperUrls.map((url, i) => createKeeperClient(transport, i + 1, url).shards()),
      );
      return held.flat().flatMap(({ bytes, stamp }) => stamp ? [{ bytes, stamp }] : []);
    } finally {
      await transport.close();
    }
  }

  /** What a Nexus has told of its audit log, and what it finds wrong with that, or different between it and the store. */
  async auditOf(client: MtlsClient, nexus: NexusProcess): Promise<string[]> {
    const { status, body } = await client.post(routeUrl(this.url, "operator.verify"), "{}");
    const text = new TextDecoder().decode(body);
    const isFine = status === 200 && JSON.parse(text).findings === 0;
    const told = nexus.log.split("\n").filter((line) =>
      /"event":"(audit_log_|audit_outbox|audit_records|store_rolled)/.test(line)
    );
    return isFine ? told : [...told, text];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

function sourceOf({ certificates, privateKey, bundle }: Identity): MemorySource {
  const ders = (text: string) => pemDecodeAll(text).map(({ der }) => der);
  const chain = ders(certificates);
  const [key] = ders(privateKey);
  if (!key) throw new Error("An identity came without a key");
  const svid = parseSvid({ certificates: chain, privateKey: key });
  return new MemorySource({
    svid,
    bundles: new Map([[parseTrustDomain("spike.ist"), ders(bundle)]]),
  });
}

async function identityFiles(identity: Identity, dir: string): Promise<Record<string, string>> {
  const files = {
    SPIKE_SVID_FILE: ["svid.pem", identity.certificates],
    SPIKE_SVID_KEY_FILE: ["key.pem", identity.privateKey],
    SPIKE_BUNDLE_FILE: ["bundle.pem", identity.bundle],
  } as const;
  const env: Record<string, string> = {};
  for (const [name, [file, text]] of Object.entries(files)) {
    await Deno.writeTextFile(`${dir}/${file}`, text, { mode: 0o600 });
    env[name] = `${dir}/${file}`;
  }
  return env;
}
