/** One server role as a process of its own, on the files of an identity. */
import type { DevSystem } from "../e2e/harness.ts";
import { environment, Transcript } from "../e2e/harness.ts";
import { spikeProgram } from "../../scripts/program.ts";

/** How a role is started. */
export interface ServerOptions {
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** What is left of an ended process. */
export interface Ended {
  readonly code: number;
  readonly signal: string | null;
  readonly ms: number;
}

/** A running role; disposing of it kills it. */
export class ServerProcess implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #transcript: Transcript;
  #isOver = false;

  constructor(role: string, { args = [], env = {} }: ServerOptions = {}) {
    this.#process = new Deno.Command(spikeProgram().command, {
      args: [role, ...args],
      env: environment(env),
      clearEnv: true,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.#transcript = new Transcript(this.#process.stderr);
    void this.#process.status.then(() => this.#isOver = true);
  }

  /** What it said on standard error so far. */
  get told(): string {
    return this.#transcript.lines.join("\n");
  }

  /** The first line that matches, or a rejection once it has ended without one. */
  until(pattern: RegExp): Promise<string> {
    return this.#transcript.until(pattern);
  }

  kill(signal: Deno.Signal): void {
    if (!this.#isOver) this.#process.kill(signal);
  }

  /** Waits for its end. */
  async ended(): Promise<Ended> {
    const beganMs = performance.now();
    const { code, signal } = await this.#process.status;
    await this.#transcript.ended;
    return { code, signal, ms: performance.now() - beganMs };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.ended();
  }
}

/** Where an identity of a system was written. */
export async function identityFiles(
  system: DevSystem,
  id: string,
  out: string,
): Promise<Record<string, string>> {
  const ran = await system.dev("svid", "--id", `spiffe://spike.ist/${id}`, "--out", out);
  if (ran.code !== 0) throw new Error(ran.stderr);
  return {
    SPIKE_SVID_FILE: `${out}/svid.pem`,
    SPIKE_SVID_KEY_FILE: `${out}/key.pem`,
    SPIKE_BUNDLE_FILE: `${out}/bundle.pem`,
  };
}
