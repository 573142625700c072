import assert from "node:assert/strict";
import { type Child, startChild } from "./child.ts";
import type { LogLine } from "./log_line.ts";

/** Runs `script` in a shell as if it were a role. */
async function withShell(
  script: string,
  work: (child: Child, lines: LogLine[], logPath: string) => Promise<void>,
  onLogFailure?: (why: string) => void,
  givenLog?: string,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  const logPath = givenLog ?? `${dir}/role.log`;
  const lines: LogLine[] = [];
  const child = startChild({
    self: { command: "/bin/sh", args: ["-c"] },
    plan: { name: "role", args: [script], spiffeId: "spiffe://spike.ist/x", env: { ONLY: "this" } },
    logPath,
    onLogLine: (line) => lines.push(line),
    onLogFailure: onLogFailure ?? assert.fail,
  });
  try {
    await work(child, lines, logPath);
  } finally {
    child.kill("SIGKILL");
    await child.ended;
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("a process has only the environment of its plan, and all it says is in its log", async () => {
  await withShell(
    'echo "$ONLY $HOME"; echo oops >&2; printf unfinished',
    async (child, _, path) => {
      assert.deepEqual(await child.ended, { code: 0, signal: null, complaint: undefined });
      const lines = (await Deno.readTextFile(path)).split("\n").sort();
      assert.deepEqual(lines, ["", "oops", "this ", "unfinished"]);
      assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
    },
  );
});

Deno.test("its end tells exit code, signal and the last complaint", async () => {
  await withShell("echo 'Error: First' >&2; echo 'Error: Last' >&2; exit 6", async (child) => {
    assert.deepEqual(await child.ended, { code: 6, signal: null, complaint: "Last" });
  });
  await withShell("kill -TERM $$", async (child) => {
    assert.equal((await child.ended).signal, "SIGTERM");
  });
});

Deno.test("it is known to listen when its log says so", async () => {
  const line = '{"level":"info","event":"listening","fields":{"port":7}}';
  await withShell(`echo '${line}' >&2; exec cat`, async (child, lines) => {
    await child.listening;
    assert.deepEqual(lines.map(({ event }) => event), ["listening"]);
  });
});

Deno.test("it is known to be stuck when its log says that its store was changed", async () => {
  const fields = '"fields":{"code":"state_integrity_check","detail":"KEK 1"}';
  const line = `{"level":"error","event":"recovery_failed",${fields}}`;
  await withShell(`echo '${line}' >&2; exec cat`, async (child) => {
    assert.equal(
      await child.stuck,
      "recovery failed: code state_integrity_check, detail KEK 1",
    );
  });
});

Deno.test("a log that takes nothing more is told of once, and the output is still read to its end", async () => {
  const told: string[] = [];
  const line = '{"level":"info","event":"listening","fields":{}}';
  // More than a pipe holds: unread, it would block the process.
  const script = `echo one; head -c 200000 /dev/zero | tr '\\0' x; echo; echo '${line}'`;
  await withShell(
    script,
    async (child, lines) => {
      assert.equal((await child.ended).code, 0);
      assert.deepEqual(lines.map(({ event }) => event), ["listening"]);
    },
    (why) => told.push(why),
    "/dev/full",
  );
  assert.equal(told.length, 1);
  assert.match(told[0] ?? "", /No space left/);
});
