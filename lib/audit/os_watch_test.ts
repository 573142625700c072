import assert from "node:assert/strict";
import { LogWatch, type OpenLogFile } from "./os_watch.ts";

const LOG = "00".repeat(16);

/** A log with a full file and one that is written to, looked at once. */
async function inLog(
  body: (
    log: { dir: string; paths: [string, string]; look: () => string[]; watch: LogWatch },
  ) => Promise<void>,
): Promise<void> {
  const top = await Deno.makeTempDir({ prefix: "watch-" });
  const dir = `${top}/${LOG}`;
  await Deno.mkdir(dir);
  const paths: [string, string] = [`${dir}/000000000000.log`, `${dir}/000000000064.log`];
  for (const path of paths) await Deno.writeTextFile(path, "0123456789");
  using file = Deno.openSync(paths[1], { append: true });
  const open: OpenLogFile = { log: LOG, path: paths[1], file, bytes: 10 };
  const watch = new LogWatch(top);
  const look = () =>
    watch.look(open).map(({ log, file, change }) => {
      assert.equal(log, LOG);
      return `${file.slice(-6, -4)} ${change}`;
    });
  try {
    assert.deepEqual(look(), []);
    await body({ dir, paths, look, watch });
  } finally {
    await Deno.remove(top, { recursive: true });
  }
}

Deno.test("a file that is truncated is told, the full one and the open one", () =>
  inLog(async ({ paths, look }) => {
    await Deno.truncate(paths[1], 9);
    assert.deepEqual(look(), ["64 truncated"]);
    await Deno.truncate(paths[0], 0);
    assert.deepEqual(look(), ["64 truncated", "00 truncated"]);
  }));

Deno.test("a file that is renamed or removed is told, and no more when it is back", () =>
  inLog(async ({ paths, look }) => {
    for (const path of paths) await Deno.rename(path, `${path}.1`);
    assert.deepEqual(look(), ["64 removed", "00 removed"]);
    for (const path of paths) await Deno.rename(`${path}.1`, path);
    assert.deepEqual(look(), []);
    await Deno.remove(paths[1]);
    assert.deepEqual(look(), ["64 removed"]);
  }));

Deno.test("another file under the same name is told, a link to the same one too", () =>
  inLog(async ({ paths, look }) => {
    await Deno.copyFile(paths[0], `${paths[0]}.new`);
    await Deno.rename(`${paths[0]}.new`, paths[0]);
    await Deno.rename(paths[1], `${paths[1]}.1`);
    await Deno.symlink(`${paths[1]}.1`, paths[1]);
    assert.deepEqual(look(), ["64 replaced", "00 replaced"]);
  }));

Deno.test("a directory that is renamed takes all its files along", () =>
  inLog(async ({ dir, look }) => {
    await Deno.rename(dir, `${dir}.1`);
    assert.deepEqual(look(), ["64 removed", "00 removed"]);
  }));

Deno.test("what is appended is no change, and what the process writes anew counts as it is then", () =>
  inLog(async ({ paths, look, watch }) => {
    await Deno.writeTextFile(paths[1], "more", { append: true });
    watch.forget(paths[0]);
    await Deno.writeTextFile(`${paths[0]}.new`, "short");
    await Deno.rename(`${paths[0]}.new`, paths[0]);
    assert.deepEqual(look(), []);
    await Deno.truncate(paths[0], 4);
    assert.deepEqual(look(), ["00 truncated"]);
  }));
