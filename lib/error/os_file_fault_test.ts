import assert from "node:assert/strict";
import { fileFault } from "./os_file_fault.ts";

async function faultOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
  } catch (error) {
    return fileFault(error);
  }
  return assert.fail("it worked");
}

Deno.test("why a file cannot be used is told without a word about the runtime", async () => {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${dir}/file`, "");
    const faults = {
      missing: await faultOf(() => Deno.readFile(`${dir}/none`)),
      directory: await faultOf(() => Deno.readTextFile(dir)),
      below: await faultOf(() => Deno.stat(`${dir}/file/x`)),
      inUse: await faultOf(() => Deno.remove(dir)),
    };
    assert.equal(faults.missing, "it does not exist");
    assert.match(faults.directory, /^it is a directory$/);
    assert.match(faults.below, /^a part of its path is not a directory$/);
    assert.equal(faults.inUse, "Directory not empty");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("a missing permission of the runtime is told as what it means", () => {
  const lacking = (what: string, flag: string) =>
    fileFault(
      new Deno.errors.NotCapable(`Requires ${what} to "/x", run again with the ${flag} flag`),
    );
  assert.match(lacking("all access", "--allow-all"), /^files of the system, .* are closed to this/);
  assert.equal(
    lacking("read access", "--allow-read"),
    'this program has no read access to "/x"',
  );
  assert.equal(fileFault("a text"), "a text");
});
