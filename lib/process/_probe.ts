/** Starts a probe under a role's permissions, the way the role itself is started: for tests of confinement. */
import type { Attempt } from "./_probe_worker.ts";
import { startConfined } from "./confine.ts";

/** A thread that tries things on request. */
export interface Probe {
  /** "done", "denied", or what else came of it. */
  tryTo(attempt: Attempt): Promise<string>;
  end(): void;
}

/** A probe with exactly `permissions`. */
export function startProbe(permissions: Deno.PermissionOptionsObject): Probe {
  const entry = new URL("./_probe_worker.ts", import.meta.url);
  const worker = startConfined({ entry, name: "probe", permissions });
  return {
    tryTo: (attempt) =>
      new Promise((resolve, reject) => {
        worker.onmessage = ({ data }: MessageEvent<string>) => resolve(data);
        worker.onerror = (event) => {
          event.preventDefault();
          reject(new Error(event.message));
        };
        worker.postMessage(attempt);
      }),
    end: () => worker.terminate(),
  };
}

/** A port of this machine without a listener. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  return port;
}

/** What a server role must never be able to do outside its permissions. */
export function forbiddenAttempts(elsewhere: string): Attempt[] {
  return [
    { what: "write", path: `${elsewhere}/new` },
    { what: "nodeWrite", path: `${elsewhere}/new` },
    { what: "read", path: `${elsewhere}/there` },
    { what: "nodeRead", path: `${elsewhere}/there` },
    { what: "read", path: "/etc/passwd" },
    { what: "load", path: `${elsewhere}/module.ts` },
    { what: "dial", port: freePort() },
    { what: "listen", port: freePort() },
    { what: "run" },
    { what: "env" },
    { what: "sys" },
    { what: "ffi" },
    { what: "escalate" },
  ];
}

/** A directory with a file and a module in it that no role was given; `remove` it afterwards. */
export async function makeElsewhere(): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await Deno.makeTempDir({ prefix: "spike-elsewhere-" });
  await Deno.writeTextFile(`${path}/there`, "x");
  await Deno.writeTextFile(`${path}/module.ts`, "export {};");
  return { path, remove: () => Deno.remove(path, { recursive: true }) };
}
