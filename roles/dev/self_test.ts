import assert from "node:assert/strict";
import { fromCheckout, starterSeenFrom } from "./self.ts";

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

Deno.test("a checkout's starter is named as a shell runs it from where it is", () => {
  assert.equal(starterSeenFrom("/src", "/src"), "./scripts/spike");
  assert.equal(starterSeenFrom("/src/scripts", "/src"), "./spike");
  assert.equal(starterSeenFrom("/src/a/b", "/src"), "../../scripts/spike");
  assert.equal(starterSeenFrom("/home", "/my src"), "'../my src/scripts/spike'");
});
