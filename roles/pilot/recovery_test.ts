import assert from "node:assert/strict";
import { armor } from "age-encryption";
import { sampleId, sampleKey, sampleSet, sampleShards } from "../../lib/recovery/_sample.ts";
import { encodeManifest, type Manifest } from "../../lib/recovery/manifest.ts";
import type { ShardSet, StampedShard } from "../../lib/recovery/mod.ts";
import { formatShard, parseShard } from "../../lib/shamir/mod.ts";
import golden from "../../tests/golden/recovery_age.json" with { type: "json" };
import { type Message, type Outcome, spike } from "./fake_nexus.ts";

const RECOVER_ID = "spiffe://spike.ist/spike/pilot/role/recover";
const RESTORE_ID = "spiffe://spike.ist/spike/pilot/role/restore";

/** A set as Nexus exports it. */
function exportOf(set: ShardSet = sampleSet(), key = sampleKey()) {
  const shards = sampleShards({ key, set, storeId: sampleId(1) });
  const manifest: Manifest = {
    ...set,
    storeId: sampleId(1),
    commitments: shards.map(({ stamp }) => stamp.commitment),
    exportedAtMs: 0,
  };
  return { shards, manifest };
}

const { shards: SHARDS, manifest: MANIFEST } = exportOf();

/** A Nexus that exports `SHARDS`, and remembers what it was told. */
function nexusWith(manifest: Manifest = MANIFEST, shards: readonly StampedShard[] = SHARDS) {
  return (path: string, action: string, request: Message): unknown => {
    if (path === "/v1/operator/recover" && action === "confirm") {
      assert.equal(request["setId"], manifest.setId.toHex());
      return {};
    }
    if (path === "/v1/operator/recover") {
      const numbers = shards.map(({ bytes, stamp }) => [String(stamp.index), [...bytes]]);
      return { shards: Object.fromEntries(numbers), manifest: encodeManifest(manifest) };
    }
    if (path === "/v1/operator/manifest") {
      return { manifest: encodeManifest(manifest), isProved: true, past: PAST };
    }
    return { collected: 2, remaining: 0, restored: true };
  };
}

const PAST = [
  { setId: sampleId(21).toHex(), generation: 2, threshold: 2, opens: true },
  { setId: sampleId(22).toHex(), generation: 1, threshold: 2, opens: false },
];

/** A directory with keys of three custodians, and the shards exported to `recover` in it. */
async function world(args: readonly string[] = []) {
  const dir = await Deno.makeTempDir();
  const keys: { file: string; recipient: string }[] = [];
  for (const name of ["ada", "bob", "eve"]) {
    const file = `${dir}/${name}.key`;
    const { out } = await spike(["operator", "keygen", "--out", file]);
    keys.push({ file, recipient: out.trim() });
  }
  const given = args.map((arg) =>
    arg.replace(
      /^(ada|bob|eve)$/,
      (name) => keys[["ada", "bob", "eve"].indexOf(name)]?.recipient ?? "",
    )
  );
  const ran = await spike(["operator", "recover", ...given], {
    nexus: nexusWith(),
    env: { SPIKE_PILOT_RECOVERY_DIR: dir },
    id: RECOVER_ID,
  });
  return {
    dir: `${dir}/recover`,
    top: dir,
    keys,
    ran,
    [Symbol.asyncDispose]: () => Deno.remove(dir, { recursive: true }),
  };
}

async function filesBelow(dir: string, base = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const { name, isDirectory } of Deno.readDir(`${dir}/${base}`)) {
    if (isDirectory) found.push(...await filesBelow(dir, `${base}${name}/`));
    else found.push(base + name);
  }
  return found.sort();
}

/** No file below, and nothing that was said, holds a shard in plain text. */
async function assertNoPlaintext(dir: string, { out, err }: Outcome): Promise<void> {
  const texts = [out, err];
  for (const file of await filesBelow(dir)) texts.push(await Deno.readTextFile(`${dir}/${file}`));
  for (const { bytes } of SHARDS) {
    for (const form of [bytes.toHex(), bytes.toBase64(), [...bytes].join()]) {
      assert.ok(texts.every((text) => !text.includes(form)));
    }
  }
}

