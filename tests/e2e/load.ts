import { type Client, createClient } from "../../lib/client/mod.ts";
import { createMtlsClient } from "../../lib/mtls/mod.ts";
import type { SvidSource } from "../../lib/spiffe/mod.ts";
import { openSource } from "../../lib/workload_api/open_source.ts";
import type { DevSystem } from "./harness.ts";

/** Callers that read and write without pause, each over a connection of its own, and what came of it. */
export class Load implements AsyncDisposable {
  readonly source: SvidSource;
  /** What went wrong, as it was said. */
  readonly failures: string[] = [];
  #requests = 0;
  #isOver = false;
  #waiting: (() => void)[] = [];
  #callers: readonly Promise<void>[] = [];
  #slowestMs = 0;

  private constructor(socket: string, private readonly url: string) {
    this.source = openSource({ endpointSocket: socket }, () => {});
  }

  /** Starts `callers` of them with the identity that the system's shell has. */
  static async start(system: DevSystem, callers: number): Promise<Load> {
    const { SPIFFE_ENDPOINT_SOCKET: socket = "", SPIKE_NEXUS_URL: url = "" } = system.env;
    const load = new Load(socket, url);
    await load.source.ready(30_000);
    load.#callers = Array.from({ length: callers }, (_, i) => load.#call(i));
    return load;
  }

  get requests(): number {
    return this.#requests;
  }

  get slowestMs(): number {
    return this.#slowestMs;
  }

  /** Resolves after so many more requests; rejects when one has failed. */
  async more(count: number): Promise<void> {
    const enough = this.#requests + count;
    while (this.#requests < enough) {
      if (this.failures.length > 0) throw new Error(this.failures.join("\n"));
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#callers);
    await this.source.close();
  }

  async #call(index: number): Promise<void> {
    const transport = createMtlsClient({
      source: this.source,
      isExpectedPeer: (id) => id.endsWith("/spike/nexus"),
      peerName: "a SPIKE Nexus",
      timeouts: { connectMs: 60_000, headersMs: 60_000, totalMs: 120_000 },
    });
    const client = createClient({ nexusUrl: this.url, transport });
    for (let turn = 0; !this.#isOver; turn++) {
      const beganMs = performance.now();
      await exchange(client, `load/${index}`, turn).catch((error) => this.#note(error));
      this.#slowestMs = Math.max(this.#slowestMs, performance.now() - beganMs);
      this.#requests++;
      for (const resolve of this.#waiting.splice(0)) resolve();
    }
    await transport.close();
  }

  #note(error: unknown): void {
    const { message } = error as Error;
    const cause = (error as Error).cause;
    this.failures.push(`${new Date().toISOString()} ${message}${cause ? ` (${cause})` : ""}`);
  }
}

/** Every tenth request writes; what is read is what was written last. */
async function exchange(client: Client, path: string, turn: number): Promise<void> {
  const last = String(turn - turn % 10);
  if (turn % 10 === 0) return void await client.putSecret(path, { turn: last });
  const { turn: found } = await client.getSecret(path) ?? {};
  if (found !== last) throw new Error(`${path} has ${found}, expected ${last}`);
}
