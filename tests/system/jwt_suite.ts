/** Callers behind a proxy at which TLS ends, in a running system with request workers. */
import assert from "node:assert/strict";
import { request } from "node:https";
import { DevSystem, temporaryDirectory } from "../e2e/harness.ts";

const PROXY = "spiffe://spike.ist/edge/proxy";
const NEXUS = "spiffe://spike.ist/spike/nexus";
const role = (name: string) => `spiffe://spike.ist/spike/pilot/role/${name}`;

interface Sent {
  readonly dir: string;
  readonly url: string;
  readonly body?: unknown;
  /** As they go over the wire: name, value, name, value. */
  readonly headers?: readonly string[];
}

/** One request on a connection with the SVID in `dir`. */
function send(
  { dir, url, body = {}, headers = [] }: Sent,
): Promise<{ status: number; text: string }> {
  const [cert, key] = [`${dir}/svid.pem`, `${dir}/key.pem`].map((path) =>
    Deno.readTextFileSync(path)
  );
  const payload = JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const options = {
      method: "POST",
      cert,
      key,
      rejectUnauthorized: false,
      agent: false as const,
      headers: ["host", "nexus", "content-length", String(payload.length), ...headers],
    };
    const sent = request(url, options, (answer) => {
      let text = "";
      answer.setEncoding("utf8");
      answer.on("data", (chunk: string) => text += chunk);
      answer.on("end", () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    sent.once("error", reject);
    sent.end(payload);
  });
}

Deno.test("who a proxy speaks for is judged by a token, and reaches no route of operators", async () => {
  await using dir = await temporaryDirectory();
  await using system = await DevSystem.start(`${dir.path}/dev`, {
    args: ["--workers", "2"],
    env: { SPIKE_NEXUS_JWT_PROXIES: PROXY },
  });
  const proxy = `${dir.path}/proxy`;
  const recover = `${dir.path}/recover`;
  assert.equal((await system.dev("svid", "--id", PROXY, "--out", proxy)).code, 0);
  assert.equal((await system.dev("svid", "--id", role("recover"), "--out", recover)).code, 0);
  const tokenOf = async (id: string, audience = NEXUS) => {
    const { code, stdout, stderr } = await system.dev("token", "--id", id, "--audience", audience);
    assert.equal(code, 0, stderr);
    return `Bearer ${stdout.trim()}`;
  };
  await system.spike(["secret", "put", "app/db", "user=ada"]);
  const nexus = system.env["SPIKE_NEXUS_URL"] ?? "";
  const get = async (headers: readonly string[], from = proxy) => {
    const url = `${nexus}/v1/store/secrets?action=get`;
    return (await send({ dir: from, url, body: { path: "app/db" }, headers })).status;
  };
  const operator = await tokenOf(role("operator"));
  const shards = `${nexus}/v1/operator/recover`;
  const spoken = ["authorization", await tokenOf(role("recover"))];
  assert.deepEqual(
    {
      operator: await get(["authorization", operator]),
      stranger: await get(["authorization", await tokenOf("spiffe://spike.ist/app/web")]),
      // A domain that is federated while the system runs.
      federated: await get(["authorization", await tokenOf("spiffe://acme.example/spike/x")]),
      audience: await get(["authorization", await tokenOf(role("operator"), "another")]),
      none: await get([]),
      twice: await get(["authorization", operator, "authorization", operator]),
      elsewhere: await get(["authorization", operator], recover),
      recoverByToken: (await send({ dir: proxy, url: shards, headers: spoken })).status,
      recoverItself: (await send({ dir: recover, url: shards })).status,
    },
    {
      operator: 200,
      stranger: 401,
      federated: 401,
      audience: 401,
      none: 401,
      twice: 401,
      elsewhere: 401,
      recoverByToken: 401,
      recoverItself: 200,
    },
  );
  const log = await system.logged("nexus", /Token refused, wrong-audience/);
  const recorded = await system.spike(["audit", "export", "--records", `${system.dir}/data/audit`]);
  assert.match(recorded.stdout, /"via":"spiffe:\/\/spike\.ist\/edge\/proxy"/);
  assert(!(log + recorded.stdout).includes(operator.slice(7)));
});
