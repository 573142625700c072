/** Tries what a confined thread should not be able to do, and posts what came of it: for tests of confinement. */
import { readFileSync, writeFileSync } from "node:fs";
import { osRandom } from "../seal/os_random.ts";
import { excessPermissions } from "./confine.ts";

/** One thing to try. */
export type Attempt =
  | { readonly what: "write" | "read" | "nodeRead" | "nodeWrite" | "load"; readonly path: string }
  | { readonly what: "dial" | "listen"; readonly port: number }
  | { readonly what: "ask"; readonly name: Deno.PermissionName }
  | { readonly what: "run" | "env" | "sys" | "ffi" | "escalate" | "excess" | "draw" };

declare const self: {
  onmessage: (event: MessageEvent<Attempt>) => void;
  postMessage(message: string): void;
};

async function attempt(it: Attempt): Promise<string> {
  switch (it.what) {
    case "write":
      await Deno.writeTextFile(it.path, "x");
      break;
    case "nodeWrite":
      writeFileSync(it.path, "x");
      break;
    case "read":
      await Deno.readFile(it.path);
      break;
    case "nodeRead":
      readFileSync(it.path);
      break;
    case "load":
      await import(new URL(`file://${it.path}`).href);
      break;
    case "dial":
      (await Deno.connect({ hostname: "127.0.0.1", port: it.port })).close();
      break;
    case "listen":
      Deno.listen({ hostname: "127.0.0.1", port: it.port }).close();
      break;
    case "run":
      await new Deno.Command("/bin/true").output();
      break;
    case "env":
      Deno.env.get("HOME");
      break;
    case "sys":
      Deno.hostname();
      break;
    case "ffi":
      Deno.dlopen("/lib/x86_64-linux-gnu/libc.so.6", {}).close();
      break;
    case "escalate":
      new Worker(import.meta.url, { type: "module", deno: { permissions: { read: true } } })
        .terminate();
      break;
    case "draw":
      osRandom(32);
      break;
    case "ask":
      return (await Deno.permissions.query({ name: it.name } as Deno.PermissionDescriptor)).state;
    case "excess":
      return (await excessPermissions(["write", "read", "net", "env", "run", "ffi", "sys"])).join();
  }
  return "done";
}

self.onmessage = async ({ data }) => {
  const outcome = await attempt(data).catch((error) => {
    const { name, message } = error as Error;
    // Escalation and imports are refused with other classes of error.
    return name === "NotCapable" || /Requires .* access|escalate|NotCapable/.test(message)
      ? "denied"
      : `${name}: ${message}`;
  });
  self.postMessage(outcome);
};
