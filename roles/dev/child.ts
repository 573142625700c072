import { complaintOf, deadEndOf, type LogLine, parseLogLine } from "./log_line.ts";
import type { ProcessPlan } from "./plan.ts";
import type { Self } from "./self.ts";

/** How a process ended. */
export interface Ending {
  readonly code: number;
  readonly signal: string | null;
  /** The last thing it complained about, if it did. */
  readonly complaint: string | undefined;
}

/** One life of one process. */
export interface Child {
  readonly name: string;
  readonly pid: number;
  readonly startedAtMs: number;
  /** Resolves when it says that it listens; never rejects. */
  readonly listening: Promise<void>;
  /** Resolves, with the reason, when it says that it cannot get ready without help; never rejects. */
  readonly stuck: Promise<string>;
  /** Resolves when it is gone and all of its output is in the log. */
  readonly ended: Promise<Ending>;
  kill(signal: Deno.Signal): void;
}

/** What is done with a process's output. */
export interface ChildOptions {
  readonly self: Self;
  readonly plan: ProcessPlan;
  /** Appended to. */
  readonly logPath: string;
  /** Told of every line of its log that is one. */
  readonly onLogLine: (line: LogLine) => void;
  /** Told once why the log has gaps, as when the disk is full; the process runs on. */
  readonly onLogFailure: (why: string) => void;
}

/**
 * Starts a process of the system. It ends when the pipe to its standard input closes, which the operating
 * system sees to when this process is gone, however it went. In a session of its own it does not get the
 * terminal's Ctrl-C, so that the supervisor can stop all of them in order.
 */
export function startChild(options: ChildOptions): Child {
  const { self, plan, logPath, onLogLine } = options;
  const log = Deno.openSync(logPath, { append: true, create: true, mode: 0o600 });
  const startedAtMs = Date.now();
  const process = new Deno.Command(self.command, {
    args: [...self.args, ...plan.args],
    env: plan.env,
    clearEnv: true,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    detached: true,
  }).spawn();
  const listening = Promise.withResolvers<void>();
  const stuck = Promise.withResolvers<string>();
  let complaint: string | undefined;
  const onLine = (line: string) => {
    complaint = complaintOf(line) ?? complaint;
    const parsed = parseLogLine(line);
    if (parsed === undefined) return;
    if (parsed.event === "listening") listening.resolve();
    const why = deadEndOf(parsed);
    if (why !== undefined) stuck.resolve(why);
    onLogLine(parsed);
  };
  const write = logWriter(log, options.onLogFailure);
  const output = [process.stdout, process.stderr].map((stream) => follow(stream, write, onLine));
  const ended = Promise.all([process.status, ...output]).then(([{ code, signal }]) => {
    log.close();
    return { code, signal, complaint };
  });
  return {
    name: plan.name,
    pid: process.pid,
    startedAtMs,
    listening: listening.promise,
    stuck: stuck.promise,
    ended,
    kill: (signal) => {
      try {
        process.kill(signal);
      } catch (error) {
        // It has ended already; `ended` says how.
        if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
      }
    },
  };
}

/** Copies a stream to the log, whole lines at a time since two streams share it, and shows each line. */
async function follow(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  write: (line: string) => void,
  onLine: (line: string) => void,
): Promise<void> {
  const take = (line: string) => {
    write(line);
    onLine(line);
  };
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) take(line);
  }
  if (rest !== "") take(rest);
}

/**
 * Writes lines for as long as that goes. A failure is told once and then passed over: a role whose output nobody
 * takes would block, and a supervisor that ended would take the root key with it.
 */
function logWriter(log: Deno.FsFile, onFailure: (why: string) => void): (line: string) => void {
  let hasFailed = false;
  return (line) => {
    try {
      writeAll(log, new TextEncoder().encode(`${line}\n`));
    } catch (error) {
      if (!hasFailed) onFailure(error instanceof Error ? error.message : String(error));
      hasFailed = true;
    }
  };
}

function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(file.writeSync(rest));
}
