import assert from "node:assert/strict";
import { checkRecords } from "./audit.ts";

const GOOD = '{"n":7,"time":1767225600000,"kind":"request","path":"a"}';

Deno.test("records are given on as they were written", () => {
  const records = [GOOD, '{ "time": 0, "n": 0, "n": 1 }'];
  assert.equal(checkRecords(records), records);
});

Deno.test("what is no record of an audit log is refused by its place", () => {
  for (
    const text of [
      "",
      "null",
      "7",
      "[]",
      "{}",
      '{"n":7}',
      '{"n":"7","time":1}',
      '{"n":7,"time":"1"}',
      '{"n":7,"time":1e999}',
      '{"n":7,"time":9000000000000001}',
      '{"n":{"toString":1},"time":{"valueOf":1}}',
      '{"n":7,"time":1}{"n":8,"time":1}',
      '{"n":7,\n"time":1}',
      '{"n":7,"time":1,"path":"\\ud800"}',
      `{"n":7,"time":1,"x":${"[".repeat(100)}${"]".repeat(100)}}`,
    ]
  ) {
    assert.throws(() => checkRecords([GOOD, text]), {
      code: "data_unmarshal_failure",
      message: "Audit record 2 cannot be read",
    }, text);
  }
});
