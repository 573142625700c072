import assert from "node:assert/strict";
import { fromCheckout } from "./self.ts";

Deno.test("a checkout is run again with the flags of the released program", () => {
  const self = fromCheckout("/bin/deno", "/src", "/src/main.ts", "--no-prompt\n--allow-net\n\n");
  assert.equal(self.command, "/bin/deno");
  assert.deepEqual(self.args, [
    "run",
    "--quiet",
    "--config",
    "/src/deno.json",
    "--no-prompt",
    "--allow-net",
    "/src/main.ts",
  ]);
});
