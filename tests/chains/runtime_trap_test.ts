/**
 * What the runtime gets wrong about certificates, and why none of its words on them is a verdict. A test that fails
 * here means that the runtime has changed, not that we have.
 */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { createServer } from "node:https";
import { connect } from "node:tls";
import { pemEncode } from "../../lib/x509/mod.ts";
import { BAD_CHAINS, type Presented } from "./bad_chain.ts";
import { makeRoot, NEXUS } from "./forge.ts";

const world = { root: makeRoot("root"), other: makeRoot("other") };

function presented(name: string): Presented {
  const found = BAD_CHAINS.find((bad) => bad.name === name);
  assert(found, name);
  return found.make(world);
}

/** What a client of the runtime thinks of a server that presents this. */
async function authorizedByRuntime({ chain, key }: Presented): Promise<boolean> {
  const server = createServer({
    cert: chain.map((der) => pemEncode("CERTIFICATE", der)).join(""),
    key: key.privateKey.export({ format: "pem", type: "pkcs8" }),
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const socket = connect({
    host: "127.0.0.1",
    port,
    ca: pemEncode("CERTIFICATE", world.root.der),
    checkServerIdentity: () => undefined,
    rejectUnauthorized: false,
  });
  await new Promise<void>((resolve) => socket.once("secureConnect", resolve));
  const { authorized } = socket;
  socket.destroy();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  return authorized;
}

Deno.test("the runtime takes a version 1 certificate for an anchor's without a look at who signed it", async () => {
  assert.equal(await authorizedByRuntime(presented("version-1-forged")), true);
});

Deno.test("the runtime takes a chain of the wrong trust domain, since it pools what it trusts", async () => {
  assert.equal(await authorizedByRuntime(presented("our-authority-mints-a-federated-id")), true);
});

Deno.test("the runtime's text of a subjectAltName shows a DNS name as a URI", () => {
  const [der] = presented("uri-inside-dns-name").chain;
  assert(der);
  const text = new X509Certificate(pemEncode("CERTIFICATE", der)).subjectAltName ?? "";
  assert(text.split(", ").includes(`URI:${NEXUS}`), text);
});

Deno.test("the library that issues certificates here reads a version 1 certificate, and bytes after one", async () => {
  await import("reflect-metadata");
  const { X509Certificate } = await import("@peculiar/x509");
  for (const name of ["version-1-with-extensions", "trailing-byte"]) {
    const [der] = presented(name).chain;
    assert(der);
    assert.equal(new X509Certificate(Uint8Array.from(der)).extensions.length, 2, name);
  }
});
