/**
 * The encryption service of a Nexus over mutual TLS, with a store and without secrets (backend lite): who may use
 * it, what is on the wire, and how much of it.
 */
import assert from "node:assert/strict";
import { createClient } from "../../lib/client/mod.ts";
import { loadSettings, type NexusSettings } from "../../lib/config/mod.ts";
import { candidatesOf, sampleKey, sampleSet, sampleShards } from "../../lib/recovery/_sample.ts";
import { deriveVerifyKey, makeProbe, ordinarySlots, osRandom } from "../../lib/seal/mod.ts";
import { openMemory } from "../../lib/store/mod.ts";
import { keepRecords } from "../../roles/nexus/request/_auditing.ts";
import { startCore } from "../../roles/nexus/core/core.ts";
import { CIPHER_SLOTS, KEK_SLOTS, SharedPage } from "../../lib/shared_page/page.ts";
import { startServing } from "../../roles/nexus/request/serve.ts";
import { authority, client, NEXUS, RecordedLog, sourceOf, SUPERUSER } from "./mtls_fixture.ts";

const LITE = "spiffe://spike.ist/spike/workload/role/lite/batch";
const BYTES = { "content-type": "application/octet-stream" };

function settingsOf(env: Record<string, string>): NexusSettings {
  return loadSettings({
    role: "nexus",
    env: {
      HOME: "/nowhere",
      SPIKE_NEXUS_KEEPER_PEERS: "https://127.0.0.1:1,https://127.0.0.1:2,https://127.0.0.1:3",
      SPIKE_NEXUS_TLS_PORT: "127.0.0.1:0",
      ...env,
    },
    flags: {},
  });
}

