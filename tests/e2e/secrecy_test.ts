/** What a whole system writes and says, searched by a test that knows its root key, its shards and a secret. */
import assert from "node:assert/strict";
import { type Client, createClient } from "../../lib/client/mod.ts";
import { createMtlsClient } from "../../lib/mtls/mod.ts";
import { combine, type Shard } from "../../lib/shamir/mod.ts";
import { openWorkloadSource, parseEndpoint } from "../../lib/spiffe/mod.ts";
import { DevSystem, temporaryDirectory } from "./harness.ts";

const PATH = "tenants/acme/db";

/** Calls Nexus with an identity of its own. */
async function withRole<T>(
  system: DevSystem,
  role: string,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const id = `spiffe://spike.ist/spike/pilot/role/${role}`;
  const { stdout } = await system.dev("socket", "--id", id);
  const source = openWorkloadSource(parseEndpoint(stdout.trim()));
  await source.ready(10_000);
  const transport = createMtlsClient({
    source,
    isExpectedPeer: (peer) => peer === "spiffe://spike.ist/spike/nexus",
    peerName: "a SPIKE Nexus",
  });
  const client = createClient({ nexusUrl: system.env["SPIKE_NEXUS_URL"] ?? "", transport });
  try {
    return await work(client);
  } finally {
    await client.close();
    await source.close();
  }
}

/** Forms in which bytes could have been written down. */
function formsOf(bytes: Uint8Array): Uint8Array[] {
  const base64 = bytes.toBase64({ omitPadding: true });
  const texts = [
    bytes.toHex(),
    bytes.toHex().toUpperCase(),
    // The last character also depends on what follows the bytes.
    base64.slice(0, -1),
    bytes.toBase64({ alphabet: "base64url", omitPadding: true }).slice(0, -1),
    [...bytes].join(","),
    [...bytes].join(", "),
  ];
  return [bytes, ...texts.map((text) => new TextEncoder().encode(text))];
}

function holds(haystack: Uint8Array, needle: Uint8Array): boolean {
  const latin1 = (bytes: Uint8Array) => new TextDecoder("latin1").decode(bytes);
  return latin1(haystack).includes(latin1(needle));
}

async function* filesIn(dir: string): AsyncGenerator<string> {
  for await (const { name, isDirectory, isFile } of Deno.readDir(dir)) {
    if (isDirectory) yield* filesIn(`${dir}/${name}`);
    else if (isFile) yield `${dir}/${name}`;
  }
}

/** Everything below `dir`, and everything that was said, by name. */
async function tracesOf(dir: string, said: string): Promise<Map<string, Uint8Array>> {
  const traces = new Map([["output", new TextEncoder().encode(said)]]);
  for await (const path of filesIn(dir)) traces.set(path, await Deno.readFile(path));
  return traces;
}

function assertNoTrace(traces: Map<string, Uint8Array>, what: string, bytes: Uint8Array): void {
  for (const [name, content] of traces) {
    formsOf(bytes).forEach((form, i) =>
      assert.equal(holds(content, form), false, `${name} holds ${what} in form ${i}`)
    );
  }
}

Deno.test("no root key, no shard and no secret is in any file of a system or in anything it says", async () => {
  await using home = await temporaryDirectory();
  await using system = await DevSystem.start(home.path, {
    env: { SPIKE_SYSTEM_LOG_LEVEL: "debug" },
  });
  const secret = crypto.getRandomValues(new Uint8Array(24)).toHex();
  const written = await system.spike(["secret", "put", PATH, "pass=-"], { stdin: secret });
  assert.equal(written.code, 0, written.stderr);
  // A recovery handles the key and all shards once more, with a process that fails half-way before it.
  for (const name of ["keeper-1", "nexus"]) await system.dev("kill", name);
  for (const name of ["keeper-1", "nexus"]) {
    const { code, stderr } = await system.dev("start", name);
    assert.equal(code, 0, stderr);
  }
  const shards = await withRole<readonly Shard[]>(system, "recover", (client) => client.recover());
  assert.equal(shards.length, 3);
  const rootKey = combine(shards.slice(0, 2), 2);
  const running = await tracesOf(home.path, "");
  const { stdout, stderr } = await system.end("SIGTERM");
  const stopped = await tracesOf(
    home.path,
    [written.stdout, written.stderr, stdout, stderr].join(),
  );
  assert.ok([...stopped.keys()].some((name) => name.endsWith("/spike.db")));

  for (const traces of [running, stopped]) {
    assertNoTrace(traces, "the root key", rootKey);
    for (const { index, bytes } of shards) assertNoTrace(traces, `shard ${index}`, bytes);
    assertNoTrace(traces, "the secret", new TextEncoder().encode(secret));
  }
});

Deno.test("the search finds each form that it looks for", () => {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  for (const form of formsOf(bytes)) {
    const traces = new Map([["file", Uint8Array.of(1, ...form, 2)]]);
    assert.throws(() => assertNoTrace(traces, "the bytes", bytes));
  }
});
