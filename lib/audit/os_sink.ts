import { writeAll } from "./os_log_files.ts";
import { SinkFile, type SinkFileOptions } from "./os_sink_file.ts";

/** Where records go besides the log. */
export type SinkSpec =
  | { readonly kind: "stdout" }
  | { readonly kind: "file"; readonly path: string }
  /** A stream socket of another process. */
  | { readonly kind: "unix"; readonly path: string };

/** Receives records in the order of the log. A failing sink loses records and reports it once; the log does not. */
export interface Sink {
  /** Writes or queues one record; a failure goes to the report. */
  write(record: Uint8Array): void;
  /** Reopens its file or socket, as after a log rotation. */
  reopen(): void;
  /** Closes the file or socket. */
  close(): void;
}

/** Called when a sink begins to lose records, and with the number of lost records when it recovers. */
export type SinkReport = (event: "sink_failed" | "sink_back", detail: string | number) => void;

/** Records that may wait for a socket, and their bytes: what is lost there is in the log. */
const WAITING = 10_000;
const WAITING_BYTES = 16 * 1024 * 1024;
const RETRY_MS = 1_000;
const NEWLINE = Uint8Array.of(10);

/** Opens a sink. A file is made when it is not there, for its owner alone, and again when it was renamed or removed. */
export function openSink(spec: SinkSpec, report: SinkReport, file: SinkFileOptions = {}): Sink {
  if (spec.kind === "unix") return new SocketSink(spec.path, report);
  return new StreamSink(spec.kind === "stdout" ? STDOUT : new SinkFile(spec.path, file), report);
}

/** What bytes can be written to. */
interface Output {
  writeSync(bytes: Uint8Array): number;
  reopen(): void;
  close(): void;
}

const STDOUT: Output = {
  writeSync: (bytes) => Deno.stdout.writeSync(bytes),
  reopen: () => {},
  close: () => {},
};

class StreamSink implements Sink {
  readonly #output: Output;
  readonly #report: SinkReport;
  #lost = 0;

  constructor(output: Output, report: SinkReport) {
    this.#output = output;
    this.#report = report;
  }

  reopen(): void {
    this.#output.reopen();
  }

  close(): void {
    this.#output.close();
  }

  write(record: Uint8Array): void {
    try {
      writeAll(this.#output, lineOf(record));
      if (this.#lost > 0) this.#report("sink_back", this.#lost);
      this.#lost = 0;
    } catch (error) {
      if (this.#lost++ === 0) this.#report("sink_failed", reasonOf(error));
    }
  }
}

class SocketSink implements Sink {
  readonly #path: string;
  readonly #report: SinkReport;
  readonly #waiting: Uint8Array[] = [];
  readonly #closing = new AbortController();
  #waitingBytes = 0;
  #lost = 0;
  #isSending = false;

  constructor(path: string, report: SinkReport) {
    this.#path = path;
    this.#report = report;
  }

  write(record: Uint8Array): void {
    const isFull = this.#waitingBytes + record.length > WAITING_BYTES;
    if (isFull || this.#waiting.length >= WAITING) {
      if (this.#lost++ === 0) this.#report("sink_failed", "too many records wait");
      return;
    }
    const line = lineOf(record);
    this.#waiting.push(line);
    this.#waitingBytes += line.length;
    if (!this.#isSending) void this.#send();
  }

  /** Whoever listens there now gets what comes next: a connection ends when nothing waits. */
  reopen(): void {}

  close(): void {
    this.#closing.abort();
  }

  async #send(): Promise<void> {
    this.#isSending = true;
    let hasFailed = false;
    while (this.#waiting.length > 0 && !this.#closing.signal.aborted) {
      try {
        using socket = await Deno.connect({ transport: "unix", path: this.#path });
        if (hasFailed || this.#lost > 0) this.#report("sink_back", this.#lost);
        [hasFailed, this.#lost] = [false, 0];
        await this.#sendOver(socket);
      } catch (error) {
        if (!hasFailed) this.#report("sink_failed", reasonOf(error));
        hasFailed = true;
        await pause(RETRY_MS, this.#closing.signal);
      }
    }
    this.#isSending = false;
  }

  /** A record that was being sent when the socket broke is sent again. */
  async #sendOver(socket: Deno.Conn): Promise<void> {
    for (let line = this.#waiting[0]; line !== undefined; line = this.#waiting[0]) {
      for (let rest = line; rest.length > 0;) rest = rest.subarray(await socket.write(rest));
      this.#waiting.shift();
      this.#waitingBytes -= line.length;
    }
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}

function lineOf(record: Uint8Array): Uint8Array {
  const line = new Uint8Array(record.length + 1);
  line.set(record);
  line.set(NEWLINE, record.length);
  return line;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : "not an error";
}