Deno.test("recover writes a manifest beside the shards, and confirms when all is on the disk", async () => {
  await using tmp = await world();
  assert.equal(tmp.ran.code, 0, tmp.ran.err);
  assert.deepEqual(await filesBelow(tmp.dir), [
    "manifest.json",
    "spike.recovery.1.txt",
    "spike.recovery.2.txt",
    "spike.recovery.3.txt",
  ]);
  assert.deepEqual(tmp.ran.calls.map(({ to }) => to), [
    "/v1/operator/recover",
    "/v1/operator/recover?confirm",
  ]);
  assert.deepEqual(tmp.ran.calls[0]?.request, { confirms: true });
});

Deno.test("recover does not confirm what it could not write", async () => {
  await using tmp = await world();
  await Deno.mkdir(`${tmp.dir}/.manifest.draft/full`, { recursive: true });
  const { code, calls } = await spike(["operator", "recover"], {
    nexus: nexusWith(),
    env: { SPIKE_PILOT_RECOVERY_DIR: tmp.top },
    id: RECOVER_ID,
  });
  assert.equal(code, 1);
  assert.deepEqual(calls.map(({ to }) => to), ["/v1/operator/recover"]);
});

Deno.test("with recipients no shard is anywhere in plain text, and each of them can restore", async () => {
  await using tmp = await world(["-r", "ada", "--recipient", "bob"]);
  assert.equal(tmp.ran.code, 0, tmp.ran.err);
  assert.deepEqual(await filesBelow(tmp.dir), [
    "manifest.json",
    "spike.recovery.1.txt.age",
    "spike.recovery.2.txt.age",
    "spike.recovery.3.txt.age",
  ]);
  await assertNoPlaintext(tmp.dir, tmp.ran);
  const [ada, bob, eve] = tmp.keys;
  const files = [1, 2].map((i) => `${tmp.dir}/spike.recovery.${i}.txt.age`);
  for (const key of [ada, bob]) {
    const restored = await spike(["operator", "restore", "-i", key?.file ?? "", ...files], {
      nexus: (_path, _action, { id }) => ({ collected: id, remaining: 1, restored: false }),
      id: RESTORE_ID,
    });
    assert.equal(restored.code, 0, restored.err);
    assert.deepEqual(
      restored.calls.map(({ request }) => request),
      [0, 1].map((i) => ({ id: i + 1, shard: [...SHARDS[i]?.bytes ?? []] })),
    );
    assert.match(restored.out, /^Shards collected: {2}2$/m);
  }
  for (const identity of [["-i", eve?.file ?? ""], []]) {
    const refused = await spike(["operator", "restore", ...identity, ...files]);
    assert.equal(refused.code, 1);
    assert.match(
      refused.err,
      /cannot be decrypted with the keys given\nHint: Give the identity file/,
    );
  }
});

Deno.test("an encrypted shard is read from standard input, too", async () => {
  await using tmp = await world(["-r", "ada"]);
  const stdin = await Deno.readFile(`${tmp.dir}/spike.recovery.3.txt.age`);
  const { code, calls } = await spike(["operator", "restore", "-i", tmp.keys[0]?.file ?? ""], {
    nexus: nexusWith(),
    stdin,
    id: RESTORE_ID,
  });
  assert.equal(code, 0);
  assert.equal(calls[0]?.request["id"], 3);
});

Deno.test("a split hands each custodian the own shard and the manifest, and nothing else", async () => {
  await using tmp = await world(["--split", "-r", "ada", "-r", "bob", "-r", "eve"]);
  assert.equal(tmp.ran.code, 0, tmp.ran.err);
  assert.deepEqual(
    await filesBelow(tmp.dir),
    [1, 2, 3].flatMap((i) => [
      `custodian-${i}/manifest.json`,
      `custodian-${i}/spike.recovery.${i}.txt.age`,
    ]),
  );
  await assertNoPlaintext(tmp.dir, tmp.ran);
  for (const [owner, key] of tmp.keys.entries()) {
    for (const i of [0, 1, 2]) {
      const file = `${tmp.dir}/custodian-${i + 1}/spike.recovery.${i + 1}.txt.age`;
      // One good shard alone is too few, but that is another refusal than one that cannot be read.
      const read = await spike(["operator", "drill", "--offline", "-i", key.file, file]);
      assert.equal(read.code, 1);
      assert.match(read.err, owner === i ? /1 shard is good, but 2/ : /cannot be decrypted/);
    }
  }
});

