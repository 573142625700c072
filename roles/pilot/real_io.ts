import { SpikeError } from "../../lib/error/error.ts";
import { fileFault } from "../../lib/error/os_file_fault.ts";
import type { DataSink, PilotIo, TextSink } from "./io.ts";
import { readHiddenLine } from "./terminal/input.ts";
import { dataSink, textSink } from "./terminal/sink.ts";

/** A stream of the process. */
interface ProcessStream {
  writeSync(bytes: Uint8Array): number;
}

/**
 * Standard output, written whole and at once. A reader that has read enough is no failure of ours, and is told as the
 * runtime tells it.
 *
 * @throws SpikeError `fs_file_open_failed`
 */
export function resultSink(stream: ProcessStream): DataSink {
  return dataSink((bytes) => {
    try {
      writeWhole(stream, bytes);
    } catch (error) {
      if (error instanceof Deno.errors.BrokenPipe) throw error;
      const message = `Standard output cannot be written: ${fileFault(error)}`;
      throw new SpikeError("fs_file_open_failed", message, { cause: error });
    }
  });
}

/** Standard error; when talk cannot be told there is nobody to tell that to. */
export function talkSink(stream: ProcessStream): TextSink {
  return textSink((text) => {
    try {
      writeWhole(stream, new TextEncoder().encode(text));
    } catch {
      // What the command does goes on, and its exit code says how it ended.
    }
  });
}

/**
 * Standard input whose failures are told like those of a file: it may be a directory, or a disk that cannot be read.
 */
export function guardedInput(stream: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  return new ReadableStream({
    pull: async (controller) => {
      try {
        const { value, done } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (cause) {
        const message = `Standard input cannot be read: ${fileFault(cause)}`;
        controller.error(new SpikeError("fs_file_open_failed", message, { cause }));
      }
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

function writeWhole(stream: ProcessStream, bytes: Uint8Array): void {
  let rest = bytes;
  while (rest.length > 0) rest = rest.subarray(stream.writeSync(rest));
}

/** The real surroundings of the command line. What it takes to reach Nexus is loaded when it is needed. */
export function realIo(env: PilotIo["env"]): PilotIo {
  const stderr = talkSink(Deno.stderr);
  return {
    env,
    stdin: guardedInput(Deno.stdin.readable),
    stdout: resultSink(Deno.stdout),
    stderr,
    clock: Date.now,
    isTerminal: Deno.stdin.isTerminal(),
    isOutputTerminal: Deno.stdout.isTerminal(),
    readHidden: () => readHiddenLine(Deno.stdin),
    openSource: async (settings) => {
      const { openSource } = await import("../../lib/workload_api/open_source.ts");
      // Nobody reads along: when the wait ends in vain, the error has the last reason.
      return openSource(settings, () => {});
    },
    createTransport: async (source, settings) => {
      const { createMtlsClient } = await import("../../lib/mtls/client.ts");
      const { hasRole } = await import("../../lib/spiffe/role.ts");
      return createMtlsClient({
        source,
        isExpectedPeer: (id) => hasRole(id, "nexus", settings.trustRoots),
        peerName: "a SPIKE Nexus",
        timeouts: settings.callTimeouts,
      });
    },
  };
}
