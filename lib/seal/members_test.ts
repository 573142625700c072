import assert from "node:assert/strict";
import { Members } from "./members.ts";

function members(value: unknown): Members {
  return Members.read(new TextEncoder().encode(JSON.stringify(value)), "Thing");
}

const WHOLE = {
  format: 2,
  count: 7,
  name: "a",
  id: "0aff",
  digest: "Cv8=",
  isGone: false,
  none: null,
  inner: { name: "b" },
  list: [{ name: "c" }, { name: "d" }],
  words: ["e", "f"],
};

Deno.test("members are read as they were written", () => {
  const thing = members(WHOLE);
  assert.equal(thing.format(2), 2);
  assert.equal(thing.integer("count"), 7);
  assert.deepEqual(thing.bytes("id", "hex"), new Uint8Array([10, 255]));
  assert.deepEqual(thing.bytes("digest", "base64"), new Uint8Array([10, 255]));
  assert.equal(thing.boolean("isGone"), false);
  assert.equal(thing.nullable("none", (name) => thing.integer(name)), null);
  assert.equal(thing.nullable("count", (name) => thing.integer(name)), 7);
  assert.equal(thing.object("inner").text("name"), "b");
  assert.deepEqual(thing.list("list").map((each) => each.text("name")), ["c", "d"]);
  assert.deepEqual(thing.texts("words"), ["e", "f"]);
  assert.deepEqual(thing.names, Object.keys(WHOLE));
});

Deno.test("a member that is missing or of another type is refused, and named", () => {
  const thing = members({ ...WHOLE, half: 1.5 });
  const reads: Record<string, () => unknown> = {
    half: () => thing.integer("half"),
    name: () => thing.integer("name"),
    count: () => thing.text("count"),
    words: () => thing.bytes("words", "hex"),
    digest: () => thing.bytes("digest", "hex"),
    none: () => thing.object("none"),
    inner: () => thing.list("inner"),
    list: () => thing.texts("list"),
    id: () => thing.boolean("id"),
    other: () => thing.nullable("other", (name) => thing.text(name)),
  };
  for (const [name, read] of Object.entries(reads)) {
    assert.throws(read, {
      code: "state_integrity_check",
      message: `Thing has no usable member ${name}`,
    });
  }
});

Deno.test("another format, and what is no JSON, is refused", () => {
  const format = (value: unknown, newest: number) => () =>
    members({ format: value }).format(newest);
  const refusal = { code: "state_integrity_check" };
  assert.throws(format(3, 2), {
    ...refusal,
    message: "Thing has format 3, this program knows 1 to 2",
  });
  assert.throws(format(0, 1), { ...refusal, message: "Thing has format 0, this program knows 1" });
  assert.throws(format("1", 1), refusal);
  for (const text of ["", "{", "\xff"]) {
    const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    assert.throws(() => Members.read(bytes, "Thing"), { ...refusal, message: "Thing is not JSON" });
  }
  assert.throws(() => members(null).text("a"), refusal);
});