Deno.test("plain text is written after a person agreed, and without asking where nobody is there", async () => {
  const top = await Deno.makeTempDir();
  const run = async (args: string[], typed?: string) => {
    const ran = await spike(["operator", "recover", ...args], {
      nexus: nexusWith(),
      env: { SPIKE_PILOT_RECOVERY_DIR: top },
      id: RECOVER_ID,
      ...(typed === undefined ? {} : { typed }),
    });
    const isWritten = (await filesBelow(top)).length > 0;
    for await (const { name } of Deno.readDir(top)) {
      await Deno.remove(`${top}/${name}`, { recursive: true });
    }
    return { ...ran, isWritten };
  };
  try {
    for (const split of [[], ["--split"]]) {
      const refused = await run(split, "n\n");
      assert.deepEqual([refused.code, refused.isWritten, refused.calls.length], [130, false, 0]);
      assert.match(
        refused.err,
        /^The shards are about to be written to .* in plain text; .*\(y\/N\)/,
      );
      assert.equal((await run(split, "y\n")).isWritten, true);
      for (const quiet of [["--yes"], ["--no-input"]]) {
        const ran = await run([...split, ...quiet], "n\n");
        assert.deepEqual([ran.code, ran.isWritten], [0, true]);
      }
      const piped = await run(split);
      assert.deepEqual([piped.code, piped.isWritten], [0, true]);
      assert.match(piped.err, /^Whoever holds enough of these files holds the root key/);
    }
  } finally {
    await Deno.remove(top, { recursive: true });
  }
});

Deno.test("an empty input is no shard with a mistake in it", async () => {
  for (const command of ["restore", "drill"]) {
    const { code, err } = await spike(["operator", command]);
    assert.equal(code, 1);
    assert.match(err, /^Error: Standard input is empty, expected a shard\nHint: Name shard files/);
  }
});

Deno.test("recipients that do not fit are refused before anything is written", async () => {
  await using tmp = await world();
  const before = await filesBelow(tmp.dir);
  const list = `${tmp.top}/list.txt`;
  await Deno.writeTextFile(list, "# nobody\n");
  const wrong = [
    [["--split", "-r", tmp.keys[0]?.recipient ?? ""], /1 recipients were given for 3 shards/],
    [["-r", "age1nonsense"], /Recipient is "age1nonsense", expected a public key/],
    [["-R", list], /names no recipient/],
    [["-R", `${tmp.top}/none`], /it does not exist/],
    [["-r", "age1x", "--passphrase-file", list], /not both/],
  ] as const;
  for (const [args, message] of wrong) {
    const { code, err } = await spike(["operator", "recover", ...args], {
      nexus: nexusWith(),
      env: { SPIKE_PILOT_RECOVERY_DIR: tmp.top },
      id: RECOVER_ID,
    });
    assert.equal(code, 1, err);
    assert.match(err, message);
    assert.deepEqual(await filesBelow(tmp.dir), before);
  }
});

Deno.test("a new export leaves nothing of an earlier one behind, however that was laid out", async () => {
  await using tmp = await world(["--split", "-r", "ada", "-r", "bob", "-r", "eve"]);
  await Deno.writeTextFile(`${tmp.dir}/custodian-1/note`, "mine");
  const { code } = await spike(["operator", "recover"], {
    nexus: nexusWith(),
    env: { SPIKE_PILOT_RECOVERY_DIR: tmp.top },
    id: RECOVER_ID,
  });
  assert.equal(code, 0);
  assert.deepEqual(await filesBelow(tmp.dir), [
    "custodian-1/note",
    "manifest.json",
    "spike.recovery.1.txt",
    "spike.recovery.2.txt",
    "spike.recovery.3.txt",
  ]);
});

Deno.test("a shard that was encrypted once opens for ever, with its identity or its passphrase", async () => {
  const dir = await Deno.makeTempDir();
  await Deno.writeTextFile(`${dir}/key`, golden.identity);
  await Deno.writeTextFile(`${dir}/pass`, `${golden.passphrase}\n`);
  await Deno.writeTextFile(`${dir}/wrong`, "another");
  const cases = [
    [golden.toRecipient, ["-i", `${dir}/key`], 0],
    [golden.withPassphrase, ["--passphrase-file", `${dir}/pass`], 0],
    [golden.withPassphrase, ["--passphrase-file", `${dir}/wrong`], 1],
    [golden.toRecipient, ["--passphrase-file", `${dir}/pass`], 1],
  ] as const;
  for (const [stdin, keys, code] of cases) {
    const ran = await spike(["operator", "restore", ...keys], {
      nexus: nexusWith(),
      stdin,
      id: RESTORE_ID,
    });
    assert.equal(ran.code, code, ran.err);
    const { index, bytes } = parseShard(golden.shard);
    const request = { id: index, shard: [...bytes] };
    assert.deepEqual(ran.calls.map((call) => call.request), code === 0 ? [request] : []);
    if (code !== 0) assert.match(ran.err, /cannot be decrypted/);
  }
  await Deno.remove(dir, { recursive: true });
});

