import assert from "node:assert/strict";
import { readEnvironment } from "./environment.ts";

Deno.test("a variable that is not UTF-8 is an error where it is read, and absent ones are absent", () => {
  const env = readEnvironment({ A: "a\ufffd" }, (name) => {
    if (name === "BAD") throw new Deno.errors.InvalidData('not valid unicode: "secret\\xFF"');
    return undefined;
  });
  assert.equal(env["A"], "a\ufffd");
  assert.equal(env["ABSENT"], undefined);
  assert.deepEqual({ ...env }, { A: "a\ufffd" });
  assert.throws(() => env["BAD"], {
    code: "config_invalid",
    message: "Variable BAD is not valid UTF-8 text",
  });
});
