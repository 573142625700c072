import assert from "node:assert/strict";
import { parseAllDocuments } from "yaml";
import { yamlFault } from "./yaml_fault.ts";

Deno.test("what is wrong with YAML is told without a piece of the file", () => {
  const files = [
    "a: |SECRET\n  b",
    'a: "b" SECRET',
    "a: [b] SECRET",
    "- a\nSECRET",
    'a: "\\QSECRET"',
    'a: "\\USECRETXX"',
    "a: *SECRET",
    "a: !SECRET b",
    "a: !<SECRET> b",
    "a: !x!SECRET b",
    "%SECRET b\n---\na: 1",
    "%YAML SECRET\n---\na: 1",
    "%TAG !SECRET\n---\na: 1",
    "a: {b}SECRET: c",
    "a: @SECRET",
    "a: b: SECRET",
    "}SECRET",
    "? SECRET\n: b\n? SECRET\n: c",
    "a: 'SECRET",
    "\tSECRET: b",
    "a: &SECRET &SECRET b",
    "a: !!set SECRET",
    "a: !!binary {SECRET: b}",
  ];
  let count = 0;
  for (const file of files) {
    const documents = parseAllDocuments(file, { prettyErrors: false });
    for (const { errors, warnings } of Array.isArray(documents) ? documents : []) {
      for (const fault of [...errors, ...warnings]) {
        count++;
        assert.doesNotMatch(yamlFault(fault), /SECRET|SECR/, file);
        assert.match(yamlFault(fault), /^[A-Z]/);
      }
    }
  }
  assert.ok(count >= files.length - 2, `only ${count} faults`);
});
