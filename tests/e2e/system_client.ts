import assert from "node:assert/strict";
import { createMtlsClient } from "../../lib/mtls/mod.ts";
import { openSource } from "../../lib/workload_api/open_source.ts";
import type { DevSystem } from "./harness.ts";

/** Sends requests to the Nexus of a development system over one connection after another. */
export interface SystemClient extends AsyncDisposable {
  /** The decoded answer; anything but a success fails the test. */
  ask(target: string, message: unknown): Promise<Record<string, unknown>>;
}

/** Connects with the identity of a role of the command line; its files go to `out`. */
export async function connectAs(
  system: DevSystem,
  role: string,
  out: string,
): Promise<SystemClient> {
  const id = `spiffe://spike.ist/spike/pilot/role/${role}`;
  const ran = await system.dev("svid", "--id", id, "--out", out);
  assert.equal(ran.code, 0, ran.stderr);
  const svidFiles = { svid: `${out}/svid.pem`, key: `${out}/key.pem`, bundle: `${out}/bundle.pem` };
  const source = openSource({ endpointSocket: "", svidFiles }, () => {});
  await source.ready(5_000);
  const transport = createMtlsClient({ source, isExpectedPeer: () => true, peerName: "anyone" });
  const base = system.env["SPIKE_NEXUS_API_URL"] ?? "";
  return {
    async ask(target, message) {
      const { status, body } = await transport.post(base + target, JSON.stringify(message));
      const text = new TextDecoder().decode(body);
      assert.equal(status, 200, `${target} ${text}`);
      return JSON.parse(text);
    },
    [Symbol.asyncDispose]: async () => {
      await transport.close();
      await source.close();
    },
  };
}
