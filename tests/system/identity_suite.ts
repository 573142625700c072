/** Identities that come from elsewhere, go, return and are renewed, on real processes. */
import assert from "node:assert/strict";
import { pemDecodeAll } from "../../lib/x509/mod.ts";
import { trustDomainOf } from "../../lib/spiffe/mod.ts";
import { DevSystem, type Ran, temporaryDirectory } from "../e2e/harness.ts";
import { Load } from "../e2e/load.ts";

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

Deno.test("identities come from elsewhere, go, return and are renewed", async (t) => {
  await using tmp = await temporaryDirectory();
  await using system = await DevSystem.start(`${tmp.path}/d`, { args: ["--workers", "2"] });
  await t.step("a federated workload has what policies give it", () => guest(system, tmp.path));
  await t.step("a federated domain makes no superuser of ours", () => forgery(system, tmp.path));
  await t.step("a withdrawn registration stops Nexus until it returns", () => withdrawal(system));
  await t.step("an authority is replaced under load, and no request fails", () => rotation(system));
});

const GET = ["secret", "get", PATH, "user"];

async function guest(system: DevSystem, tmp: string): Promise<void> {
  const out = `${tmp}/guest`;
  await svidOfOther(system, GUEST, out);
  assert.equal((await system.spike(["secret", "put", PATH, "user=ada"])).code, 0);
  assert.equal((await runAs(system, out, GET)).code, 3, "nothing is granted yet");
  const policy = {
    name: "guests",
    "spiffeid-pattern": "^spiffe://other\\.test/app/web$",
    "path-pattern": `^${PATH}$`,
    permissions: "read",
  };
  const flags = Object.entries(policy).flatMap(([name, value]) => [`--${name}`, value]);
  const made = await system.spike(["policy", "create", ...flags]);
  assert.equal(made.code, 0, made.stderr);
  const granted = await runAs(system, out, GET);
  assert.deepEqual([granted.code, granted.stdout.trim()], [0, "ada"], granted.stderr);
}

async function forgery(system: DevSystem, tmp: string): Promise<void> {
  const out = `${tmp}/forged`;
  await svidOfOther(system, SUPERUSER, out);
  const refused = await runAs(system, out, GET);
  assert.equal(refused.code, 3, refused.stderr);
  await system.logged("nexus", /"peer_refused".*"unknown-authority".*role\/superuser/);
}

async function withdrawal(system: DevSystem): Promise<void> {
  const put = (value: string) => system.spike(["secret", "put", PATH, `user=${value}`]);
  assert.equal((await system.dev("identity", "withdraw", "nexus")).code, 0);
  const lost = await system.logged("nexus", /"identity_lost"/);
  assert.match(lost, /"identity_lost","fields":\{"why":"missing",.*PERMISSION_DENIED/);
  // Each thread hears of it by itself: the listeners have heard when they end their connections.
  await system.logged("nexus", /"identity_unavailable"[^]*"identity_unavailable"/);
  assert.match(await readiness(system), /^503 .*"no_identity"/);
  assert.notEqual((await put("bob")).code, 0);
  assert.equal((await system.dev("identity", "return", "nexus")).code, 0);
  await system.logged("nexus", /"identity_back"/);
  assert.doesNotMatch(await readiness(system), /no_identity/);
  // The listeners hear of it a little later than the thread that said so.
  let ran = await put("carol");
  for (let again = 0; ran.code !== 0 && again < 10; again++) ran = await put("carol");
  assert.equal(ran.code, 0, ran.stderr);
  assert.equal((await system.spike(GET)).stdout.trim(), "carol");
}

/** Status and body of Nexus's readiness. */
async function readiness(system: DevSystem): Promise<string> {
  const port = /"health_listening","fields":\{"port":(\d+)/.exec(await system.log("nexus"))?.[1];
  const answer = await fetch(`http://127.0.0.1:${port}/readyz`);
  return `${answer.status} ${await answer.text()}`;
}

async function rotation(system: DevSystem): Promise<void> {
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
  const [old, now] = [before, after].map(({ bundles }) =>
    bundles.get(trustDomainOf(before.svid.id))
  );
  assert(old && now && now.length === 1);
  assert.notDeepEqual(now, old);
  assert.deepEqual(load.failures, []);
}
