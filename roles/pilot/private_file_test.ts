import assert from "node:assert/strict";
import { writeOutput } from "./private_file.ts";

async function inDirectory(test: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await test(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("output replaces a file as a whole, and is then its owner's alone", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/out`;
    await Deno.writeTextFile(path, "something longer", { mode: 0o644 });
    const before = await Deno.stat(path);
    await writeOutput(path, new TextEncoder().encode("new"));
    const after = await Deno.stat(path);
    assert.equal(await Deno.readTextFile(path), "new");
    assert.equal((after.mode ?? 0) & 0o777, 0o600);
    // A reader of the old file still reads the old one.
    assert.notEqual(after.ino, before.ino);
  });
});

Deno.test("a pipe is written into, not replaced", async () => {
  await inDirectory(async (directory) => {
    const path = `${directory}/pipe`;
    assert.ok((await new Deno.Command("mkfifo", { args: [path] }).output()).success);
    const reader = new Deno.Command("cat", { args: [path], stdout: "piped" }).spawn();
    await writeOutput(path, new TextEncoder().encode("through"));
    const { stdout } = await reader.output();
    assert.equal(new TextDecoder().decode(stdout), "through");
    assert.ok((await Deno.stat(path)).isFifo);
  });
});

Deno.test("a draft that cannot take its place is removed", async () => {
  await inDirectory(async (directory) => {
    await assert.rejects(writeOutput(`${directory}/${"x".repeat(300)}`, Uint8Array.of(1)), {
      code: "fs_file_open_failed",
    });
    assert.deepEqual(await Array.fromAsync(Deno.readDir(directory)), []);
  });
});
