import assert from "node:assert/strict";
import { type ErrorCode, SpikeError } from "../../../lib/error/error.ts";
import { type Answering, type Message, spike } from "../fake_nexus.ts";

interface Stored {
  readonly name: string;
  readonly spiffeidPattern: string;
  readonly pathPattern: string;
  readonly permissions: readonly string[];
}

const WEB: Stored = {
  name: "acme-web",
  spiffeidPattern: "^spiffe://example\\.org/acme/web$",
  pathPattern: "^tenants/acme/db/.*$",
  permissions: ["read", "list"],
};
const API: Stored = { ...WEB, name: "acme-api", permissions: ["write"] };

/** A Nexus that keeps policies in `kept`. */
function keeping(kept: Map<string, Stored>): Answering {
  return (_path, action, request: Message) => {
    const name = String(request["id"] ?? request["name"]);
    const found = kept.get(name);
    if (action === "list") {
      return { policies: [...kept.keys()].map((name) => ({ id: name, name })) };
    }
    if (action === "") {
      kept.set(name, request as unknown as Stored);
      return { id: name };
    }
    if (!found) throw new SpikeError("api_not_found", "refused");
    if (action === "delete") {
      kept.delete(name);
      return {};
    }
    return { id: name, spiffiedPattern: found.spiffeidPattern, ...found };
  };
}

function yamlOf({ name, spiffeidPattern, pathPattern, permissions }: Stored): string {
  return `name: ${name}
spiffeidPattern: '${spiffeidPattern}'
pathPattern: '${pathPattern}'
permissions: [${permissions.join(", ")}]
`;
}

