import assert from "node:assert/strict";
import type { KeeperSettings } from "../../lib/config/mod.ts";
import {
  forbiddenAttempts,
  freePort,
  makeElsewhere,
  startProbe,
} from "../../lib/process/_probe.ts";
import { keeperPermissions } from "./permissions.ts";

Deno.test("a keeper's thread can listen and read its identity, and do nothing else", async () => {
  const elsewhere = await makeElsewhere();
  const own = await makeElsewhere();
  const port = freePort();
  const svid = `${own.path}/there`;
  const settings = {
    listen: { host: "127.0.0.1", port },
    endpointSocket: "unix:///unused",
    svidFiles: { svid, key: svid, bundle: svid },
  } as KeeperSettings;
  const probe = startProbe(keeperPermissions(settings));
  assert.equal(await probe.tryTo({ what: "listen", port }), "done");
  assert.equal(await probe.tryTo({ what: "read", path: svid }), "done");
  assert.equal(await probe.tryTo({ what: "excess" }), "");
  const forbidden = [
    ...forbiddenAttempts(elsewhere.path),
    { what: "write", path: svid } as const,
    { what: "write", path: `${own.path}/new` } as const,
    { what: "read", path: `${own.path}/module.ts` } as const,
  ];
  for (const attempt of forbidden) {
    assert.equal(await probe.tryTo(attempt), "denied", JSON.stringify(attempt));
  }
  probe.end();
  await Promise.all([elsewhere.remove(), own.remove()]);
});

Deno.test("with an agent's socket a keeper gets that socket and no file", () => {
  const settings = {
    listen: { host: "10.0.0.1", port: 8554 },
    endpointSocket: "unix:///run/agent.sock",
  } as KeeperSettings;
  assert.deepEqual(keeperPermissions(settings), {
    net: ["unix:/run/agent.sock", "10.0.0.1:8554", "127.0.0.1:8554", "[::1]:8554"],
    read: ["/run/agent.sock"],
    write: ["/run/agent.sock"],
  });
});
