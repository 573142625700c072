/** A process whose output is kept, line by line, and that ends when this one ends, however it ends. */

/** How a process is started. */
export interface ChildOptions {
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Appended to. */
  readonly log: string;
}

/** One life of one process. Disposing of it ends it. */
export class Child implements AsyncDisposable {
  readonly pid: number;
  /** Resolves when it is gone and all of its output is here. */
  readonly ended: Promise<Deno.CommandStatus>;
  readonly #process: Deno.ChildProcess;
  readonly #lines: string[] = [];
  #changed = Promise.withResolvers<void>();
  #hasEnded = false;

  constructor({ command, args, env, log }: ChildOptions) {
    const file = Deno.openSync(log, { append: true, create: true, mode: 0o600 });
    this.#process = new Deno.Command(command, {
      args: [...args],
      env: { ...env },
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.pid = this.#process.pid;
    const { stdout, stderr, status } = this.#process;
    const output = [stdout, stderr].map((stream) => this.#follow(stream, file));
    this.ended = Promise.all([status, ...output]).then(([ending]) => {
      file.close();
      this.#hasEnded = true;
      this.#wake();
      return ending;
    });
  }

  /** All lines so far, of both outputs. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  /**
   * The first line from `from` on that matches; rejects with all lines when the process ends without it, or when it
   * takes longer than a minute.
   */
  async until(pattern: RegExp, from = 0): Promise<string> {
    const late = Promise.withResolvers<"late">();
    const timer = setTimeout(() => late.resolve("late"), 60_000);
    try {
      for (let seen = from;;) {
        for (; seen < this.#lines.length; seen++) {
          const line = this.#lines[seen] ?? "";
          if (pattern.test(line)) return line;
        }
        const hasMissed = this.#hasEnded ||
          await Promise.race([this.#changed.promise, late.promise]) === "late";
        if (hasMissed && seen === this.#lines.length) throw this.#missing(pattern);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  /** Sends a signal and resolves when the process is gone. */
  async end(signal: Deno.Signal = "SIGTERM"): Promise<Deno.CommandStatus> {
    if (!this.#hasEnded) {
      try {
        this.#process.kill(signal);
      } catch (error) {
        // It has ended already; `ended` says how.
        if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    await this.#process.stdin.close().catch(() => {});
    return await this.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }

  #missing(pattern: RegExp): Error {
    return new Error(`No line matched ${pattern}:\n${this.#lines.slice(-40).join("\n")}`);
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  async #follow(stream: ReadableStream<Uint8Array<ArrayBuffer>>, file: Deno.FsFile): Promise<void> {
    const take = (line: string) => {
      file.writeSync(new TextEncoder().encode(`${line}\n`));
      this.#lines.push(line);
    };
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      lines.forEach(take);
      this.#wake();
    }
    if (rest !== "") take(rest);
  }
}

/** Arguments for `sh` that run a program, which knows nothing of its standard input, so that it ends with that. */
export function boundToStdin(command: string, args: readonly string[]): string[] {
  const script = [
    "exec 3<&0",
    '"$@" </dev/null 3<&- & child=$!',
    'trap "kill $child" TERM',
    "(cat <&3 >/dev/null; kill $child) 2>/dev/null &",
    "wait $child",
    // The signal ends the first wait before the program has ended.
    "wait $child",
  ];
  return ["-c", script.join("\n"), "sh", command, ...args];
}
