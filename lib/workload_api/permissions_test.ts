import assert from "node:assert/strict";
import { createAuthority } from "../authority/authority.ts";
import { parseSpiffeId, parseTrustDomain } from "../spiffe/id.ts";
import { createIssuer } from "../authority/issuer.ts";
import { serveWorkloadApi } from "./server.ts";

const ID = parseSpiffeId("spiffe://spike.ist/spike/keeper");

/** What a source that may do only `permissions` says of the Workload API at `address`. */
async function tryInWorker(address: string, permissions: Deno.PermissionOptionsObject) {
  const module = new URL("./_workload_worker.ts", import.meta.url);
  const worker = new Worker(module, { type: "module", deno: { permissions } });
  try {
    return await new Promise<string>((resolve, reject) => {
      worker.onmessage = (event) => resolve(String(event.data));
      worker.onerror = (event) => reject(new Error(event.message));
      worker.postMessage(address);
    });
  } finally {
    worker.terminate();
  }
}

Deno.test("a unix socket needs read and write on its path and net on unix:<path>, nothing else", async () => {
  const directory = await Deno.makeTempDir({ prefix: "spike-wl-" });
  const path = `${directory}/api.sock`;
  const authority = await createAuthority({ trustDomain: parseTrustDomain("spike.ist") });
  const identity = await createIssuer({ authority, id: ID, ttlMs: 3_600_000 });
  const server = await serveWorkloadApi({ listen: { path }, identity });
  try {
    const needed = { read: [path], write: [path], net: [`unix:${path}`] };
    assert.equal(await tryInWorker(server.address, needed), ID);

    for (const name of ["read", "write", "net"] as const) {
      const { [name]: _, ...rest } = needed;
      assert.match(
        await tryInWorker(server.address, { ...rest, [name]: false }),
        new RegExp(
          `No X.509-SVID from Workload API unix://.*: this program has no ${name} access to`,
        ),
      );
    }
  } finally {
    identity.close();
    await server.close();
    await Deno.remove(directory, { recursive: true });
  }
});
