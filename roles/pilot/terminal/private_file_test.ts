import assert from "node:assert/strict";
import type { BackupManifest } from "../../../lib/backup/mod.ts";
import { backupPath } from "../backup/file.ts";
import { draftOutput, writeNewOutput, writeOutput } from "./private_file.ts";

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

const OTHER = 54_321;

async function run(command: string, ...args: string[]): Promise<void> {
  assert.ok((await new Deno.Command(command, { args }).output()).success);
}

/** A directory like /tmp, and each way in which somebody else can lay something out in it. */
async function traps(directory: string): Promise<Record<string, string>> {
  const shared = `${directory}/shared`;
  const mine = `${directory}/mine`;
  await Deno.mkdir(shared);
  await Deno.chmod(shared, 0o1777);
  await Deno.mkdir(mine);
  await Deno.writeTextFile(`${mine}/target`, "before");
  await run("mkfifo", `${shared}/pipe`);
  await Deno.writeTextFile(`${shared}/file`, "theirs");
  await Deno.mkdir(`${shared}/theirs`);
  await Deno.symlink(`${mine}/target`, `${shared}/link`);
  await Deno.symlink(`${mine}/absent`, `${shared}/dangling`);
  await Deno.symlink(mine, `${shared}/way`);
  await Deno.symlink("file", `${shared}/ours`);
  const names = ["pipe", "file", "theirs", "link", "dangling", "way"];
  await run("chown", "-h", `${OTHER}:${OTHER}`, ...names.map((name) => `${shared}/${name}`));
  await run("mkfifo", `${shared}/theirs/pipe`);
  await run("chown", "-R", `${OTHER}`, `${shared}/theirs`);
  return Object.fromEntries(
    [
      "pipe",
      "file",
      "theirs/new",
      "theirs/pipe",
      "ours",
      "link",
      "dangling",
      "way/target",
      "way/new",
    ]
      .map((name) => [name, `${shared}/${name}`]),
  );
}

Deno.test({
  name: "what another user put into a directory like /tmp is neither followed, filled nor replaced",
  // Only root can hand files to somebody else.
  ignore: Deno.uid() !== 0,
  fn: () =>
    inDirectory(async (directory) => {
      const bytes = new TextEncoder().encode("secret");
      for (const [name, path] of Object.entries(await traps(directory))) {
        for (const write of [writeOutput, writeNewOutput, draftOutput]) {
          await assert.rejects(
            async () => await write(path, bytes),
            {
              code: "fs_file_open_failed",
              message: /belongs to user 54321, this process runs as 0/,
            },
            `${write.name} ${name}`,
          );
        }
      }
      assert.equal(await Deno.readTextFile(`${directory}/mine/target`), "before");
      assert.equal(await Deno.readTextFile(`${directory}/shared/file`), "theirs");
      assert.deepEqual([...Deno.readDirSync(`${directory}/mine`)].map(({ name }) => name), [
        "target",
      ]);
    }),
});

Deno.test({
  name: "a link of another user is not followed in a directory of theirs either",
  ignore: Deno.uid() !== 0,
  fn: () =>
    inDirectory(async (directory) => {
      await Deno.mkdir(`${directory}/theirs`);
      await Deno.writeTextFile(`${directory}/mine`, "before");
      await Deno.symlink("../mine", `${directory}/theirs/link`);
      await run("chown", "-hR", `${OTHER}`, `${directory}/theirs`);
      await assert.rejects(
        writeOutput(`${directory}/theirs/link`, Uint8Array.of(1)),
        /link .* belongs to user/,
      );
      // A plain name there is: what is written has its own inode, whoever owned the old one.
      await writeOutput(`${directory}/theirs/plain`, Uint8Array.of(1));
      assert.equal(await Deno.readTextFile(`${directory}/mine`), "before");
    }),
});

Deno.test("own files, links and pipes in a directory like /tmp are written to", async () => {
  await inDirectory(async (directory) => {
    await Deno.chmod(directory, 0o1777);
    const bytes = new TextEncoder().encode("new");
    await Deno.writeTextFile(`${directory}/target`, "old");
    await Deno.symlink("target", `${directory}/link`);
    await Deno.symlink("absent", `${directory}/dangling`);
    await Deno.mkdir(`${directory}/sub`);
    for (const name of ["link", "dangling", "sub/file", "sub/../file"]) {
      await writeOutput(`${directory}/${name}`, bytes);
    }
    for (const name of ["target", "absent", "sub/file", "file"]) {
      assert.equal(await Deno.readTextFile(`${directory}/${name}`), "new");
    }
    assert.ok((await Deno.lstat(`${directory}/link`)).isSymlink);
  });
});

Deno.test({
  name:
    "a backup is not written through a link of another user either, be it of a file or of a directory",
  ignore: Deno.uid() !== 0,
  fn: () =>
    inDirectory(async (directory) => {
      const paths = Object.values(await traps(directory)).filter((path) =>
        !/[/](pipe|file)$/.test(path)
      );
      for (const path of [...paths, `${directory}/shared/way`, `${directory}/shared/theirs`]) {
        await assert.rejects(backupPath(path, MANIFEST), /belongs to user 54321/, path);
      }
      const own = await backupPath(`${directory}/mine`, MANIFEST);
      assert.match(own, /\/mine\/spike-20260102T000000Z-r7\.db$/);
    }),
});

const MANIFEST = { createdAtMs: Date.UTC(2026, 0, 2), store: { revision: 7 } } as BackupManifest;
