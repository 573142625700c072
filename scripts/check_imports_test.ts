import assert from "node:assert/strict";
import { complaintsAbout, forbidden, isPure } from "./check_imports.ts";
import { scanModule } from "./module_scan.ts";
import { readProgram } from "./module_graph.ts";

function complaints(files: Record<string, string>): string[] {
  return complaintsAbout(
    new Map(Object.entries(files).map(([file, text]) => [file, scanModule(text)])),
  );
}

Deno.test("imports point from roles to lib, and from tests to anything", () => {
  assert.equal(forbidden("roles/nexus/mod.ts", "lib/api/mod.ts"), undefined);
  assert.equal(forbidden("roles/nexus/mod.ts", "roles/nexus/core/core.ts"), undefined);
  assert.equal(forbidden("lib/http/app.ts", "lib/seal/mod.ts"), undefined);
  assert.equal(forbidden("main.ts", "roles/dev/mod.ts"), undefined);
  assert.equal(forbidden("lib/http/app_test.ts", "roles/nexus/mod.ts"), undefined);
  assert.equal(forbidden("lib/http/app_test.ts", "tests/e2e/x.ts"), undefined);
});

Deno.test("every import against the direction is refused with its reason", () => {
  const cases = [
    ["lib/http/app.ts", "roles/nexus/mod.ts", "lib imports nothing above it"],
    ["lib/http/app.ts", "main.ts", "lib imports nothing above it"],
    ["roles/dev/mod.ts", "roles/nexus/mod.ts", "a role never imports another role"],
    ["roles/dev/mod.ts", "scripts/demo.ts", "the program imports only lib and roles"],
    ["lib/http/app.ts", "tests/e2e/fixture.ts", "the program contains nothing of its tests"],
    ["lib/store/mod.ts", "lib/store/conformance.ts", "the program contains nothing of its tests"],
    [
      "roles/pilot/run.ts",
      "roles/pilot/fake_nexus.ts",
      "the program contains nothing of its tests",
    ],
  ] as const;
  for (const [file, target, why] of cases) assert.equal(forbidden(file, target), why, file);
});

Deno.test("a wrong import is told with file, line and target, dynamic, type and worker entry alike", () => {
  const files = (text: string) => ({ "lib/api/a.ts": text, "roles/b/w.ts": "" });
  const told = ["lib/api/a.ts:2: roles/b/w.ts: lib imports nothing above it"];
  for (
    const text of [
      'import "../../roles/b/w.ts";',
      'const x = await import("../../roles/b/w.ts");',
      'import type { X } from "../../roles/b/w.ts";',
      'new URL("../../roles/b/w.ts", import.meta.url);',
    ]
  ) assert.deepEqual(complaints(files(`\n${text}`)), told, text);
});

Deno.test("a module that is missing or computed is told", () => {
  assert.deepEqual(complaints({ "lib/api/a.ts": 'import "./b.ts";\nimport(x);' }), [
    "lib/api/a.ts:1: lib/api/b.ts: no such module",
    "lib/api/a.ts:2: the module of an import is written out",
  ]);
});

Deno.test("pure folders are pure except their operating system files and tests", () => {
  for (const file of ["lib/seal/aead.ts", "lib/policy/decide.ts"]) assert(isPure(file), file);
  for (const name of ["os_random", "locked_memory", "locked_memory_x", "aead_test"]) {
    assert(!isPure(`lib/seal/${name}.ts`), name);
  }
  assert(!isPure("lib/store/sqlite.ts"));
});

Deno.test("a pure file that reaches the runtime is told with the way there", () => {
  const files = {
    "lib/policy/a.ts": 'import { b } from "../json/b.ts";',
    "lib/json/b.ts": 'export * from "./c.ts";',
    "lib/json/c.ts": "\nexport const c = Date.now();",
  };
  assert.deepEqual(complaints(files), [
    "lib/policy/a.ts > lib/json/b.ts > lib/json/c.ts:2 > Date.now: pure code takes time, randomness and I/O as parameters",
  ]);
});

Deno.test("pure files may reach types of anything and the operating system files of a pure folder", () => {
  assert.deepEqual(
    complaints({
      "lib/seal/a.ts": 'import type { B } from "../json/b.ts";\nexport * from "./os_random.ts";',
      "lib/seal/os_random.ts": 'import c from "node:crypto";\nimport "../json/b.ts";',
      "lib/json/b.ts": "Deno.exit();",
    }),
    [],
  );
});

Deno.test("inside lib nothing is imported from above, and every folder has its floor", () => {
  assert.equal(forbidden("lib/store/sqlite.ts", "lib/error/error.ts"), undefined);
  assert.equal(forbidden("lib/audit/mod.ts", "lib/store/port.ts"), undefined);
  assert.equal(forbidden("lib/process/role.ts", "lib/version.ts"), undefined);
  for (
    const [file, target, why] of [
      ["lib/error/error.ts", "lib/store/port.ts", "lib/store stands above lib/error"],
      ["lib/store/port.ts", "lib/audit/mod.ts", "lib/audit stands above lib/store"],
      ["lib/new/mod.ts", "lib/error/mod.ts", "lib/new is on no floor of scripts/floors.ts"],
      ["lib/version.ts", "lib/error/mod.ts", "a file directly in lib imports none of its folders"],
    ] as const
  ) assert.equal(forbidden(file, target), why);
});

Deno.test("a cycle of files is told once, types included", () => {
  assert.deepEqual(
    complaints({
      "lib/api/a.ts": 'import type { B } from "./b.ts";',
      "lib/api/b.ts": 'import "./c.ts";',
      "lib/api/c.ts": 'export * from "./a.ts";\nimport "./d.ts";',
      "lib/api/d.ts": "",
    }),
    ["lib/api/a.ts > lib/api/b.ts > lib/api/c.ts > lib/api/a.ts: a cycle of files"],
  );
});

Deno.test("a built-in module is a use of the runtime", () => {
  assert.match(complaints({ "lib/shamir/a.ts": 'import fs from "node:fs";' })[0] ?? "", /node:fs/);
});

Deno.test("this project keeps to the rules", () => {
  assert.deepEqual(complaintsAbout(readProgram()), []);
});
