import assert from "node:assert/strict";
import { LIBC_PATHS } from "../lib/seal/locked_memory.ts";
import { scanModule } from "./module_scan.ts";
import { loadedBy, readProgram, workerEntries } from "./module_graph.ts";
import { releaseFlags } from "./release_flags.ts";

const made = (files: Record<string, string>) =>
  new Map(Object.entries(files).map(([file, text]) => [file, scanModule(text)]));

Deno.test("workers are found by their URL, those of tests left out", () => {
  const program = made({
    "roles/a/mod.ts":
      'new URL("./worker.ts", import.meta.url); new URL("./b.json", import.meta.url)',
    "roles/a/mod_test.ts": 'new URL("./other.ts", import.meta.url)',
  });
  assert.deepEqual(workerEntries(program), ["roles/a/worker.ts"]);
});

Deno.test("what is loaded at once stops at dynamic imports", () => {
  const program = made({
    "a.ts": 'import "./b.ts"; import type { X } from "./d.ts";',
    "b.ts": 'import "hono"; await import("./c.ts");',
    "c.ts": 'import "yaml";',
  });
  assert.deepEqual([...loadedBy("a.ts", program, ["value"])], ["a.ts", "b.ts", "hono"]);
  const all = loadedBy("a.ts", program, ["value", "dynamic"]);
  assert.deepEqual([...all], ["a.ts", "b.ts", "hono", "c.ts", "yaml"]);
});

const program = readProgram();
const entries = ["main.ts", ...workerEntries(program)];

Deno.test("every server role runs in workers of its own", () => {
  for (const role of ["nexus", "keeper", "bootstrap"]) {
    assert(entries.some((entry) => entry.startsWith(`roles/${role}/`)), role);
  }
});

Deno.test("a confined thread loads everything at once, since it may read no file later", () => {
  for (const entry of workerEntries(program)) {
    const atOnce = loadedBy(entry, program, ["value"]);
    const ever = loadedBy(entry, program, ["value", "dynamic"]);
    assert.deepEqual([...ever.difference(atOnce)], [], entry);
  }
});

Deno.test("certificates are issued by the development role only, and nothing of the tests is released", () => {
  for (const entry of [...entries.slice(1), "roles/pilot/mod.ts"]) {
    const ever = loadedBy(entry, program, ["value", "dynamic"]);
    for (const name of ["@peculiar/x509", "reflect-metadata"]) assert(!ever.has(name), entry);
  }
  for (const entry of entries) {
    assert(!loadedBy(entry, program, ["value", "dynamic"]).has("fast-check"), entry);
  }
});

Deno.test("the command line starts without TLS, routing or ciphers", () => {
  const atOnce = loadedBy("roles/pilot/mod.ts", program, ["value"]);
  const heavy = [...atOnce].filter((name) => /^(node:(https|http2|tls|sqlite)|hono|@)/.test(name));
  assert.deepEqual(heavy, []);
});

Deno.test("the released program may load libc and no other library", () => {
  const ffi = releaseFlags().find((flag) => flag.startsWith("--allow-ffi"));
  assert.equal(ffi, `--allow-ffi=${LIBC_PATHS.join(",")}`);
});