/** A directory with files, gone when the test is over. Its name in output is D. */
async function withFiles(
  files: Readonly<Record<string, string>>,
  test: (dir: string) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    for (const [name, text] of Object.entries(files)) {
      await Deno.mkdir(`${dir}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
      await Deno.writeTextFile(`${dir}/${name}`, text);
    }
    await test(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

const TWO = {
  "a.yaml": `# two of them\n${yamlOf(WEB)}---\n${yamlOf(API)}---\n# nothing more\n`,
  ".hidden/x.yaml": "no policy",
  "README.md": "no policy",
};

Deno.test("apply plans what comes from standard input, too", async () => {
  const kept = new Map<string, Stored>();
  const stdin = TWO["a.yaml"];
  const args = ["policy", "apply", "-f", "-"];
  const dry = await spike([...args, "--dry-run"], { nexus: keeping(kept), stdin });
  assert.deepEqual({ code: dry.code, err: dry.err }, { code: 0, err: "" });
  assert.match(dry.out, /^\+ create acme-web {2}\(standard input:2\)\n/);
  assert.equal(kept.size, 0);
  const pruned = await spike([...args, "--prune"], { nexus: keeping(kept), stdin });
  assert.equal(pruned.code, 0);
  assert.deepEqual([...kept.keys()].sort(), ["acme-api", "acme-web"]);
});

Deno.test("apply shows its plan, carries it out, and finds nothing to do the second time", async () => {
  const kept = new Map([["old", { ...WEB, name: "old" }], [API.name, API]]);
  const nexus = keeping(kept);
  await withFiles({ ...TWO, "b/c.yml": yamlOf({ ...WEB, name: "third" }) }, async (dir) => {
    const changed = { ...API, permissions: ["list"] };
    kept.set(API.name, changed);
    const args = ["policy", "apply", "-f", dir];
    const dry = await spike([...args, "--dry-run"], { nexus });
    assert.deepEqual({ code: dry.code, err: dry.err }, { code: 0, err: "" });
    assert.equal(
      dry.out.replaceAll(dir, "D"),
      `+ create acme-web  (D/a.yaml:2)
+ create third  (D/b/c.yml:1)
~ update acme-api  (D/a.yaml:7)
    permissions
      - list
      + write
Plan: 2 to create, 1 to update, 0 unchanged, 0 to delete.
1 more in Nexus stay as they are; --prune deletes them.
Nothing was changed (--dry-run).
`,
    );
    assert.deepEqual([...kept.values()], [{ ...WEB, name: "old" }, changed]);
    assert.match((await spike(args, { nexus })).out, /\nApplied\.\n$/);
    assert.deepEqual([...kept.keys()].sort(), ["acme-api", "acme-web", "old", "third"]);
    assert.deepEqual(kept.get("acme-api"), API);
    const again = await spike(args, { nexus });
    assert.match(again.out, /^Plan: 0 to create, 0 to update, 3 unchanged, 0 to delete\.\n/);
    assert.ok(again.calls.every(({ to }) => to.endsWith("?get") || to.endsWith("?list")));
  });
});

Deno.test("apply deletes with --prune only, and asks before it does", async () => {
  const kept = new Map([["old", { ...WEB, name: "old" }]]);
  const nexus = keeping(kept);
  await withFiles(TWO, async (dir) => {
    const args = ["policy", "apply", "--file", dir, "--prune"];
    const refused = await spike(args, { nexus, stdin: "n\n" });
    assert.equal(refused.code, 130);
    assert.match(refused.out, /\n- delete old\n/);
    assert.deepEqual([...kept.keys()], ["old"]);
    const nobody = await spike(args, { nexus });
    assert.match(nobody.err, /^Error: Confirmation required, but standard input is not a terminal/);
    assert.deepEqual([...kept.keys()], ["old"]);
    const agreed = await spike([...args, "--yes", "--format", "json"], { nexus });
    assert.equal(agreed.code, 0);
    const { applied, plan } = JSON.parse(agreed.out);
    assert.equal(applied, true);
    assert.deepEqual(plan.map((step: Message) => [step["action"], step["name"]]), [
      ["create", "acme-web"],
      ["create", "acme-api"],
      ["delete", "old"],
    ]);
    assert.deepEqual([...kept.keys()].sort(), ["acme-api", "acme-web"]);
    const deleted = agreed.calls.findIndex(({ to }) => to.endsWith("?delete"));
    assert.equal(deleted, agreed.calls.length - 1, "what is new comes first");
  });
});

Deno.test("nothing is applied if one policy is not valid, and every fault is told with its place", async () => {
  const files = {
    "a.yaml": yamlOf(WEB),
    "b.yaml": `${yamlOf({ ...API, pathPattern: "(" })}---\n${yamlOf(WEB)}`,
    "c.yaml": "name: x\n",
    "d.yaml": "name: [\n",
  };
  await withFiles(files, async (dir) => {
    const { code, out, err } = await spike(["policy", "apply", "-f", dir]);
    assert.deepEqual({ code, out }, { code: 1, out: "" });
    const lines = err.replaceAll(dir, "D").split("\n");
    assert.equal(lines[0], "Error: 4 policies are not valid:");
    assert.match(lines[1] ?? "", /^ {2}D\/b\.yaml:1: Path pattern "\(" is not an RE2 expression/);
    assert.equal(
      lines[2],
      '  D/b.yaml:6: Policy "acme-web" is defined twice, first in D/a.yaml:1',
    );
    assert.equal(lines[3], "  D/c.yaml:1: spiffeidPattern is required in YAML file");
    assert.match(lines[4] ?? "", /^ {2}D\/d\.yaml:2: YAML is not valid: /);
  });
});

Deno.test("what apply cannot do is refused before anything is asked of Nexus", async () => {
  await withFiles({ "a.txt": "x", "e/x.yaml": "# nothing\n" }, async (dir) => {
    const table: [string[], RegExp][] = [
      [["-f", dir], /^Error: No policies found in "/],
      [["-f", `${dir}/none`, "--dry-run"], /^Error: ".*none" cannot be read: it does not exist/],
      [["--dry-run"], /^Error: Flags --dry-run and --prune need --file\n/],
      [["-f", dir, "--name", "a"], /^Error: Flags --file and --name cannot be given together/],
      [["-f", dir, "--format", "xml"], /^Error: Format is "xml"/],
    ];
    for (const [args, message] of table) {
      const { code, out, err } = await spike(["policy", "apply", ...args]);
      assert.deepEqual({ code, out }, { code: 1, out: "" }, args.join(" "));
      assert.match(err, message);
    }
  });
});

/** A Nexus that fails with this code from its second change on, until `mend` is called. */
function failing(kept: Map<string, Stored>, code: ErrorCode) {
  let changes = 0;
  let isMended = false;
  const nexus: Answering = (path, action, request) => {
    const isChange = action === "" || action === "delete";
    if (isChange && !isMended && ++changes > 1) throw new SpikeError(code, "refused");
    return keeping(kept)(path, action, request);
  };
  return { nexus, mend: () => void (isMended = true) };
}

Deno.test("where apply stops half way, it names what is done and what is not, and goes on when run again", async () => {
  const kept = new Map([["old", { ...WEB, name: "old" }]]);
  const { nexus, mend } = failing(kept, "state_not_ready");
  await withFiles(TWO, async (dir) => {
    const args = ["policy", "apply", "-f", dir, "--prune", "--yes"];
    const { code, out, err } = await spike(args, { nexus });
    assert.equal(code, 6);
    assert.match(err, /^Error: Policy 'acme-api' was not applied: Nexus is not ready/);
    assert.match(err, /\nHint: 1 of 3 changes were made; run the command again to continue\n$/);
    assert.equal(
      out.slice(out.indexOf("Applied:")),
      "Applied:\n+ create acme-web\nNot applied:\n+ create acme-api\n- delete old\n",
    );
    assert.deepEqual([...kept.keys()].sort(), ["acme-web", "old"]);
    mend();
    const again = await spike(args, { nexus });
    assert.equal(again.code, 0);
    assert.match(
      again.out,
      /\nPlan: 1 to create, 0 to update, 1 unchanged, 1 to delete\.\nApplied\.\n$/,
    );
    assert.deepEqual([...kept.keys()].sort(), ["acme-api", "acme-web"]);
  });
});

Deno.test("a change whose answer was not seen is told as one that may have been made", async () => {
  const kept = new Map<string, Stored>();
  await withFiles(TWO, async (dir) => {
    const args = ["policy", "apply", "-f", dir];
    const lost = failing(kept, "net_peer_connection");
    const human = await spike(args, { nexus: lost.nexus });
    assert.equal(human.code, 6);
    assert.match(human.err, /^Error: Policy 'acme-api' may not have been applied: /);
    assert.match(human.out, /\nUnknown whether applied:\n\+ create acme-api\n$/);
    kept.clear();
    const json = await spike([...args, "--format", "json"], {
      nexus: failing(kept, "net_peer_connection").nexus,
    });
    const { applied, plan } = JSON.parse(json.out);
    assert.equal(applied, false);
    assert.deepEqual(plan.map((step: Message) => [step["name"], step["done"]]), [
      ["acme-web", true],
      ["acme-api", null],
    ]);
  });
});

Deno.test("lint tells of files with places, the worst first, and fails for errors", async () => {
  const files = {
    "a.yaml": `${yamlOf({ ...WEB, pathPattern: "tenants/acme/" })}---\n${
      yamlOf({ ...WEB, name: "narrow" })
    }`,
    "b.yaml": `${yamlOf({ ...WEB, name: "typo", spiffeidPattern: "^spiffe://Acme/web$" })}`,
    "c.yaml": "name: x\n",
  };
  await withFiles(files, async (dir) => {
    const { code, out, err } = await spike(["policy", "lint", dir]);
    assert.equal(code, 1);
    assert.equal(
      out.replaceAll(dir, "D"),
      `error: [invalid] D/c.yaml:1: spiffeidPattern is required in YAML file
D/b.yaml:1: error: [never] typo: spiffeidPattern ^spiffe://Acme/web$ matches no valid SPIFFE ID
D/a.yaml:1: warning: [unanchored] acme-web: pathPattern tenants/acme/ is not anchored and may match more than intended; write ^…$
D/a.yaml:6: warning: [shadowed] narrow: grants nothing beyond what others grant: acme-web
4 policies: 2 errors, 2 warnings, 0 notes
`,
    );
    assert.match(err, /^Error: 2 findings at or above level error\nHint: See docs\/policies\.md/);
    assert.equal((await spike(["policy", "lint", dir, "--fail-on", "never"])).code, 0);
    const warned = await spike(["policy", "lint", `${dir}/a.yaml`]);
    assert.equal(warned.code, 0);
    assert.equal(
      (await spike(["policy", "lint", `${dir}/a.yaml`, "--fail-on", "warning"])).code,
      1,
    );
    const json = JSON.parse((await spike(["policy", "lint", `${dir}/a.yaml`, "-f", "json"])).out);
    assert.equal(json.policies, 2);
    assert.deepEqual(
      json.findings.map(({ rule, line, others }: Message) => [rule, line, others]),
      [["unanchored", 1, undefined], ["shadowed", 6, ["acme-web"]]],
    );
  });
  const odd = await spike(["policy", "lint", "--fail-on", "bad"]);
  assert.match(odd.err, /^Error: Level is "bad", expected error, warning, note, never/);
});

Deno.test("lint looks at the policies of Nexus where no files are given", async () => {
  const kept = new Map([[WEB.name, WEB], ["b", { ...WEB, name: "b" }]]);
  const { code, out } = await spike(["policy", "lint"], { nexus: keeping(kept) });
  assert.equal(code, 0);
  assert.equal(
    out,
    `warning: [duplicate] b: grants exactly what others grant: acme-web
2 policies: 0 errors, 1 warning, 0 notes
`,
  );
});

const CASES = `# what has to hold
- id: spiffe://example.org/acme/web
  path: tenants/acme/db/creds
  permissions: [read, list]
  allowed: true
  by: acme-web
- {id: spiffe://example.org/acme/web, path: tenants/other, permission: read, allowed: false}
- id: spiffe://spike.ist/spike/pilot/role/operator
  path: anything
  permission: write
  allowed: true
  by: role:operator
`;

Deno.test("test decides by files as Nexus would, roles included", async () => {
  await withFiles({ "p/a.yaml": yamlOf(WEB), "cases.yaml": CASES }, async (dir) => {
    const args = ["policy", "test", `${dir}/cases.yaml`, "--policies", `${dir}/p`];
    const { code, out, err } = await spike(args);
    assert.deepEqual({ code, out, err }, {
      code: 0,
      out: "3 cases: 3 as expected, 0 not\n",
      err: "",
    });
    const elsewhere = { SPIKE_TRUST_ROOT_PILOT: "example.org" };
    const failed = await spike(args, { env: elsewhere });
    assert.equal(failed.code, 1);
    assert.equal(
      failed.out.replaceAll(dir, "D"),
      `FAIL D/cases.yaml:8: write on anything for spiffe://spike.ist/spike/pilot/role/operator
  - expected: allowed by role:operator
  + decided:  denied: write on anything is missing: no policy matches this ID or this path
3 cases: 2 as expected, 1 not
`,
    );
    assert.match(failed.err, /^Error: 1 of 3 cases failed\n/);
  });
});

Deno.test("test asks Nexus where no policies are given", async () => {
  const nexus: Answering = (_path, _action, { path }) => ({
    allowed: path !== "anything",
    by: "policy",
    policy: "acme-web",
    policies: ["acme-web"],
    reason: "R",
  });
  await withFiles({ "cases.yaml": CASES }, async (dir) => {
    const { code, out, calls } = await spike(
      ["policy", "test", `${dir}/cases.yaml`, "-f", "json"],
      { nexus },
    );
    assert.equal(code, 1);
    assert.equal(calls.length, 3);
    const results = JSON.parse(out);
    assert.deepEqual(results.map(({ passed }: Message) => passed), [true, false, false]);
    assert.deepEqual(results[1], {
      file: `${dir}/cases.yaml`,
      line: 7,
      id: "spiffe://example.org/acme/web",
      path: "tenants/other",
      permissions: ["read"],
      passed: false,
      expected: { allowed: false },
      decided: { allowed: true, by: "policy", policies: ["acme-web"], reason: "R" },
    });
  });
});

Deno.test("what is wrong in a file of cases is told with its line", async () => {
  const table: [string, RegExp][] = [
    ["", /^Error: F:1: File is not a list of cases/],
    ["cases: 7\n", /^Error: F:1: File is not a list of cases/],
    ["- [\n", /^Error: F:\d: YAML is not valid/],
    ["- 7\n", /^Error: F:1: A case is not a mapping/],
    [
      CASES.replace("path:", "pth:"),
      /^Error: F:2: Key "pth" is not known\nHint: Known are id, path/,
    ],
    [
      CASES.replace("allowed: false", "allowed: no way"),
      /^Error: F:7: allowed is missing, expected/,
    ],
    [
      CASES.replace("permission: write", "permission: sing"),
      /^Error: F:8: "sing" is not a permission/,
    ],
    [CASES.replace("  permission: write\n", ""), /^Error: F:8: permission is missing/],
    [CASES.replace("id: spiffe://example", "id: example"), /^Error: F:2: SPIFFE ID "example/],
    [CASES.replace("path: anything", "path: 7"), /^Error: F:8: path is missing, expected a text/],
    [
      CASES.replace("allowed: false", "allowed: false, by: x"),
      /^Error: F:7: by goes with allowed: t/,
    ],
  ];
  for (const [text, message] of table) {
    await withFiles({ "f.yaml": text }, async (dir) => {
      const { code, out, err } = await spike(["policy", "test", `${dir}/f.yaml`]);
      assert.deepEqual({ code, out }, { code: 1, out: "" }, text);
      assert.match(err.replaceAll(`${dir}/f.yaml`, "F"), message);
    });
  }
});
