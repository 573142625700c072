import assert from "node:assert/strict";
import { encodeRecord } from "./record.ts";

Deno.test("a record is one line of characters that print, whatever path a caller names", () => {
  const path = "a\n\u007f\u009b2J\u202e\u2028\u{e0041}";
  const text = new TextDecoder().decode(encodeRecord(0, {
    kind: "notice",
    entry: { timeMs: 0, event: "records_dropped", detail: { path } },
  }));
  assert.match(text, /^[\x20-\x7e]+$/);
  assert.equal(JSON.parse(text).detail.path, path);
});
