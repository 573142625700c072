/** Who presents a chain to our servers and clients, and the good side that judges it. */
import { createServer } from "node:https";
import { connect } from "node:tls";
import {
  type MemorySource,
  parseSpiffeId,
  parseTrustDomain,
  type TrustDomain,
  type X509Svid,
} from "../../lib/spiffe/mod.ts";
import { pemEncode } from "../../lib/x509/mod.ts";
import { client, type Served } from "../e2e/mtls_fixture.ts";
import type { Presented, World } from "./bad_chain.ts";
import { type Leaf, makeLeaf, makeRoot, NEXUS } from "./forge.ts";

/** The authorities that the good side trusts. */
export const world: World = { root: makeRoot("root"), other: makeRoot("other") };
/** The good side's own leaf. */
export const good = makeLeaf(world.root);

/** The bundles of the judging side. */
export function bundlesOf(
  { bundles = {} }: Partial<Presented>,
): Map<TrustDomain, readonly Uint8Array[]> {
  const all = { "spike.ist": [world.root.der], "other.test": [world.other.der], ...bundles };
  return new Map(Object.entries(all).map(([name, anchors]) => [parseTrustDomain(name), anchors]));
}

/** The good side's own SVID; nothing checks its path here. */
export function svidOf({ der, key }: Leaf): X509Svid {
  return {
    id: parseSpiffeId(NEXUS),
    certificates: [der],
    privateKey: key.privateKey.export({ format: "der", type: "pkcs8" }),
    notBeforeMs: Date.now() - 3_600_000,
    notAfterMs: Date.now() + 3_600_000,
    hint: "",
  };
}

function pemOf({ chain, key }: Presented): { cert: string; key: string } {
  return {
    cert: chain.map((der) => pemEncode("CERTIFICATE", der)).join(""),
    key: key.privateKey.export({ format: "pem", type: "pkcs8" }).toString(),
  };
}

const REQUEST = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}";

/** What a server of ours answers to who presents this; the reason it logs, if it came as far. */
export function callServer(served: Served, presented: Presented): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect({
      host: "127.0.0.1",
      port: served.port,
      ...pemOf(presented),
      rejectUnauthorized: false,
    });
    socket.on("secureConnect", () => socket.write(REQUEST));
    socket.on("data", (chunk: Uint8Array) => {
      answer += new TextDecoder().decode(chunk);
      socket.end();
    });
    socket.on("error", (error) => reject(error));
    socket.on("close", () => resolve(answer));
  });
}

/** What our client says of a server that presents this, and how many requests reached it. */
export async function callClient(
  source: MemorySource,
  presented: Presented,
): Promise<{ message: string; requests: number }> {
  let requests = 0;
  const server = createServer({
    ...pemOf(presented),
    requestCert: true,
    rejectUnauthorized: false,
  });
  server.on("request", (_request, response) => {
    requests++;
    response.end();
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await using caller = client(source);
  const message = await caller.post(`https://127.0.0.1:${port}/`, "secret")
    .then(() => "", (error: Error) => error.message);
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  return { message, requests };
}
