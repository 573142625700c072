import assert from "node:assert/strict";
import { subjectOf, withAnswer } from "./subject.ts";

Deno.test("what names things is kept, and nothing else", () => {
  const request = { path: "a/b", versions: [1, 2], values: { pin: "1234" }, plaintext: "x" };
  assert.deepEqual(subjectOf(request), { path: "a/b", versions: [1, 2] });
  assert.deepEqual(subjectOf({ name: "ops", pathPattern: "^a/", permissions: ["read"] }), {
    names: { name: "ops", pathPattern: "^a/" },
  });
  assert.deepEqual(subjectOf({ id: 3, shard: new Uint8Array(32) }), { names: { id: "3" } });
  assert.deepEqual(subjectOf({ paths: ["a", "b"] }), { names: { paths: ["a", "b"] } });
  for (const nothing of [undefined, null, "text", {}, { path: "", version: 0 }]) {
    assert.deepEqual(subjectOf(nothing), {});
  }
});

Deno.test("what is recorded is bounded", () => {
  const { path } = subjectOf({ path: "x".repeat(10_000) });
  assert.equal(path, `${"x".repeat(470)}…sha256:e4ee97ec252749d2096447e849628d0d`);
  const { names } = subjectOf({ paths: Array(1_000).fill("p") });
  assert.equal(names?.paths?.length, 128);
});

Deno.test("the version that an answer tells counts", () => {
  assert.deepEqual(withAnswer({ path: "a" }, { version: 7, data: {} }), { path: "a", version: 7 });
  assert.deepEqual(withAnswer({ path: "a" }, null), { path: "a" });
});

Deno.test("the paths that an answer about several refuses are named", () => {
  const names = { paths: ["a", "b"] };
  const secrets = [{ path: "a", data: {} }, { path: "b", err: "access_unauthorized" }];
  assert.deepEqual(withAnswer({ names }, { secrets }), { names: { ...names, refused: ["b"] } });
  assert.deepEqual(withAnswer({ names }, { secrets: [] }), { names });
});
