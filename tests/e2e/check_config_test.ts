import assert from "node:assert/strict";

const MAIN = new URL("../../main.ts", import.meta.url).pathname;
const KEEPERS = { SPIKE_KEEPERS: "https://k1:8554,https://k2:8554,https://k3:8554" };

/** Runs a role of this program that must end by itself. */
async function run(args: string[], env: Record<string, string>) {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--unstable-worker-options", "--quiet", MAIN, ...args],
    env: { HOME: "/home/ada", PATH: "/bin", ...env },
    clearEnv: true,
    stdin: "null",
  });
  const { code, stdout, stderr } = await command.output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: decode(stdout), err: decode(stderr) };
}

const inCache = { DENO_DIR: Deno.env.get("DENO_DIR") ?? "", HOME: Deno.env.get("HOME") ?? "" };

Deno.test("--check-config of every server role says ok to right settings and starts nothing", async () => {
  for (const role of ["nexus", "keeper", "bootstrap"]) {
    const outcome = await run([role, "--check-config"], { ...inCache, ...KEEPERS });
    assert.deepEqual(outcome, { code: 0, out: "ok\n", err: "" }, role);
  }
});

Deno.test("--check-config tells everything that is wrong, flags and file included", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "workers: many\nshards: 3\n");
    const { code, out, err } = await run(
      ["nexus", "--shares=9", "--check-config", "--config-file", path],
      { ...inCache, ...KEEPERS, SPIKE_SYSTEM_LOG_LEVEL: "loud" },
    );
    assert.deepEqual({ code, out }, { code: 1, out: "" });
    assert.match(err, /^Error: 4 settings are invalid:\n/);
    for (
      const problem of [
        /"shards" in .* is not a setting/,
        /LOG_LEVEL/,
        /workers in /,
        /SHARES is 9/,
      ]
    ) {
      assert.match(err, problem);
    }
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("a flag that a role does not know is a usage error", async () => {
  const { code, out, err } = await run(["keeper", "--check-config", "--wrokers", "2"], inCache);
  assert.deepEqual({ code, out }, { code: 1, out: "" });
  assert.equal(
    err,
    'Error: Argument "--wrokers" is not known to keeper\nHint: Run: spike keeper --help\n',
  );
});
