/** Tokens that a real SPIRE makes, handed over by a proxy. */
import assert from "node:assert/strict";
import { createMtlsClient } from "../../lib/mtls/mod.ts";
import { parseEndpoint } from "../../lib/workload_api/mod.ts";
import { type SvidSource } from "../../lib/spiffe/mod.ts";
import { openSource } from "../../lib/workload_api/open_source.ts";
import { IDENTITIES, System } from "../../scripts/spire/system.ts";
import { fetchToken } from "./fetch_token.ts";

const PROXY = "/edge/proxy";
const NEXUS = "spiffe://spike.ist/spike/nexus";

/** Resolves with the first answer; the agent learns of entries within seconds. */
async function eventually<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error("The agent never answered as expected");
}

/** Tokens for two audiences, made while this process is the operator; afterwards it is the proxy. */
async function tokensOfOperator({ spire }: System): Promise<{ good: string; wrong: string }> {
  const endpoint = parseEndpoint(spire.endpoint);
  assert(endpoint.kind === "unix");
  const executable = Deno.execPath();
  const entry = await spire.register({ path: IDENTITIES.operator, executable });
  const good = await eventually(() => fetchToken(endpoint.path, NEXUS));
  const wrong = await eventually(() => fetchToken(endpoint.path, "another"));
  await spire.withdraw(entry);
  await spire.register({ path: PROXY, executable });
  return { good, wrong };
}

async function sourceOfProxy(system: System): Promise<SvidSource> {
  return await eventually(async () => {
    const source = openSource({ endpointSocket: system.spire.endpoint }, () => {});
    const { svid } = await source.ready(30_000);
    if (svid.id === `spiffe://spike.ist${PROXY}`) return source;
    await source.close();
    return undefined;
  });
}

Deno.test("a JWT-SVID of SPIRE names the caller of a proxy, for its own audience only", async () => {
  await using system = await System.start({
    env: { SPIKE_NEXUS_JWT_PROXIES: `spiffe://spike.ist${PROXY}` },
  });
  const { code } = await system.run("superuser", ["secret", "put", "app/db", "user=ada"]);
  assert.equal(code, 0);
  const { good, wrong } = await tokensOfOperator(system);
  const source = await sourceOfProxy(system);
  const client = createMtlsClient({
    source,
    isExpectedPeer: (id) => id === NEXUS,
    peerName: "Nexus",
  });
  const get = async (headers: Record<string, string>) => {
    const url = `${system.nexusUrl}/v1/store/secrets?action=get`;
    return (await client.post(url, '{"path":"app/db"}', { headers })).status;
  };
  assert.equal(await get({ authorization: `Bearer ${good}` }), 200);
  assert.equal(await get({ authorization: `Bearer ${wrong}` }), 401);
  assert.equal(await get({}), 401);
  await client.close();
  await source.close();
  const nexus = system.child("nexus");
  await nexus.until(/Token refused, wrong-audience/);
  await nexus.until(/Token refused, no-token/);
});
