import assert from "node:assert/strict";
import { parse } from "yaml";
import { toYaml } from "./yaml.ts";
import { SAME } from "./_yaml_sample.ts";

Deno.test("every text and key comes back from a reader of YAML 1.1 and of 1.2", () => {
  for (const version of ["1.1", "1.2"] as const) {
    for (const text of SAME) {
      const data = { [text]: text, list: [text, [text]], map: { a: { [text]: text } } };
      assert.deepEqual(
        parse(toYaml(data), { version }),
        data,
        `${version}: ${JSON.stringify(text)}`,
      );
    }
    assert.deepEqual(parse(toYaml([...SAME]), { version }), SAME);
  }
});

Deno.test("plain words and names stay plain, and data keep their types", () => {
  assert.equal(
    toYaml({
      name: "acme-web",
      id: "spiffe://example.org/acme/web",
      pattern: "^tenants/acme/db/.*$",
      words: ["read", "list"],
      none: [],
      empty: {},
      count: 3,
      done: true,
      gone: null,
      nested: [{ a: 1, b: ["c d"] }],
    }),
    [
      "name: acme-web",
      "id: spiffe://example.org/acme/web",
      "pattern: ^tenants/acme/db/.*$",
      "words:",
      "  - read",
      "  - list",
      '"none": []',
      "empty: {}",
      "count: 3",
      "done: true",
      "gone: null",
      "nested:",
      "  - a: 1",
      "    b:",
      "      - c d",
    ].join("\n"),
  );
});

Deno.test("lines of a key file stay lines", () => {
  assert.equal(
    toYaml({ pem: "-----BEGIN\nMII=\n-----END\n" }),
    "pem: |\n  -----BEGIN\n  MII=\n  -----END",
  );
});

Deno.test("what YAML cannot hold is refused", () => {
  assert.throws(() => toYaml({ a: "\ud800" }), { code: "data_unmarshal_failure" });
});

Deno.test("output is printable, whatever it holds", () => {
  const text = toYaml({ a: "\u001b[2J\u202e\u2028\u0085\ufeff\u{e0041}\u007f" });
  assert.match(text, /^[\x20-\x7e]+$/);
});
