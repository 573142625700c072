/** Policies from files on a running system: applied, explained, tested, linted and pruned by the command line. */
import assert from "node:assert/strict";
import { DevSystem, temporaryDirectory } from "../e2e/harness.ts";

const WEB = "spiffe://spike.ist/workload/web";

const POLICIES = `name: web reads
spiffeidPattern: '^spiffe://spike\\.ist/workload/web$'
pathPattern: '^tenants/acme/.*$'
permissions: [read]
---
name: web lists
spiffeidPattern: '^spiffe://spike\\.ist/workload/web$'
pathPattern: '^tenants/.*$'
permissions: [list]
`;

const CASES = `- {id: ${WEB}, path: tenants/acme/db, permission: read, allowed: true, by: web reads}
- {id: ${WEB}, path: tenants/acme/db, permissions: [read, list], allowed: false}
- {id: ${WEB}, path: other, permission: list, allowed: false}
`;

Deno.test("policies of a directory are applied, explained, tested and pruned", async (t) => {
  await using tmp = await temporaryDirectory();
  const files = `${tmp.path}/policies`;
  await Deno.mkdir(files);
  await Deno.writeTextFile(`${files}/web.yaml`, POLICIES);
  await Deno.writeTextFile(`${tmp.path}/cases.yaml`, CASES);
  await using system = await DevSystem.start(`${tmp.path}/d`);
  const policy = async (...args: string[]) => await system.spike(["policy", ...args]);

  await t.step("apply makes them once", async () => {
    const first = await policy("apply", "-f", files);
    assert.equal(first.code, 0, first.stderr);
    assert.match(
      first.stdout,
      /Plan: 2 to create, 0 to update, 0 unchanged, 0 to delete\.\nApplied/,
    );
    const second = await policy("apply", "-f", files, "--format", "json");
    assert.deepEqual(
      JSON.parse(second.stdout).plan.map(({ action }: { action: string }) => action),
      ["unchanged", "unchanged"],
    );
  });
  await t.step("explain and who-can name them", async () => {
    const denied = await policy("explain", WEB, "tenants/acme/db", "-p", "read,list");
    assert.equal(denied.code, 0, denied.stderr);
    assert.match(denied.stdout, /^Denied: read, list on tenants\/acme\/db for /);
    assert.match(denied.stdout, /several policies grant a part each/);
    const who = await policy("who-can", "read", "tenants/acme/db", WEB);
    assert.match(who.stdout, /\n {2}web reads \(read\)\n/);
    assert.match(who.stdout, new RegExp(`\\n {2}allowed ${WEB} by policy web reads\\n$`));
  });
  await t.step("cases hold here and there", async () => {
    const there = await policy("test", `${tmp.path}/cases.yaml`);
    const here = await policy("test", `${tmp.path}/cases.yaml`, "--policies", files);
    for (const { code, stdout, stderr } of [there, here]) {
      assert.equal(stdout, "3 cases: 3 as expected, 0 not\n", stderr);
      assert.equal(code, 0);
    }
  });
  await t.step("lint finds what is live", async () => {
    const { code, stdout } = await policy("lint");
    assert.equal(code, 0);
    assert.equal(stdout, "2 policies: 0 errors, 0 warnings, 0 notes\n");
  });
  await t.step("prune deletes what is gone from the files", async () => {
    await Deno.writeTextFile(`${files}/web.yaml`, POLICIES.split("---\n")[0] ?? "");
    const pruned = await policy("apply", "-f", files, "--prune", "--yes");
    assert.match(pruned.stdout, /\n?- delete web lists\n/);
    const left = await policy("list", "-f", "json");
    assert.deepEqual(JSON.parse(left.stdout), [{ id: "web reads", name: "web reads" }]);
  });
});
