import assert from "node:assert/strict";
import { refusing, spike } from "../fake_nexus.ts";

const RECOVER_ID = "spiffe://spike.ist/spike/pilot/role/recover";
const RESTORE_ID = "spiffe://spike.ist/spike/pilot/role/restore";
const shardOf = (fill: number) => Array<number>(32).fill(fill);
const SHARDS = { shards: { "1": shardOf(1), "2": shardOf(2), "10": shardOf(255) } };

async function inDirectory(test: (parent: string) => Promise<void>): Promise<void> {
  const parent = await Deno.makeTempDir();
  try {
    await test(parent);
  } finally {
    await Deno.remove(parent, { recursive: true });
  }
}

function recoverInto(parent: string, answer: unknown) {
  return spike(["operator", "recover", "--plaintext", "--force"], {
    nexus: () => answer,
    env: { SPIKE_PILOT_RECOVERY_DIR: parent },
    id: RECOVER_ID,
  });
}

async function namesIn(directory: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name).sort();
}

Deno.test("recover writes one private file per shard, without a newline", async () => {
  await inDirectory(async (parent) => {
    const { code, out, err } = await recoverInto(parent, SHARDS);
    const directory = `${parent}/recover`;
    assert.equal(code, 0);
    assert.equal(out, `Wrote 3 recovery shards to ${directory}\n`);
    assert.match(err, /^Enough of these files rebuild the root key/);
    assert.deepEqual(await namesIn(directory), [
      "spike.recovery.1.txt",
      "spike.recovery.10.txt",
      "spike.recovery.2.txt",
    ]);
    const text = await Deno.readTextFile(`${directory}/spike.recovery.10.txt`);
    assert.equal(text, `spike:10:${"ff".repeat(32)}`);
    assert.equal(((await Deno.stat(directory)).mode ?? 0) & 0o777, 0o700);
    const { mode } = await Deno.stat(`${directory}/spike.recovery.1.txt`);
    assert.equal((mode ?? 0) & 0o777, 0o600);
  });
});

Deno.test("recover --force replaces the files of an earlier run and leaves others alone", async () => {
  await inDirectory(async (parent) => {
    const directory = `${parent}/recover`;
    await Deno.mkdir(directory, { mode: 0o755 });
    await Deno.writeTextFile(`${directory}/spike.recovery.7.txt`, "old");
    await Deno.writeTextFile(`${directory}/notes.txt`, "mine");
    assert.equal((await recoverInto(parent, { shards: { "1": shardOf(9) } })).code, 0);
    assert.deepEqual(await namesIn(directory), ["notes.txt", "spike.recovery.1.txt"]);
    assert.equal(((await Deno.stat(directory)).mode ?? 0) & 0o777, 0o700);
  });
});

Deno.test("recover keeps the earlier files when Nexus answers nothing usable", async () => {
  await inDirectory(async (parent) => {
    const directory = `${parent}/recover`;
    await Deno.mkdir(directory);
    await Deno.writeTextFile(`${directory}/spike.recovery.1.txt`, "old");
    for (const shards of [{}, null, { "1": shardOf(1), "2": shardOf(0) }]) {
      assert.equal((await recoverInto(parent, { shards })).code, 2);
    }
    assert.deepEqual(await namesIn(directory), ["spike.recovery.1.txt"]);
    assert.equal(await Deno.readTextFile(`${directory}/spike.recovery.1.txt`), "old");
  });
});

Deno.test("recover keeps the earlier files when a new one cannot be written", async () => {
  await inDirectory(async (parent) => {
    const directory = `${parent}/recover`;
    await Deno.mkdir(`${directory}/.spike.recovery.2.draft/full`, { recursive: true });
    await Deno.writeTextFile(`${directory}/spike.recovery.1.txt`, "old");
    const { code, err } = await recoverInto(parent, SHARDS);
    assert.equal(code, 1);
    assert.match(err, /^Error: Recovery shards cannot be written to /);
    assert.equal(await Deno.readTextFile(`${directory}/spike.recovery.1.txt`), "old");
    assert.deepEqual(await namesIn(directory), [
      ".spike.recovery.2.draft",
      "spike.recovery.1.txt",
    ]);
  });
});

Deno.test("no output of recover or restore holds a shard", async () => {
  await inDirectory(async (parent) => {
    const recovered = await recoverInto(parent, SHARDS);
    const hex = "02".repeat(32);
    const restored = await spike(["operator", "restore"], {
      nexus: refusing("api_bad_request"),
      stdin: `spike:2:${hex}`,
      id: RESTORE_ID,
    });
    const broken = await spike(["operator", "restore"], { stdin: `spike:2:${hex}ab` });
    for (const { out, err } of [recovered, restored, broken]) {
      assert.doesNotMatch(out + err, /0202|2,2/);
    }
  });
});

Deno.test("a recovery directory of the system is refused", async () => {
  const { code, err } = await recoverInto("/etc", SHARDS);
  assert.equal(code, 1);
  assert.match(err, /^Error: SPIKE_PILOT_RECOVERY_DIR is "\/etc", expected a directory other than/);
});