Deno.test("with a passphrase no shard is anywhere in plain text either", async () => {
  const dir = await Deno.makeTempDir();
  await Deno.writeTextFile(`${dir}/pass`, "correct horse battery staple");
  const [one] = SHARDS;
  assert.ok(one);
  const ran = await spike(["operator", "recover", "--passphrase-file", `${dir}/pass`], {
    nexus: nexusWith(MANIFEST, [one]),
    env: { SPIKE_PILOT_RECOVERY_DIR: dir },
    id: RECOVER_ID,
  });
  assert.equal(ran.code, 0, ran.err);
  await assertNoPlaintext(`${dir}/recover`, ran);
  const [header] = await filesBelow(`${dir}/recover`).then((files) =>
    Promise.all(
      files.filter((file) => file.endsWith(".age"))
        .map(async (file) => armor.decode(await Deno.readTextFile(`${dir}/recover/${file}`))),
    )
  );
  // A work factor of 2^18 makes guessing dear.
  assert.match(new TextDecoder().decode(header?.subarray(0, 80)), /^age-.*\n-> scrypt \S+ 18\n/);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("restore refuses a mistyped or renumbered shard offline, by the manifest beside it", async () => {
  await using tmp = await world();
  const file = `${tmp.dir}/spike.recovery.2.txt`;
  const right = await Deno.readTextFile(file);
  const typo = right.endsWith("0") ? `${right.slice(0, -1)}1` : `${right.slice(0, -1)}0`;
  for (const [text, index] of [[typo, 2], [right.replace(":2:", ":1:"), 1]] as const) {
    await Deno.writeTextFile(file, text);
    const { code, err } = await spike(["operator", "restore", file]);
    assert.equal(code, 1);
    assert.match(err, new RegExp(`^Error: Shard ${index} is not the one in the manifest`));
  }
  const { code, err } = await spike(
    ["operator", "restore", "--manifest", `${tmp.dir}/manifest.json`],
    { stdin: typo },
  );
  assert.equal(code, 1);
  assert.match(err, /^Error: Shard 2 is not the one in the manifest of generation 1/);
});

Deno.test("a drill with Nexus proves good shards, and sends it none of them", async () => {
  await using tmp = await world();
  const files = [1, 3].map((i) => `${tmp.dir}/spike.recovery.${i}.txt`);
  const { code, out, calls } = await spike(["operator", "drill", ...files], {
    nexus: nexusWith(),
    id: RESTORE_ID,
  });
  assert.equal(code, 0);
  assert.deepEqual(calls, [{ to: "/v1/operator/manifest", request: {} }]);
  assert.equal(
    out,
    [
      `Shard 1: good (${files[0]})`,
      `Shard 3: good (${files[1]})`,
      "Set    : generation 1, 2 of 3, in force, as Nexus proves with its root key",
      "Good   : 2, 2 are needed",
      "",
    ].join("\n"),
  );
  const json = await spike(["operator", "drill", "--offline", "-f", "json", ...files]);
  assert.deepEqual(JSON.parse(json.out), {
    generation: 1,
    threshold: 2,
    shares: 3,
    standing: "unasked",
    good: [1, 3],
    bad: [],
    missing: 0,
  });
});

Deno.test("a drill fails with too few shards, the same one twice, and wrong ones, which it names", async () => {
  await using tmp = await world();
  const file = (i: number) => `${tmp.dir}/spike.recovery.${i}.txt`;
  const twice = await spike(["operator", "drill", "--offline", file(1), file(1)]);
  assert.equal(twice.code, 1);
  assert.match(twice.err, /^Error: 1 shard is good, but 2 are needed/);
  await Deno.writeTextFile(file(2), `spike:2:${"ab".repeat(32)}`);
  const wrong = await spike(["operator", "drill", "--offline", file(1), file(2), file(3)]);
  assert.equal(wrong.code, 1);
  assert.match(wrong.out, /^Shard 2: WRONG \(.*2\.txt\): Shard 2 is not the one/m);
  assert.match(wrong.err, /^Error: 1 of the shards are wrong/);
  await Deno.remove(`${tmp.dir}/manifest.json`);
  const blind = await spike(["operator", "drill", "--offline", file(1)]);
  assert.match(blind.err, /^Error: There is no manifest to prove the shards by/);
});

Deno.test("a drill tells whether a set is in force, still opens, opens no more, or is another store's", async () => {
  const cases = [
    [sampleId(21), sampleId(1), 0, /not in force any more, but still of the root key/],
    [sampleId(22), sampleId(1), 2, /of generation 1, of a root key that was rotated away/],
    [sampleId(23), sampleId(1), 1, /of another store than that of this Nexus, or of a set/],
    [sampleId(21), sampleId(2), 1, /of another store than that of this Nexus, or of a set/],
  ] as const;
  for (const [setId, storeId, code, told] of cases) {
    const old = exportOf(sampleSet({ setId }));
    const dir = await Deno.makeTempDir();
    await spike(["operator", "recover"], {
      nexus: nexusWith({ ...old.manifest, storeId }, old.shards),
      env: { SPIKE_PILOT_RECOVERY_DIR: dir },
      id: RECOVER_ID,
    });
    const files = [1, 2].map((i) => `${dir}/recover/spike.recovery.${i}.txt`);
    const ran = await spike(["operator", "drill", ...files], { nexus: nexusWith() });
    assert.equal(ran.code, code, ran.err);
    assert.match(ran.out + ran.err, told);
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("shards of two exports are not proved together", async () => {
  await using one = await world();
  const other = exportOf(sampleSet({ setId: sampleId(30), generation: 2 }));
  const dir = await Deno.makeTempDir();
  await spike(["operator", "recover"], {
    nexus: nexusWith(other.manifest, other.shards),
    env: { SPIKE_PILOT_RECOVERY_DIR: dir },
    id: RECOVER_ID,
  });
  const files = [`${one.dir}/spike.recovery.1.txt`, `${dir}/recover/spike.recovery.2.txt`];
  const { code, err } = await spike(["operator", "drill", "--offline", ...files]);
  assert.equal(code, 1);
  assert.match(err, /of two exports, of generation 1 and 2/);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("restore says when shards are of an earlier generation, or of an older root key", async () => {
  const stdin = formatShard({ index: 1, bytes: SHARDS[0]?.bytes ?? assert.fail() });
  const earlier = await spike(["operator", "restore"], {
    nexus: () => ({ collected: 1, remaining: 1, restored: false, generation: 1 }),
    stdin,
    id: RESTORE_ID,
  });
  assert.match(earlier.err, /^Note: these are shards of generation 1, which is not in force/);
  const { refusing } = await import("./fake_nexus.ts");
  const older = await spike(["operator", "restore"], {
    nexus: refusing("shard_of_older_root"),
    stdin,
    id: RESTORE_ID,
  });
  assert.equal(older.code, 2);
  assert.match(older.err, /^Error: This shard is of an older root key/);
});

Deno.test("keygen writes a private file and prints the public key only", async () => {
  await using tmp = await world();
  const [ada] = tmp.keys;
  const text = await Deno.readTextFile(ada?.file ?? "");
  assert.match(text, /^# public key: age1[0-9a-z]{58}\nAGE-SECRET-KEY-1[0-9A-Z]{58}\n$/);
  assert.match(ada?.recipient ?? "", /^age1[0-9a-z]{58}$/);
  assert.equal(((await Deno.stat(ada?.file ?? "")).mode ?? 0) & 0o777, 0o600);
  const wrong = await spike(["operator", "restore", "-i", `${tmp.dir}/manifest.json`], {});
  assert.match(wrong.err, /is no identity file/);
});

Deno.test("keygen never replaces a file", async () => {
  await using tmp = await world();
  const file = tmp.keys[0]?.file ?? "";
  const before = await Deno.readTextFile(file);
  const again = await spike(["operator", "keygen", "--out", file]);
  assert.equal(again.code, 5);
  assert.match(again.err, /already exists/);
  assert.equal(again.out, "");
  assert.equal(await Deno.readTextFile(file), before);
});