/** A Nexus that has its root key, and clients of it. */
async function nexus(env: Record<string, string> = {}) {
  const stack = new AsyncDisposableStack();
  const settings = settingsOf(env);
  const domain = await authority();
  const source = await sourceOf(domain, NEXUS);
  const [page, store, log] = [new SharedPage(), openMemory(), new RecordedLog()];
  const [kekSlots, cipherSlots] = [ordinarySlots(KEK_SLOTS), ordinarySlots(CIPHER_SLOTS)];
  const rootSlots = ordinarySlots(1);
  const core = await startCore({
    settings,
    source,
    page,
    rootSlots,
    kekSlots,
    cipherSlots,
    auditing: keepRecords(store),
  });
  stack.defer(() => core.stop());
  await core.control.offer(candidatesOf(sampleShards()));
  const probe = makeProbe(deriveVerifyKey(sampleKey(), sampleSet().setId), osRandom);
  await core.port.verify(probe.nonce, probe.ciphertext);
  const isLite = settings.backend === "lite";
  const server = await startServing({
    settings,
    source,
    core: core.port,
    page,
    cipherSlots,
    store,
    log,
    isShared: false,
    connections: 64,
    ...(isLite ? {} : { kekSlots }),
  });
  stack.defer(() => server.close());
  const port = log.lines.find(({ event }) => event === "listening")?.fields["port"];
  const url = `https://127.0.0.1:${port}`;
  const as = async (id: string) => {
    const transport = stack.use(client(await sourceOf(domain, id)));
    return { transport, client: createClient({ nexusUrl: url, transport }) };
  };
  return { url, as, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

Deno.test("superuser and lite workload encrypt and decrypt in both modes, nobody else by role", async () => {
  await using system = await nexus();
  const plaintext = new TextEncoder().encode("hello");
  const { client: superuser } = await system.as(SUPERUSER);
  const { client: workload } = await system.as(LITE);
  assert.deepEqual(await workload.decrypt(await superuser.encrypt(plaintext)), plaintext);
  assert.deepEqual(await superuser.decryptBlob(await workload.encryptBlob(plaintext)), plaintext);
  const denied = { code: "access_unauthorized" };
  for (const path of ["pilot/role/operator", "pilot/role/admin", "pilot/role/recover", "nexus"]) {
    const { client: other } = await system.as(`spiffe://spike.ist/spike/${path}`);
    await assert.rejects(other.encrypt(plaintext), denied, path);
    await assert.rejects(other.decryptBlob(new Uint8Array(40)), denied, path);
  }
  await assert.rejects(workload.listSecrets(), denied);
  await assert.rejects(workload.getSecret("a"), denied);
});

Deno.test("an answer in bytes has exactly its own headers on the wire", async () => {
  await using system = await nexus();
  const { transport } = await system.as(LITE);
  const url = `${system.url}/v1/cipher/encrypt`;
  const { status, headers, body } = await transport.post(url, "hello", { headers: BYTES });
  assert.equal(status, 200);
  assert.equal(body[0], 1);
  assert.equal(headers["content-type"], "application/octet-stream");
  assert.equal(headers["content-length"], String(5 + 29));
  for (const name of ["cache-control", "pragma", "expires"]) assert.equal(headers[name], undefined);
  const refused = await transport.post(`${system.url}/v1/cipher/decrypt`, "", { headers: BYTES });
  assert.equal(refused.status, 400);
  assert.equal(refused.headers["content-type"], "text/plain; charset=utf-8");
  assert.equal(new TextDecoder().decode(refused.body), "crypto_failed_to_read_version\n");
});

Deno.test("the limit is the ciphertext's, by default and as configured", async () => {
  for (const limit of [65_536, 64, 1_048_576]) {
    await using system = await nexus({ SPIKE_NEXUS_CRYPTO_MAX_CIPHERTEXT_SIZE: String(limit) });
    const { client } = await system.as(SUPERUSER);
    const longest = osRandom(limit - 16);
    assert.deepEqual(await client.decryptBlob(await client.encryptBlob(longest)), longest);
    assert.deepEqual(await client.decrypt(await client.encrypt(longest)), longest);
    const refusal = { code: "api_bad_request" };
    await assert.rejects(client.encrypt(new Uint8Array(limit - 15)), refusal);
    await assert.rejects(client.encryptBlob(new Uint8Array(limit - 15)), refusal);
    await assert.rejects(client.decryptBlob(new Uint8Array(13 + limit + 1).fill(1)), refusal);
  }
});

Deno.test("far too long a body is refused, and the server goes on", async () => {
  await using system = await nexus();
  const { client } = await system.as(SUPERUSER);
  await assert.rejects(client.encryptBlob(new Uint8Array(900_000)), {
    code: "api_bad_request",
  });
  assert.equal((await client.encryptBlob(new Uint8Array(3))).length, 32);
});

Deno.test("a lite Nexus encrypts, tells its state, and has no secrets or policies for anybody", async () => {
  await using system = await nexus({ SPIKE_NEXUS_BACKEND_STORE: "lite" });
  const { client: superuser, transport } = await system.as(SUPERUSER);
  const plaintext = new TextEncoder().encode("hello");
  const { client: workload } = await system.as(LITE);
  assert.deepEqual(await workload.decrypt(await superuser.encrypt(plaintext)), plaintext);
  const status = await superuser.status();
  assert.deepEqual([status.backend, status.state, status.initialized], ["lite", "ready", true]);
  const paths = [
    "/v1/store/secrets",
    "/v1/store/secrets?action=get",
    "/v1/store/secrets?action=list",
    "/v1/store/secrets/metadata?action=get",
    "/v1/acl/policy",
    "/v1/acl/policy?action=list",
  ];
  for (const path of paths) {
    const answer = await transport.post(`${system.url}${path}`, '{"path":"a"}');
    const body = new TextDecoder().decode(answer.body);
    assert.deepEqual([answer.status, body], [400, '{"err":"api_bad_request"}'], path);
  }
  const { client: recovery } = await system.as("spiffe://spike.ist/spike/pilot/role/recover");
  assert.equal((await recovery.recover()).length, 3);
});
