import assert from "node:assert/strict";
import { COMPATIBILITY, withTable } from "../../scripts/write_docs.ts";
import { recorded } from "./findings.ts";
import { compatibilityTables } from "./table.ts";

Deno.test("the tables in the docs are those of the last recorded run, in which everything held", () => {
  const page = Deno.readTextFileSync(COMPATIBILITY);
  const hint = "run: deno run --allow-read --allow-write scripts/write_docs.ts";
  assert.equal(page, withTable(page, compatibilityTables()), hint);
  assert.deepEqual(recorded().filter(({ ok }) => !ok), []);
});

/** The functions of the SDK's entry point, besides those that open and close it. */
const FUNCTIONS = [
  ...["PutSecret", "GetSecret", "GetSecretVersion", "DeleteSecret", "DeleteSecretVersions"],
  ...["UndeleteSecret", "ListSecretKeys", "GetSecretMetadata", "CreatePolicy", "GetPolicy"],
  ...["DeletePolicy", "ListPolicies", "ListAllPolicies", "CipherEncrypt", "CipherDecrypt"],
  ...["CipherEncryptStream", "CipherDecryptStream", "Recover", "Restore", "Contribute", "Verify"],
];

Deno.test("every function of the SDK was called", () => {
  const called = new Set(recorded().map(({ call }) => call));
  assert.deepEqual(FUNCTIONS.filter((name) => !called.has(name)), []);
});

Deno.test("a check that did not hold is counted and named", () => {
  const found = { area: "secrets", call: "PutSecret", ok: true };
  const tables = compatibilityTables([
    { ...found, check: "a first version" },
    { ...found, check: "a second version", ok: false },
    { ...found, check: "too long", differs: "values have a limit" },
    { area: "pair", call: "our Nexus, their keeper", check: "recovers", ok: true },
  ]);
  assert.match(tables, /^2 of 3 hold, 1 of them differ from the original on purpose\.$/m);
  assert.match(tables, /^\| `PutSecret` \| superuser \| 2 of 3 \|.*\*\*not:\*\* a second version/m);
  assert.match(tables, /^\| `PutSecret` \| too long \| values have a limit \|$/m);
  assert.match(tables, /^\| our Nexus, their keeper \| recovers \|$/m);
});
