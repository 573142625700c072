/** A crowd of connections that never say who they are, in processes that may have few file descriptors. */
import { spikeProgram } from "../../scripts/program.ts";
import { pemEncode } from "../../lib/x509/mod.ts";
import { ask, promptly } from "../contract/wire.ts";
import { environment, temporaryDirectory } from "../e2e/harness.ts";
import { authority, NEXUS, sourceOf, SUPERUSER } from "../e2e/mtls_fixture.ts";

const LIMIT = 256;
/** Far more than there are descriptors, and opened as fast as can be. */
const CROWD = 600;
const KEEPER = "spiffe://spike.ist/spike/keeper";

const SERVERS = [
  { name: "a keeper", role: "keeper", id: KEEPER, caller: NEXUS, listeners: 1, env: {} },
  ...[0, 2].map((workers) => ({
    name: `a Nexus with ${workers} workers`,
    role: "nexus",
    id: NEXUS,
    caller: SUPERUSER,
    listeners: Math.max(workers, 1),
    env: { SPIKE_NEXUS_BACKEND_STORE: "memory", SPIKE_NEXUS_WORKERS: String(workers) },
  })),
];

for (const server of SERVERS) {
  Deno.test(`${server.name} serves during and after a crowd on each of its listeners`, async () => {
    const ca = await authority();
    await using running = await start(server, ca);
    const caller = await identityOf(ca, server.caller);
    for (const port of [running.port, running.healthPort]) {
      const crowd = await connectMany(port);
      await assertServes(running, caller);
      for (const connection of crowd) connection.close();
      await assertServes(running, caller);
    }
  });
}

type Running = Awaited<ReturnType<typeof start>>;
type Caller = Awaited<ReturnType<typeof identityOf>>;

/** It may lose a listener for some seconds; probes are answered all the time, and in the end say that all is well. */
async function assertServes({ port, healthPort, log }: Running, caller: Caller): Promise<void> {
  for (const end = performance.now() + 20_000;;) {
    const probe = await promptly("A probe", fetch(`http://127.0.0.1:${healthPort}/livez`));
    const told = await probe.text();
    try {
      const { status } = await ask(port, caller, { target: "/v1/nothing" });
      if (status >= 400 && status < 500 && probe.status === 200) return;
      throw new Error(`It answered ${status}, and ${told} to a probe`);
    } catch (error) {
      if (performance.now() > end) throw new Error(`Serves no more: ${error}\n${log()}`);
    }
  }
}

async function connectMany(port: number): Promise<Deno.Conn[]> {
  const connecting = Array.from(
    { length: CROWD },
    () => Deno.connect({ hostname: "127.0.0.1", port }),
  );
  const settled = await Promise.allSettled(connecting);
  return settled.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
}

async function identityOf(ca: Awaited<ReturnType<typeof authority>>, id: string) {
  const { svid, bundles } = (await sourceOf(ca, id)).current();
  return {
    certificates: svid.certificates.map((der) => pemEncode("CERTIFICATE", der)).join(""),
    privateKey: pemEncode("PRIVATE KEY", svid.privateKey),
    bundle: [...bundles.values()].flat().map((der) => pemEncode("CERTIFICATE", der)).join(""),
  };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function start(
  { role, id, listeners, env }: (typeof SERVERS)[number],
  ca: Awaited<ReturnType<typeof authority>>,
) {
  const tmp = await temporaryDirectory();
  const identity = await identityOf(ca, id);
  const file = (name: string, text: string) => {
    Deno.writeTextFileSync(`${tmp.path}/${name}`, text, { mode: 0o600 });
    return `${tmp.path}/${name}`;
  };
  const [port, healthPort] = [freePort(), freePort()];
  const child = new Deno.Command("sh", {
    args: ["-c", `ulimit -n ${LIMIT}; exec "$0" "$@"`, spikeProgram().command, role],
    env: environment({
      ...env,
      SPIKE_SYSTEM_LOG_LEVEL: "info",
      SPIKE_SVID_FILE: file("svid.pem", identity.certificates),
      SPIKE_SVID_KEY_FILE: file("key.pem", identity.privateKey),
      SPIKE_BUNDLE_FILE: file("bundle.pem", identity.bundle),
      SPIKE_DATA_DIR: `${tmp.path}/data`,
      SPIKE_HEALTH_ADDR: `127.0.0.1:${healthPort}`,
      [`SPIKE_${role.toUpperCase()}_TLS_PORT`]: `127.0.0.1:${port}`,
    }),
    clearEnv: true,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  let text = "";
  const listening = Promise.withResolvers<void>();
  const following = (async () => {
    for await (const part of child.stderr.pipeThrough(new TextDecoderStream())) {
      text += part;
      if (text.split('"event":"listening"').length > listeners) listening.resolve();
    }
    listening.reject(new Error(`It ended:\n${text}`));
  })();
  const stop = async () => {
    // It may have ended, which `following` tells.
    if (text !== "") child.kill("SIGTERM");
    await child.status;
    await following;
    await tmp[Symbol.asyncDispose]();
  };
  try {
    await promptly("The start", listening.promise, () => text);
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, healthPort, log: () => text, [Symbol.asyncDispose]: stop };
}
