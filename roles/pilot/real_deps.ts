import type { DataSink, PilotDeps } from "./deps.ts";
import { readHiddenLine } from "./input.ts";

/** A stream of the process, written whole and at once. */
function sinkOf(stream: { writeSync(bytes: Uint8Array): number }): DataSink {
  return {
    write: (data) => {
      let rest = typeof data === "string" ? new TextEncoder().encode(data) : data;
      while (rest.length > 0) rest = rest.subarray(stream.writeSync(rest));
    },
  };
}

/** The real surroundings of the command line. What it takes to reach Nexus is loaded when it is needed. */
export function realDeps(env: PilotDeps["env"]): PilotDeps {
  const stderr = sinkOf(Deno.stderr);
  return {
    env,
    stdin: Deno.stdin.readable,
    stdout: sinkOf(Deno.stdout),
    stderr,
    clock: Date.now,
    isTerminal: Deno.stdin.isTerminal(),
    isOutputTerminal: Deno.stdout.isTerminal(),
    readHidden: () => readHiddenLine(Deno.stdin),
    openSource: async (settings) => {
      const { openSource } = await import("../../lib/spiffe/open_source.ts");
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
