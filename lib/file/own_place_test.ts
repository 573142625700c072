import assert from "node:assert/strict";
import { makeOwnDirectory, requireOwnPlace } from "./own_place.ts";
import type { PathFacts, PathView } from "./path_walk.ts";

const USER = 1000;
const OTHER = 1001;

/** A machine with these directories (mode and owner) and links (target and owner); the rest is root's. */
function view(
  files: Readonly<Record<string, readonly [number | string, uid: number, gid?: number]>>,
  uid = USER,
): PathView {
  return {
    uid,
    lstat(path): PathFacts | undefined {
      const found = files[path];
      if (!found) return undefined;
      const [what, owner, gid = owner] = found;
      return typeof what === "string"
        ? { kind: "link", mode: 0o777, uid: owner, gid }
        : { kind: "directory", mode: what, uid: owner, gid };
    },
    readLink: (path) => String(files[path]?.[0]),
  };
}

const ROOTS = { "/tmp": [0o1777, 0], "/home": [0o755, 0], "/home/ada": [0o755, USER] } as const;

function refusal(path: string, more: Parameters<typeof view>[0] = {}, uid = USER): string {
  try {
    requireOwnPlace(path, view({ ...ROOTS, ...more }, uid));
    return "accepted";
  } catch (error) {
    assert.ok(error instanceof Error);
    return error.message;
  }
}

Deno.test("a place below the own home or below /tmp is accepted, there or not", () => {
  for (const path of ["/home/ada/.spike/data", "/tmp/mine/data", "/tmp/new", "/srv/new"]) {
    assert.equal(refusal(path, { "/tmp/mine": [0o700, USER] }), "accepted");
  }
});

Deno.test("what somebody else owns on the way is refused, by name", () => {
  const of = (more: Parameters<typeof view>[0]) => refusal("/tmp/a/b/c", more);
  assert.match(
    of({ "/tmp/a": [0o755, OTHER] }),
    /^Directory "\/tmp\/a\/b\/c" is not safe: directory \/tmp\/a belongs to user 1001, this process runs as 1000$/,
  );
  assert.match(of({ "/tmp/a": ["/home/ada", OTHER] }), /link \/tmp\/a belongs to user 1001/);
  assert.match(
    of({ "/tmp/a": [0o700, USER], "/tmp/a/b": [0o700, OTHER] }),
    /directory \/tmp\/a\/b/,
  );
});

Deno.test("what others may write on the way is refused unless it is like /tmp", () => {
  const of = (mode: number, gid = 0) =>
    refusal("/srv/x/y", { "/srv": [0o755, 0], "/srv/x": [mode, USER, gid] });
  for (const mode of [0o777, 0o707, 0o702]) {
    assert.match(of(mode), /others may write to directory \/srv\/x/);
  }
  assert.match(of(0o775), /mode 0775/);
  // The group of one user has that user's number.
  assert.equal(of(0o775, USER), "accepted");
  assert.equal(of(0o1777), "accepted");
});

Deno.test("root trusts nobody but itself", () => {
  assert.match(refusal("/home/ada/x", {}, 0), /belongs to user 1000, this process runs as 0/);
  assert.match(refusal("/srv/x", { "/srv": [0o775, 0] }, 0), /others may write/);
});

Deno.test("the last directory is never one like /tmp, whoever owns it", () => {
  assert.match(refusal("/tmp"), /others may write to directory \/tmp: mode 1777/);
  assert.match(refusal("/tmp/s", { "/tmp/s": [0o1777, USER] }), /others may write/);
  assert.match(refusal("/srv", { "/srv": [0o777, 0] }), /others may write/);
});

Deno.test("links of root and of this user are followed, and what they lead to counts", () => {
  const more = {
    "/var": [0o755, 0],
    "/var/l": ["../tmp/evil/./x", 0],
    "/tmp/evil": [0o755, OTHER],
    "/var/good": ["/home/ada", USER],
    "/var/loop": ["loop", 0],
  } as const;
  assert.match(refusal("/var/l/data", more), /directory \/tmp\/evil belongs to user 1001/);
  assert.equal(refusal("/var/good/data", more), "accepted");
  assert.match(refusal("/var/good/../evil/x", { ...more }), /accepted/);
  assert.equal(refusal("/var/loop/x", more), "accepted");
});

Deno.test("directories are made one by one, for their owner alone", async () => {
  const top = await Deno.makeTempDir();
  try {
    makeOwnDirectory(`${top}/a/b/c`);
    for (const path of ["a", "a/b", "a/b/c"]) {
      assert.equal((Deno.lstatSync(`${top}/${path}`).mode ?? 0) & 0o777, 0o700);
    }
    makeOwnDirectory(`${top}/a/b/c`);
  } finally {
    await Deno.remove(top, { recursive: true });
  }
});

Deno.test({
  name: "nothing is made through a link or below a directory of another user",
  // Only root can hand files to somebody else.
  ignore: Deno.uid() !== 0,
  fn: async () => {
    const top = await Deno.makeTempDir();
    try {
      await Deno.mkdir(`${top}/shared`);
      await Deno.chmod(`${top}/shared`, 0o1777);
      await Deno.mkdir(`${top}/shared/theirs`);
      await Deno.chown(`${top}/shared/theirs`, OTHER, OTHER);
      await Deno.mkdir(`${top}/mine`);
      await Deno.symlink(`${top}/mine`, `${top}/shared/link`);
      assert.ok(
        (await new Deno.Command("chown", { args: ["-h", `${OTHER}`, `${top}/shared/link`] })
          .output()).success,
      );
      for (const path of ["theirs/x", "theirs", "link/x", "link"]) {
        assert.throws(() => makeOwnDirectory(`${top}/shared/${path}`), { code: "config_invalid" });
      }
      makeOwnDirectory(`${top}/shared/new/x`);
      assert.deepEqual([...Deno.readDirSync(`${top}/mine`)], []);
      assert.deepEqual([...Deno.readDirSync(`${top}/shared/theirs`)], []);
    } finally {
      await Deno.remove(top, { recursive: true });
    }
  },
});

Deno.test("a volume that its group alone may write is accepted, one for everybody is not", () => {
  const of = (mode: number, gid: number) => {
    const machine = view({ ...ROOTS, "/srv": [0o755, 0], "/srv/v": [mode, 0, gid] });
    try {
      requireOwnPlace("/srv/v/data", { ...machine, volumeGroup: () => 2000 });
      return "accepted";
    } catch (error) {
      return String(error);
    }
  };
  assert.equal(of(0o775, 2000), "accepted");
  assert.match(of(0o775, 2001), /others may write to directory \/srv\/v/);
  assert.match(of(0o777, 2000), /others may write to directory \/srv\/v/);
});
