/** Identities that come from elsewhere, go, return and are renewed, on real processes. */
import assert from "node:assert/strict";
import { pemDecodeAll } from "../../lib/spiffe/mod.ts";
import { DevSystem, type Ran, temporaryDirectory } from "./harness.ts";
import { Load } from "./load.ts";

const SUPERUSER = "spiffe://spike.ist/spike/pilot/role/superuser";
const GUEST = "spiffe://other.test/app/web";
const PATH = "tenants/acme/db";

/** Runs a command under the identity in a directory that `spike dev svid` wrote. */
function runAs(system: DevSystem, out: string, args: readonly string[]): Promise<Ran> {
  return system.spike(args, {
    env: {
      SPIKE_SVID_FILE: `${out}/svid.pem`,
      SPIKE_SVID_KEY_FILE: `${out}/key.pem`,
      SPIKE_BUNDLE_FILE: `${out}/bundle.json`,
      SPIKE_TRUST_ROOT_PILOT: "spike.ist,other.test",
    },
  });
}

/** Has an SVID of another trust domain written, and its bundles as a map by trust domain. */
async function svidOfOther(system: DevSystem, id: string, out: string): Promise<void> {
  const ran = await system.dev("svid", "--id", id, "--out", out, "--trust-domain", "other.test");
  assert.equal(ran.code, 0, ran.stderr);
  const anchors = pemDecodeAll(await Deno.readTextFile(`${out}/bundle.pem`));
  const document = (from: number, to?: number) => ({
    keys: anchors.slice(from, to).map(({ der }) => ({
      kty: "EC",
      use: "x509-svid",
      x5c: [der.toBase64()],
    })),
  });
  const map = { trust_domains: { "spike.ist": document(0, 1), "other.test": document(1) } };
  await Deno.writeTextFile(`${out}/bundle.json`, JSON.stringify(map));
}

Deno.test("a federated workload has what policies give it, and its domain makes no superuser of ours", async () => {
  await using tmp = await temporaryDirectory();
  await using system = await DevSystem.start(`${tmp.path}/d`);
  const guest = `${tmp.path}/guest`;
  const forged = `${tmp.path}/forged`;
  await svidOfOther(system, GUEST, guest);
  await svidOfOther(system, SUPERUSER, forged);
  assert.equal((await system.spike(["secret", "put", PATH, "user=ada"])).code, 0);
  const get = ["secret", "get", PATH, "user"];
  assert.equal((await runAs(system, guest, get)).code, 3, "nothing is granted yet");
  const policy = await system.spike([
    "policy",
    "create",
    "--name",
    "guests",
    "--spiffeid-pattern",
    "^spiffe://other\\.test/app/web$",
    "--path-pattern",
    `^${PATH}$`,
    "--permissions",
    "read",
  ]);
  assert.equal(policy.code, 0, policy.stderr);
  const granted = await runAs(system, guest, get);
  assert.deepEqual([granted.code, granted.stdout.trim()], [0, "ada"], granted.stderr);
  const refused = await runAs(system, forged, get);
  assert.equal(refused.code, 3, refused.stderr);
  await system.logged("nexus", /"peer_refused".*"unknown-authority".*role\/superuser/);
});

Deno.test("a withdrawn registration stops Nexus until the entry returns, and it says so", async () => {
  await using tmp = await temporaryDirectory();
  await using system = await DevSystem.start(`${tmp.path}/d`);
  const put = (value: string) => system.spike(["secret", "put", PATH, `user=${value}`]);
  assert.equal((await put("ada")).code, 0);
  assert.equal((await system.dev("identity", "withdraw", "nexus")).code, 0);
  const lost = await system.logged("nexus", /"identity_lost"/);
  assert.match(
    lost,
    /"identity_lost","fields":\{"why":"missing","detail":"No X.509-SVID from .*PERMISSION_DENIED/,
  );
  assert.notEqual((await put("bob")).code, 0);
  assert.equal((await system.dev("identity", "return", "nexus")).code, 0);
  await system.logged("nexus", /"identity_back"/);
  assert.equal((await put("carol")).code, 0);
  const { stdout } = await system.spike(["secret", "get", PATH, "user"]);
  assert.equal(stdout.trim(), "carol");
});

Deno.test("an authority is replaced while requests go on, and none of them fails", async () => {
  await using tmp = await temporaryDirectory();
  await using system = await DevSystem.start(`${tmp.path}/d`, { args: ["--workers", "2"] });
  await using load = await Load.start(system, 4);
  const before = load.source.current();
  for (const action of ["prepare", "rotate", "retire"]) {
    await load.more(60);
    const ran = await system.dev("authority", action);
    assert.equal(ran.code, 0, ran.stderr);
  }
  await load.more(60);
  const after = load.source.current();
  assert.notDeepEqual(after.svid.certificates, before.svid.certificates);
  const [old, now] = [before, after].map(({ bundles }) => [...bundles.values()].flat());
  assert(old && now && now.length === 1);
  assert.notDeepEqual(now, old);
  assert.deepEqual(load.failures, []);
});
