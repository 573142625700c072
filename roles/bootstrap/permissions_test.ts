import assert from "node:assert/strict";
import type { BootstrapSettings } from "../../lib/config/mod.ts";
import { forbiddenAttempts, makeElsewhere, startProbe } from "../../lib/process/_probe.ts";
import { bootstrapPermissions } from "./permissions.ts";

Deno.test("Bootstrap's thread reaches Nexus and the keepers, and can do nothing else", async () => {
  const elsewhere = await makeElsewhere();
  const listeners = [0, 1].map(() => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const [nexus = "", keeper = ""] = listeners.map(({ addr }) => `https://127.0.0.1:${addr.port}`);
  const settings = {
    endpointSocket: "tcp://127.0.0.1:1",
    nexusUrl: nexus,
    keeperPeers: [keeper],
  } as unknown as BootstrapSettings;
  const probe = startProbe(bootstrapPermissions(settings));
  for (const { addr: { port } } of listeners) {
    assert.equal(await probe.tryTo({ what: "dial", port }), "done");
  }
  assert.equal(await probe.tryTo({ what: "draw" }), "done");
  assert.equal(await probe.tryTo({ what: "excess" }), "");
  for (const attempt of forbiddenAttempts(elsewhere.path)) {
    assert.equal(await probe.tryTo(attempt), "denied", JSON.stringify(attempt));
  }
  probe.end();
  for (const listener of listeners) listener.close();
  await elsewhere.remove();
});
