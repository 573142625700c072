import assert from "node:assert/strict";
import { SpikeError } from "../../../lib/error/error.ts";
import { type Answering, refusing, spike } from "../fake_nexus.ts";

const POLICY = {
  name: "acme-web",
  spiffeidPattern: "^spiffe://example\\.org/acme/web$",
  pathPattern: "^tenants/acme/db/.*$",
  permissions: ["read", "list"],
};

const FLAGS = [
  "--name",
  POLICY.name,
  "--spiffeid-pattern",
  POLICY.spiffeidPattern,
  "--path-pattern",
  POLICY.pathPattern,
  "--permissions",
  "read, list",
];

/** A Nexus that has the policy or not, and takes any other. */
function nexusWith(isThere: boolean): Answering {
  return (_path, action) => {
    if (action === "get" && !isThere) throw new SpikeError("api_not_found", "refused");
    return action === "get" ? { id: "", ...KEPT } : {};
  };
}

const KEPT = {
  name: POLICY.name,
  spiffiedPattern: POLICY.spiffeidPattern,
  pathPattern: POLICY.pathPattern,
  permissions: POLICY.permissions,
  createdAt: "2026-07-25T00:00:00Z",
  updatedAt: "2026-07-26T00:00:00Z",
};

async function withFile(text: string, test: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(path, text);
    await test(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("every flag that is missing is named", async () => {
  for (const command of ["create", "apply"]) {
    const { code, err } = await spike(["policy", command, "--path-pattern", "a"]);
    assert.equal(code, 1);
    assert.match(
      err,
      /^Error: Flags are missing:\n {2}--name\n {2}--spiffeid-pattern\n {2}--permissions\nHint: /,
    );
  }
});

Deno.test("a policy that Nexus would refuse is refused here, with the reason", async () => {
  const table: [string, string, RegExp][] = [
    ["--name", "a/b", /^Error: Policy name "a\/b" is not valid\nHint: Use letters/],
    ["--permissions", "read,reed", /^Error: Permission "reed" is not known\nHint: Use read, write/],
    ["--permissions", " , ", /^Error: Policy has no permissions/],
    ["--spiffeid-pattern", "^example.org$", /^Error: SPIFFE ID pattern .* is not valid\nHint: /],
    ["--path-pattern", "a(", /^Error: Path pattern "a\(" is not an RE2 expression/],
    ["--path-pattern", "spike/system", /^Error: Policy "acme-web" reaches the reserved path /],
  ];
  for (const [flag, value, message] of table) {
    const args = [...FLAGS];
    args[args.indexOf(flag) + 1] = value;
    const { code, out, err } = await spike(["policy", "apply", ...args]);
    assert.deepEqual({ code, out }, { code: 1, out: "" }, value);
    assert.match(err, message);
  }
});

Deno.test("a pattern that is not anchored is taken with a warning", async () => {
  const args = [...FLAGS];
  args[args.indexOf("--path-pattern") + 1] = "tenants/acme";
  const { code, err } = await spike(["policy", "apply", ...args], { nexus: nexusWith(false) });
  assert.equal(code, 0);
  assert.match(err, /^Warning: pathPattern 'tenants\/acme' is not anchored: it may match more/);
});

const YAML = `# who reads the database
name: acme-web
spiffeidPattern: '^spiffe://example\\.org/acme/web$'
pathPattern: ^tenants/acme/db/.*$
permissions:
  - read
  - list
`;

Deno.test("apply takes a policy from a YAML file or standard input", async () => {
  await withFile(YAML, async (path) => {
    const { code, calls } = await spike(["policy", "apply", "--file", path], {
      nexus: nexusWith(false),
    });
    assert.equal(code, 0);
    assert.deepEqual(calls, [{ to: "/v1/acl/policy", request: POLICY }]);
  });
  const piped = await spike(["policy", "apply", "--file", "-"], {
    nexus: nexusWith(false),
    stdin: YAML.replace(/permissions:[^]*/, "permissions: [read, list]"),
  });
  assert.deepEqual(piped.calls[0]?.request, POLICY);
});

Deno.test("scalars of a YAML file are texts, whatever they look like", async () => {
  const { calls } = await spike(["policy", "apply", "--file", "-"], {
    nexus: nexusWith(false),
    stdin: YAML.replace("acme-web", "007"),
  });
  assert.equal(calls[0]?.request["name"], "007");
});

Deno.test("what is wrong in a YAML file is told with its line", async () => {
  const table: [string, RegExp][] = [
    [
      YAML.replace("pathPattern", "path"),
      /^Error: F:4: Key "path" is not known\nHint: Write pathPattern\n$/,
    ],
    [YAML + "team: acme\n", /^Error: F:8: Key "team" is not known\nHint: Known are name, /],
    [YAML.replace(/name: .*\n/, ""), /^Error: F:2: name is required in YAML file\nHint: /],
    [YAML.replace("acme-web", ""), /^Error: F:2: name is required in YAML file\n$/],
    [YAML + "name: again\n", /^Error: F:8: YAML is not valid: Map keys must be unique/],
    [YAML + "---\nname: other\n", /^Error: F:8: A second document begins here/],
    [
      YAML.replace(/'/g, '"'),
      /^Error: F:3: YAML is not valid: Invalid escape sequence \\\.\nHint: Put patterns in single/,
    ],
    [YAML.replace(/permissions:[^]*/, "permissions: read"), /^Error: F:5: permissions is no list/],
    [YAML.replace("- read", "- [read]"), /^Error: F:5: permissions holds what is no word/],
    [YAML.replace("acme-web", "[a]"), /^Error: F:2: name is not text/],
    ["- a\n", /^Error: F:1: File is not a mapping/],
    ["", /^Error: F: File is not a mapping/],
    [YAML.replace("- list", "- lost"), /^Error: F:2: Permission "lost" is not known/],
  ];
  for (const [text, message] of table) {
    await withFile(text, async (path) => {
      const { code, out, err, calls } = await spike(["policy", "apply", "--file", path]);
      assert.deepEqual({ code, out, calls }, { code: 1, out: "", calls: [] }, text);
      assert.match(err.replace(path, "F"), message);
    });
  }
});

Deno.test("a file and flags exclude each other, and a file that is not there is named", async () => {
  const both = await spike(["policy", "apply", "--file", "x.yaml", "--name", "a"]);
  assert.equal(both.code, 1);
  assert.match(both.err, /^Error: Flags --file and --name cannot be given together\n/);
  const none = await spike(["policy", "apply", "--file", "/nowhere/x.yaml"]);
  assert.equal(none.code, 1);
  assert.equal(
    none.err,
    'Error: File "/nowhere/x.yaml" cannot be read: it does not exist\n',
  );
});

Deno.test("list prints names, sorted", async () => {
  const policies = [{ id: "b", name: "b" }, { id: "", name: "a" }];
  const nexus = () => ({ policies });
  const human = await spike(["policy", "list"], { nexus });
  assert.equal(
    human.out,
    "POLICIES\n========\n\nName: a\n--------\n\nName: b\n--------\n\n",
  );
  const json = await spike(["policy", "list", "-f", "json"], { nexus });
  assert.equal(
    json.out,
    '[\n  {\n    "id": "",\n    "name": "a"\n  },\n  {\n    "id": "b",\n    "name": "b"\n  }\n]\n',
  );
  const yaml = await spike(["policy", "list", "-f", "yaml"], { nexus });
  assert.equal(yaml.out, '- id: ""\n  name: a\n- id: b\n  name: b\n');
  const none = () => ({ policies: [] });
  assert.equal((await spike(["policy", "list"], { nexus: none })).out, "No policies found.\n");
  assert.equal((await spike(["policy", "list", "-f", "j"], { nexus: none })).out, "[]\n");
});

Deno.test("list filters by one exact pattern", async () => {
  const nexus = () => ({});
  const filtered = await spike(["policy", "list", "--path-pattern", "^a$"], { nexus });
  assert.deepEqual(filtered.calls, [{
    to: "/v1/acl/policy?list",
    request: { spiffeidPattern: "", pathPattern: "^a$" },
  }]);
  const both = await spike(
    ["policy", "list", "--path-pattern", "a", "--spiffeid-pattern", "b"],
  );
  assert.equal(both.code, 1);
  assert.match(both.err, /cannot be given together/);
});

Deno.test("get prints a policy for people", async () => {
  for (const args of [["acme-web"], ["--name", "acme-web"], ["acme-web", "--name", "other"]]) {
    const { out, calls } = await spike(["policy", "get", ...args], { nexus: nexusWith(true) });
    assert.deepEqual(calls, [{ to: "/v1/acl/policy?get", request: { id: "acme-web" } }]);
    assert.equal(
      out,
      `POLICY DETAILS
==============

Name: acme-web
SPIFFE ID Pattern: ^spiffe://example\\.org/acme/web$
Path Pattern: ^tenants/acme/db/.*$
Permissions: read, list
Created At: 2026-07-25T00:00:00Z
Updated At: 2026-07-26T00:00:00Z
`,
    );
  }
});

Deno.test("get prints a policy with the wire's names, and in YAML in lower case", async () => {
  const json = await spike(["policy", "get", "acme-web", "-f", "json"], {
    nexus: nexusWith(true),
  });
  assert.deepEqual(JSON.parse(json.out), {
    id: "",
    ...KEPT,
    spiffeidPattern: POLICY.spiffeidPattern,
  });
  const yaml = await spike(["policy", "get", "acme-web", "-f", "yaml"], {
    nexus: nexusWith(true),
  });
  assert.match(yaml.out, /^id: ""\nname: acme-web\nspiffeidpattern: \^spiffe:/);
  assert.match(yaml.out, /\npermissions:\n {2}- read\n {2}- list\ncreatedat: "2026-07-25T00/);
});

Deno.test("a policy that was exported can be applied again as it is", async () => {
  const odd = {
    ...KEPT,
    name: "yes",
    pathPattern: "^tenants/[a-z]{2}/0x1f.*$",
  };
  const kept = [KEPT, odd, { ...KEPT, name: "007" }, { ...KEPT, name: "2030-01-01" }];
  for (const policy of kept) {
    const expected = {
      name: policy.name,
      spiffeidPattern: policy.spiffiedPattern,
      pathPattern: policy.pathPattern,
      permissions: policy.permissions,
    };
    for (const format of ["json", "yaml"]) {
      const nexus: Answering = (_path, action) => action === "get" ? { id: "x", ...policy } : {};
      const got = await spike(["policy", "get", policy.name, "-f", format], { nexus });
      assert.equal(got.code, 0, got.err);
      const applied = await spike(["policy", "apply", "-f", "-"], { nexus, stdin: got.out });
      assert.equal(applied.code, 0, applied.err);
      assert.deepEqual(applied.calls.at(-1)?.request, expected);
    }
  }
});

Deno.test("an exported policy whose two spellings of a pattern differ is refused", async () => {
  const text = YAML + "spiffiedPattern: ^spiffe://example\\.org/other$\n";
  const { code, err } = await spike(["policy", "apply", "-f", "-"], { stdin: text });
  assert.equal(code, 1);
  assert.match(err, /Key "spiffiedPattern" is not known\nHint: Write spiffeidPattern/);
  const twice = YAML + "pathpattern: ^b$\n";
  assert.match(
    (await spike(["policy", "apply", "-f", "-"], { stdin: twice })).err,
    /:8: Key pathPattern is given twice\n/,
  );
});

Deno.test("a policy that is not there ends with 4, a name that is not given with 1", async () => {
  const nexus = refusing("api_not_found");
  for (const command of [["get", "web"], ["delete", "web", "--yes"]]) {
    const { code, err } = await spike(["policy", ...command], { nexus });
    assert.equal(code, 4);
    assert.equal(err, 'Error: Policy not found: "web"\nHint: See `spike policy list`\n');
  }
  for (const command of ["get", "delete"]) {
    const { code, err } = await spike(["policy", command]);
    assert.equal(code, 1);
    assert.match(err, /^Error: Missing required argument 'name'\n/);
  }
});

Deno.test("delete asks a person, and goes on only after y", async () => {
  const question = "Are you sure you want to delete policy 'web'? (y/N): ";
  for (const typed of ["y\n", "Y\r\n"]) {
    const { code, out, err, calls } = await spike(["policy", "delete", "web"], {
      nexus: () => ({}),
      typed,
    });
    assert.deepEqual({ code, out, err }, {
      code: 0,
      out: "Policy deleted successfully.\n",
      err: question,
    });
    assert.deepEqual(calls, [
      { to: "/v1/acl/policy?get", request: { id: "web" } },
      { to: "/v1/acl/policy?delete", request: { id: "web" } },
    ]);
  }
  for (const typed of ["n\n", "yes\n", "\n", " y\n"]) {
    const nexus = () => ({});
    const { code, out, err, calls } = await spike(["policy", "delete", "web"], { nexus, typed });
    assert.deepEqual({ code, out }, { code: 130, out: "" }, typed);
    assert.deepEqual(calls.map(({ to }) => to), ["/v1/acl/policy?get"]);
    assert.ok(err.startsWith(`${question}Error: Operation canceled.\n`), err);
  }
});

Deno.test("delete asks nobody about a policy that is not there, and goes on where it may not look", async () => {
  const missing = await spike(["policy", "delete", "none"], {
    nexus: refusing("api_not_found"),
    typed: "y\n",
  });
  assert.equal(missing.code, 4);
  assert.match(missing.err, /^Error: Policy not found: "none"\n/);
  const nexus: Answering = (path, action, request) =>
    action === "get" ? refusing("access_unauthorized")(path, action, request) : {};
  const blind = await spike(["policy", "delete", "web"], { nexus, stdin: "y\n" });
  assert.equal(blind.code, 0);
});

Deno.test("files that are not UTF-8 are refused and nothing of them is taken", async () => {
  const file = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    const bytes = new TextEncoder().encode(YAML + "# ");
    await Deno.writeFile(file, Uint8Array.from([...bytes, 0xff]));
    for (
      const args of [
        ["policy", "apply", "-f", file],
        ["policy", "apply", "-f", file, "--dry-run"],
        ["policy", "lint", file],
        ["policy", "test", file],
        ["audit", "verify", ".", "--key", file],
        ["audit", "proof", ".", "--key", file, "--record", "1"],
      ]
    ) {
      const { code, err } = await spike(args);
      assert.equal(code, 1, args.join(" "));
      assert.match(err, /^Error: .*ile ".*" is not valid UTF-8 text\nHint: /, args.join(" "));
    }
    const { code, err } = await spike(["secret", "list"], { env: { SPIKE_CONFIG_FILE: file } });
    assert.equal(code, 1);
    assert.match(err, /^Error: Settings file ".*" is not valid UTF-8 text\n/);
  } finally {
    await Deno.remove(file);
  }
});
