/**
 * Runs a whole development system for a test: the program in `SPIKE_BIN` or this checkout, in a temporary
 * directory, on ports of its own. Any number of them run at once. Nothing here sleeps: it waits for lines, files
 * and ends of processes.
 */
import { connect } from "node:net";
import { spikeProgram } from "../../scripts/program.ts";

/** How many request workers the tests give to Nexus, where both kinds matter: 2, and none for `test:system`. */
export const WORKERS = Number(Deno.env.get("SPIKE_TEST_WORKERS") ?? "2");

/** What a finished run left. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a run is given besides its arguments. */
export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/** How a system is started. */
export interface DevOptions {
  /** For `spike dev`, after `--dir`. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Of the caller's environment only this reaches the program: a test must not depend on the rest. */
const PASSED = ["PATH", "HOME", "USER", "TMPDIR", "XDG_RUNTIME_DIR", "DENO_DIR", "XDG_CACHE_HOME"];

/** The environment that a program gets. */
export function environment(extra: Readonly<Record<string, string>>): Record<string, string> {
  const env: Record<string, string> = { NO_COLOR: "1" };
  for (const name of PASSED) {
    const value = Deno.env.get(name);
    if (value !== undefined) env[name] = value;
  }
  return { ...env, ...spikeProgram().env, ...extra };
}

/** Runs the program to its end. */
export async function spike(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const child = new Deno.Command(spikeProgram().command, {
    args: [...args],
    env: environment(options.env ?? {}),
    clearEnv: true,
    stdin: options.stdin === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (options.stdin !== undefined) {
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(options.stdin));
    await writer.close();
  }
  const { code, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** A temporary directory that is removed at the end of the block. */
export async function temporaryDirectory(): Promise<{ path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir({ prefix: "spike-e2e-" });
  return {
    path,
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

/** The variables that a shell has after it read a file of exports. */
async function sourced(path: string): Promise<Record<string, string>> {
  const { stdout } = await new Deno.Command("/bin/sh", {
    args: ["-c", '. "$1"; env -0', "sh", path],
    env: { PATH: Deno.env.get("PATH") ?? "" },
    clearEnv: true,
  }).output();
  const entries = new TextDecoder().decode(stdout).split("\0").slice(0, -1).map((entry) => {
    const at = entry.indexOf("=");
    return [entry.slice(0, at), entry.slice(at + 1)];
  });
  return Object.fromEntries(entries.filter(([name]) => /^(SPIKE|SPIFFE)_/.test(name ?? "")));
}

/** Lines of a process's standard error, as they come. */
export class Transcript {
  readonly lines: string[] = [];
  /** Resolves when there will be no more. */
  readonly ended: Promise<void>;
  #changed = Promise.withResolvers<void>();

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.ended = this.#follow(stream);
  }

  /** The first line that matches; rejects with all lines when the process ends without it. */
  async until(pattern: RegExp): Promise<string> {
    let hasEnded = false;
    const end = this.ended.then(() => hasEnded = true);
    for (let seen = 0;;) {
      for (; seen < this.lines.length; seen++) {
        const line = this.lines[seen] ?? "";
        if (pattern.test(line)) return line;
      }
      if (hasEnded) throw new Error(`No line matched ${pattern}:\n${this.lines.join("\n")}`);
      await Promise.race([this.#changed.promise, end]);
    }
  }

  async #follow(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      this.lines.push(...lines);
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    }
    if (rest !== "") this.lines.push(rest);
  }
}

/** A running development system. Disposing of it stops it; its directory stays. */
export class DevSystem implements AsyncDisposable {
  readonly dir: string;
  readonly #process: Deno.ChildProcess;
  readonly #transcript: Transcript;
  readonly #stdout: Promise<string>;
  #env: Record<string, string> = {};
  #hasEnded = false;

  private constructor(dir: string, options: DevOptions) {
    this.dir = dir;
    this.#process = new Deno.Command(spikeProgram().command, {
      args: ["dev", "--dir", dir, ...options.args ?? []],
      env: environment(options.env ?? {}),
      clearEnv: true,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#transcript = new Transcript(this.#process.stderr);
    this.#stdout = new Response(this.#process.stdout).text();
    void this.#process.status.then(() => this.#hasEnded = true);
  }

  /** Starts a system in `dir` and resolves when it is ready; rejects with what it said when it is not. */
  static async start(dir: string, options: DevOptions = {}): Promise<DevSystem> {
    const system = new DevSystem(dir, options);
    try {
      await system.#transcript.until(/^Ready after/);
      system.#env = await sourced(`${dir}/env`);
      return system;
    } catch (error) {
      await system[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What `DIR/env` exports. */
  get env(): Readonly<Record<string, string>> {
    return this.#env;
  }

  /** What the supervisor has told so far. */
  get told(): readonly string[] {
    return this.#transcript.lines;
  }

  /** Where Nexus and the keepers listen, Nexus first. */
  get ports(): number[] {
    const nexus = Number(new URL(this.#env["SPIKE_NEXUS_URL"] ?? "").port);
    return [nexus, nexus + 1, nexus + 2, nexus + 3];
  }

  /** Resolves when the supervisor tells a line that matches. */
  until(pattern: RegExp): Promise<string> {
    return this.#transcript.until(pattern);
  }

  /** Runs a command of the command line as the superuser. */
  spike(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
    return spike(args, { ...options, env: { ...this.#env, ...options.env } });
  }

  /** Runs a command of the supervisor, such as `kill nexus`. */
  dev(...args: string[]): Promise<Ran> {
    return spike(["dev", ...args, "--dir", this.dir]);
  }

  /** What a process logged so far. */
  async log(name: string): Promise<string> {
    return await Deno.readTextFile(`${this.dir}/log/${name}.log`);
  }

  /**
   * Resolves with the log of a process once a line of it matches: a process has answered before the supervisor has
   * written down what it said. Rejects with the whole log when that takes 20 s.
   */
  async logged(name: string, pattern: RegExp): Promise<string> {
    using watcher = Deno.watchFs(`${this.dir}/log/${name}.log`);
    const timer = setTimeout(() => watcher.close(), 20_000);
    try {
      let text = await this.log(name);
      if (pattern.test(text)) return text;
      for await (const _change of watcher) {
        text = await this.log(name);
        if (pattern.test(text)) return text;
      }
      throw new Error(`No line of ${name} matched ${pattern}:\n${text}`);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the supervisor with a signal. */
  async end(signal: Deno.Signal): Promise<Ran & { signal: string | null }> {
    if (!this.#hasEnded) this.#process.kill(signal);
    const { code, signal: how } = await this.#process.status;
    await this.#transcript.ended;
    const stderr = this.#transcript.lines.join("\n");
    return { code, signal: how, stdout: await this.#stdout, stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end("SIGTERM");
  }
}

/**
 * Connects to a port and resolves, as soon as the connection stands, with a promise of its end: so a test can wait
 * for the end of a process that it does not own.
 */
export function watchPort(port: number): Promise<{ ended: Promise<void> }> {
  return new Promise((resolve, reject) => {
    const ended = Promise.withResolvers<void>();
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => resolve({ ended: ended.promise }));
    socket.once("error", (error) => {
      reject(error);
      ended.resolve();
    });
    socket.once("close", () => ended.resolve());
    socket.resume();
  });
}

/** Whether anybody listens there. */
export async function isListening(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ hostname: "127.0.0.1", port })).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.ConnectionRefused) return false;
    throw error;
  }
}