Deno.test("restore sends the shard from standard input and tells how far it is", async () => {
  const { code, out, err, calls } = await spike(["operator", "restore"], {
    nexus: () => ({ collected: 1, remaining: 1, restored: false }),
    stdin: ` SPIKE:2:${"0A".repeat(32)}\n`,
    id: RESTORE_ID,
  });
  assert.equal(code, 0);
  assert.equal(out, "Shards collected:  1\nShards remaining:  1\n");
  assert.equal(err, "Run this command again with the next shard.\n");
  assert.deepEqual(calls, [{
    to: "/v1/operator/restore",
    request: { id: 2, shard: shardOf(10) },
  }]);
});

Deno.test("recover and restore print documents, too", async () => {
  await inDirectory(async (parent) => {
    const recovered = await spike(["operator", "recover", "--plaintext", "-f", "json"], {
      nexus: () => SHARDS,
      env: { SPIKE_PILOT_RECOVERY_DIR: parent },
      id: RECOVER_ID,
    });
    const directory = `${parent}/recover`;
    assert.deepEqual(JSON.parse(recovered.out), {
      directory,
      files: ["1", "2", "10"].map((index) => `${directory}/spike.recovery.${index}.txt`),
    });
  });
  const restored = await spike(["operator", "restore", "-f", "yaml"], {
    nexus: () => ({ collected: 1, remaining: 1, restored: false }),
    stdin: `spike:2:${"0a".repeat(32)}`,
    id: RESTORE_ID,
  });
  assert.equal(restored.out, "collected: 1\nremaining: 1\nrestored: false\n");
  assert.equal(restored.err, "Run this command again with the next shard.\n");
});

Deno.test("recover leaves no draft behind when a later one cannot be written", async () => {
  await inDirectory(async (parent) => {
    const directory = `${parent}/recover`;
    await Deno.mkdir(`${directory}/.spike.recovery.10.draft/full`, { recursive: true });
    assert.equal((await recoverInto(parent, SHARDS)).code, 1);
    assert.deepEqual(await namesIn(directory), [".spike.recovery.10.draft"]);
  });
});

Deno.test("restore asks a person without showing what is typed", async () => {
  const { out, err } = await spike(["operator", "restore"], {
    nexus: () => ({ collected: 2, remaining: 0, restored: true }),
    typed: `spike:1:${"0a".repeat(32)}`,
    id: RESTORE_ID,
  });
  assert.match(out, /^SPIKE is restored/);
  assert.match(
    err,
    /^\(your input will be hidden as you paste\/type it\)\nEnter recovery shard: \n/,
  );
});

Deno.test("restore refuses a mistyped shard without calling Nexus", async () => {
  const hex = "0a".repeat(32);
  const wrong = [
    "",
    "spike:1",
    `spike:0:${hex}`,
    `spoke:1:${hex}`,
    `spike:1:${hex}0`,
    "x".repeat(5000),
  ];
  for (const stdin of wrong) {
    const { code, err } = await spike(["operator", "restore"], { stdin });
    assert.equal(code, 1, stdin);
    assert.match(err, /^Error: /);
  }
});

Deno.test("an identity without the role is told so, and Nexus decides", async () => {
  const { code, err, calls } = await spike(["recover", "--plaintext"], {
    nexus: refusing("access_unauthorized"),
    env: { SPIKE_TRUST_ROOT: "a.org,b.org/x" },
    id: "spiffe://a.org/spike/pilot/role/superuser",
  });
  assert.equal(code, 3);
  assert.equal(calls.length, 1);
  assert.match(
    err,
    /^Note: this identity is spiffe:\/\/a\.org\/spike\/pilot\/role\/superuser, but spiffe:\/\/a\.org\/spike\/pilot\/role\/recover or spiffe:\/\/b\.org\/x\/spike\/pilot\/role\/recover is needed\nError: Nexus denied access to /,
  );
});

Deno.test("kek list and rotate print the generations, in each format", async () => {
  const keks = [
    { generation: 1, state: "retired", createdTime: "2026-01-02T03:04:05Z", sealings: 1048576 },
    { generation: 2, state: "active", createdTime: "2026-02-02T03:04:05Z", sealings: 0 },
  ];
  for (const action of ["list", "rotate"]) {
    const { code, out, calls } = await spike(["operator", "kek", action], {
      nexus: () => ({ keks }),
    });
    assert.equal(code, 0);
    assert.equal(
      out,
      "Generation 1: retired, made 2026-01-02T03:04:05Z, at most 1048576 sealings\n" +
        "Generation 2: active, made 2026-02-02T03:04:05Z, at most 0 sealings\n",
    );
    assert.equal(calls[0]?.to, `/v1/operator/keks?${action}`);
  }
  const json = await spike(["operator", "kek", "list", "-f", "json"], { nexus: () => ({ keks }) });
  assert.deepEqual(JSON.parse(json.out), keks);
  const other = await spike(["operator", "kek", "rotate"], {
    nexus: refusing("state_not_ready"),
    id: "spiffe://spike.ist/spike/pilot/role/operator",
  });
  assert.equal(other.code, 6);
  assert.match(other.err, /^Note: this identity is .*\/superuser is needed\n/);
});
