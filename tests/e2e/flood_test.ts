import assert from "node:assert/strict";
import { connect } from "node:tls";
import { pemEncode } from "../../lib/x509/mod.ts";
import { authority, NEXUS, sourceOf, SUPERUSER } from "./mtls_fixture.ts";

const MIB = 1024 * 1024;
const FLOOD_BYTES = 1024 * MIB;
const WARM_UP_BYTES = 128 * MIB;
const GROWTH_LIMIT_BYTES = 64 * MIB;
/** The server's limits and what fits into the buffers of both ends. */
const CUT_OFF_BYTES = 32 * MIB;

Deno.test("1 GiB pushed at a handler that never reads leaves memory as it was", async () => {
  const ca = await authority();
  const { svid, bundles } = (await sourceOf(ca, NEXUS)).current();
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", new URL("./flood_server.ts", import.meta.url).pathname],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify({
    certificates: svid.certificates.map((der) => der.toBase64()),
    privateKey: svid.privateKey.toBase64(),
    anchors: [...bundles.values()].flat().map((der) => der.toBase64()),
  })));
  await writer.close();
  const reader = child.stdout.getReader();
  const port = Number(new TextDecoder().decode((await reader.read()).value));
  const pilot = (await sourceOf(ca, SUPERUSER)).current().svid;
  const identity = {
    cert: pilot.certificates.map((der) => pemEncode("CERTIFICATE", der)).join(""),
    key: pemEncode("PRIVATE KEY", pilot.privateKey),
  };
  try {
    // The first connections warm up the runtime's own heaps; after that memory must stay flat.
    await flood(port, identity, WARM_UP_BYTES, () => {});
    const before = rssBytes(child.pid);
    let most = before;
    const longest = await flood(port, identity, FLOOD_BYTES, () => {
      most = Math.max(most, rssBytes(child.pid));
    });
    assert.ok(most - before < GROWTH_LIMIT_BYTES, `Grew by ${(most - before) / MIB} MiB`);
    assert.ok(longest < CUT_OFF_BYTES, `One connection took ${longest / MIB} MiB`);
  } finally {
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
  }
});

/** Pushes that many bytes, over as many connections as the server makes it take; answers the most that one took. */
async function flood(
  port: number,
  identity: object,
  bytes: number,
  afterEach: () => void,
): Promise<number> {
  let longest = 0;
  for (let left = bytes; left > 0;) {
    const sent = await push(port, identity, left);
    assert.ok(sent > 0, "The server does not take connections any more");
    longest = Math.max(longest, sent);
    left -= sent;
    afterEach();
  }
  return longest;
}

function rssBytes(pid: number): number {
  const status = Deno.readTextFileSync(`/proc/${pid}/status`);
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024;
}

/** Pushes a body without end over one connection; answers how many bytes went out before it was ended. */
function push(port: number, identity: object, atMost: number): Promise<number> {
  const chunk = new Uint8Array(256 * 1024);
  const frame = new TextEncoder().encode(`${chunk.length.toString(16)}\r\n`);
  const end = new TextEncoder().encode("\r\n");
  return new Promise((resolve) => {
    let sent = 0;
    const socket = connect({ host: "127.0.0.1", port, ...identity, rejectUnauthorized: false });
    const pump = () => {
      while (sent < atMost && !socket.destroyed) {
        sent += chunk.length;
        socket.write(frame);
        socket.write(chunk);
        if (!socket.write(end)) return;
      }
      socket.destroy();
    };
    socket.on("secureConnect", () => {
      socket.write("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
      pump();
    });
    socket.on("drain", pump);
    socket.on("error", () => {});
    socket.on("close", () => resolve(sent));
  });
}
