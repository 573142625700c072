import assert from "node:assert/strict";
import { readFileAtMost } from "./os_bounded_file.ts";

Deno.test("a file is read whole up to its limit, and one without an end is refused", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "12345");
    assert.equal(new TextDecoder().decode(readFileAtMost(path, 5, "File")), "12345");
    assert.throws(() => readFileAtMost(path, 4, "File"), {
      code: "data_invalid_input",
      message: "File is longer than 4 bytes",
    });
  } finally {
    await Deno.remove(path);
  }
  assert.throws(() => readFileAtMost("/dev/zero", 1000, "File"), { code: "data_invalid_input" });
});
