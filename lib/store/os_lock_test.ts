import assert from "node:assert/strict";
import { LOCK_FILE, lockDataDirectory } from "./os_lock.ts";

async function inDirectory(body: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("a data directory is locked once, and again after release", () =>
  inDirectory(async (dir) => {
    const lock = lockDataDirectory(dir);
    assert.throws(() => lockDataDirectory(dir), {
      code: "store_failure",
      message: `Another process has locked data directory ${dir}`,
    });
    lock.release();
    lock.release();
    lockDataDirectory(dir).release();
    assert.equal(((await Deno.stat(`${dir}/${LOCK_FILE}`)).mode ?? 0o777) & 0o077, 0);
  }));

Deno.test("a data directory that is not there cannot be locked", () => {
  assert.throws(() => lockDataDirectory("/nonexistent/spike"), {
    code: "fs_file_open_failed",
    message: /nonexistent/,
  });
});
