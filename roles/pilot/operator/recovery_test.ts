import assert from "node:assert/strict";
import { armor } from "age-encryption";
import { sampleId, sampleKey, sampleSet, sampleShards } from "../../../lib/recovery/_sample.ts";
import { encodeManifest, type RecoveryManifest } from "../../../lib/recovery/manifest.ts";
import type { ShardSet, StampedShard } from "../../../lib/recovery/mod.ts";
import { formatShard, parseShard } from "../../../lib/shamir/mod.ts";
import golden from "../../../tests/golden/recovery_age.json" with { type: "json" };
import { type Message, type Outcome, spike } from "../fake_nexus.ts";

const RECOVER_ID = "spiffe://spike.ist/spike/pilot/role/recover";
const RESTORE_ID = "spiffe://spike.ist/spike/pilot/role/restore";

/** A set as Nexus exports it. */
function exportOf(set: ShardSet = sampleSet(), key = sampleKey()) {
  const shards = sampleShards({ key, set, storeId: sampleId(1) });
  const manifest: RecoveryManifest = {
    ...set,
    storeId: sampleId(1),
    commitments: shards.map(({ stamp }) => stamp.commitment),
    exportedAtMs: 0,
  };
  return { shards, manifest };
}

const { shards: SHARDS, manifest: MANIFEST } = exportOf();

/** A Nexus that exports `SHARDS`, and remembers what it was told. */
function nexusWith(
  manifest: RecoveryManifest = MANIFEST,
  shards: readonly StampedShard[] = SHARDS,
) {
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
async function world(args: readonly string[] = ["--plaintext"]) {
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
  const { code, calls } = await spike(["operator", "recover", "--plaintext", "--force"], {
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
      /cannot be decrypted with the keys given\nHint: Pass the identity file/,
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

/** One export into a directory that is empty before and after. */
async function exporting(args: readonly string[], typed?: string, stdin?: string) {
  const top = await Deno.makeTempDir();
  try {
    const ran = await spike(args, {
      nexus: nexusWith(),
      env: { SPIKE_PILOT_RECOVERY_DIR: top },
      id: RECOVER_ID,
      ...(typed === undefined ? {} : { typed }),
      ...(stdin === undefined ? {} : { stdin }),
    });
    return { ...ran, isWritten: (await filesBelow(top)).length > 0 };
  } finally {
    await Deno.remove(top, { recursive: true });
  }
}

Deno.test("plain text is written after a person agreed, and without asking only with --plaintext", async () => {
  for (const name of [["operator", "recover"], ["recover"]]) {
    for (const split of [[], ["--split"]]) {
      const args = [...name, ...split];
      const refused = await exporting(args, "n\n");
      assert.deepEqual([refused.code, refused.isWritten, refused.calls.length], [130, false, 0]);
      assert.match(
        refused.err,
        /^The shards will be written to .* as plain text; .*\(y\/N\)/,
      );
      assert.equal((await exporting(args, "y\n")).isWritten, true);
      for (const quiet of [[], ["--no-input"]]) {
        const plain = await exporting([...args, "--plaintext", ...quiet], "n\n");
        assert.deepEqual([plain.code, plain.isWritten], [0, true]);
        assert.match(plain.err, /^Enough of these files rebuild the root key/);
      }
    }
  }
});

Deno.test("nobody who could be asked agrees to plain text", async () => {
  for (const name of [["operator", "recover"], ["recover"], ["recover", "--split"]]) {
    const ways = [
      await exporting(name),
      await exporting(name, undefined, "y\n"),
      await exporting([...name, "--no-input"]),
      await exporting([...name, "--no-input"], "y\n"),
      await exporting(["--no-input", ...name], "y\n"),
    ];
    for (const { code, err, isWritten, calls } of ways) {
      assert.deepEqual([code, isWritten, calls.length], [1, false, 0]);
      assert.match(
        err,
        /^Error: No recipient or passphrase to encrypt the shards\nHint: .*--plaintext/,
      );
    }
  }
  const both = await exporting(["recover", "--plaintext", "-r", "age1x"]);
  assert.match(both.err, /plain text or encrypted, not both/);
});

Deno.test("without HOME an export needs a directory, and no other command does", async () => {
  const around = { nexus: nexusWith(), env: { HOME: "" }, id: RECOVER_ID };
  const { code, err, calls } = await spike(["operator", "recover", "--plaintext"], around);
  assert.deepEqual([code, calls.length], [1, 0]);
  assert.match(
    err,
    /^Error: No directory for recovery shards: HOME is not set\nHint: Set SPIKE_PILOT_RECOVERY_DIR/,
  );
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
    [["-r", "age1nonsense"], /Recipient 1 "age1nonsense" is not a public key, expected one/],
    [["-R", list], /names no recipient/],
    [["-R", `${tmp.top}/none`], /it does not exist/],
    [["-r", "age1x", "--passphrase-file", list], /not both/],
  ] as const;
  for (const [args, message] of wrong) {
    const { code, err } = await spike(["operator", "recover", "--force", ...args], {
      nexus: nexusWith(),
      env: { SPIKE_PILOT_RECOVERY_DIR: tmp.top },
      id: RECOVER_ID,
    });
    assert.equal(code, 1, err);
    assert.match(err, message);
    assert.deepEqual(await filesBelow(tmp.dir), before);
  }
});

Deno.test("an export never replaces an earlier one, however that was laid out", async () => {
  for (const args of [["--plaintext"], ["--plaintext", "--split"], ["-r", "ada"]]) {
    await using tmp = await world(args);
    const before = await filesBelow(tmp.dir);
    const ran = await spike(["operator", "recover", "--plaintext"], {
      nexus: nexusWith(),
      env: { SPIKE_PILOT_RECOVERY_DIR: tmp.top },
      id: RECOVER_ID,
    });
    assert.deepEqual([ran.code, ran.calls.length], [5, 0]);
    assert.match(
      ran.err,
      /^Error: An export already exists: .* and \d more\nHint: Nothing was written.*--force$/m,
    );
    assert.deepEqual(await filesBelow(tmp.dir), before);
  }
});

Deno.test("the same custodian does not get two shards of a split unaware", async () => {
  await using tmp = await world(["--split", "-r", "ada", "-r", "bob", "-r", "ada"]);
  assert.equal(tmp.ran.code, 1);
  assert.match(
    tmp.ran.err,
    /^Error: Recipient 3 is the same public key as Recipient 1\nHint: .*--allow-repeated/,
  );
  assert.equal(tmp.ran.calls.length, 0);
  await using agreed = await world([
    "--split",
    "--allow-repeated",
    ...["ada", "bob", "ada"].flatMap((name) => ["-r", name]),
  ]);
  assert.equal(agreed.ran.code, 0, agreed.ran.err);
});

Deno.test("with --force a new export leaves nothing of an earlier one behind", async () => {
  await using tmp = await world(["--split", "-r", "ada", "-r", "bob", "-r", "eve"]);
  await Deno.writeTextFile(`${tmp.dir}/custodian-1/note`, "mine");
  const { code } = await spike(["operator", "recover", "--plaintext", "--force"], {
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
    assert.match(
      err,
      new RegExp(`^Error: File ".*2\\.txt": Shard ${index} is not the one in the manifest`),
    );
  }
  const { code, err } = await spike(
    ["operator", "restore", "--manifest", `${tmp.dir}/manifest.json`],
    { stdin: typo },
  );
  assert.equal(code, 1);
  assert.match(
    err,
    /^Error: The shard on standard input: Shard 2 is not the one in the manifest of generation 1/,
  );
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
  assert.match(blind.err, /^Error: There is no manifest to verify the shards against/);
});

Deno.test("a drill tells whether a set is in force, still opens, opens no more, or is another store's", async () => {
  const cases = [
    [sampleId(21), sampleId(1), 0, /no longer current, but still of the current root key/],
    [sampleId(22), sampleId(1), 2, /of generation 1, of a root key that was replaced/],
    [sampleId(23), sampleId(1), 1, /from another store, or from a set/],
    [sampleId(21), sampleId(2), 1, /from another store, or from a set/],
  ] as const;
  for (const [setId, storeId, code, told] of cases) {
    const old = exportOf(sampleSet({ setId }));
    const dir = await Deno.makeTempDir();
    await spike(["operator", "recover", "--plaintext"], {
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
  await spike(["operator", "recover", "--plaintext"], {
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
  assert.match(
    earlier.err,
    /^Note: these are shards of generation 1, which is not the current one/,
  );
  const { refusing } = await import("../fake_nexus.ts");
  const older = await spike(["operator", "restore"], {
    nexus: refusing("shard_of_older_root"),
    stdin,
    id: RESTORE_ID,
  });
  assert.equal(older.code, 2);
  assert.match(older.err, /^Error: This shard belongs to an older root key/);
});

Deno.test("keygen writes a private file and prints the public key only", async () => {
  await using tmp = await world();
  const [ada] = tmp.keys;
  const text = await Deno.readTextFile(ada?.file ?? "");
  assert.match(text, /^# public key: age1[0-9a-z]{58}\nAGE-SECRET-KEY-1[0-9A-Z]{58}\n$/);
  assert.match(ada?.recipient ?? "", /^age1[0-9a-z]{58}$/);
  assert.equal(((await Deno.stat(ada?.file ?? "")).mode ?? 0) & 0o777, 0o600);
  const wrong = await spike(["operator", "restore", "-i", `${tmp.dir}/manifest.json`], {});
  assert.match(
    wrong.err,
    /Line 1 of ".*manifest\.json" is not an identity, expected AGE-SECRET-KEY-/,
  );
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

Deno.test("a private key given in place of a public one is not shown, whatever it is given as", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const { out } = await spike(["operator", "keygen", "--out", `${dir}/ada.key`]);
    const text = await Deno.readTextFile(`${dir}/ada.key`);
    const key = /AGE-SECRET-KEY-\w+/.exec(text)?.[0] ?? "";
    const secret = key.slice(16);
    const pem = `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----\n`;
    const contents = [
      text,
      key.toLowerCase(),
      `${out}${key}`,
      `${out}${secret}`,
      ` "${key}"`,
      pem,
      `x ${key}`,
    ];
    for (const [i, content] of contents.entries()) {
      const list = `${dir}/list-${i}`;
      await Deno.writeTextFile(list, content);
      const commands = [
        ["operator", "recover", "-R", list],
        ["operator", "recover", "-r", content],
        ["operator", "restore", "-i", list, list],
        ["operator", "restore", "-i", content, list],
        ["operator", "restore", list],
        ["operator", "restore", "-m", list, list],
        ["operator", "drill", "--offline", list],
        ["policy", "create", "--file", list],
        ["policy", "lint", list],
        ["policy", "test", list],
        ["secret", "get", content, "-f", content],
        ["secret", "put", "a", `${content}`],
        ["cipher", "decrypt", "--version", content],
        ["audit", "verify", "--key", list, dir],
        ["backup", "verify", list, "--manifest", list],
        [content],
        ["secret", content],
        ["secret", "get", `--${content}`],
      ];
      for (const args of commands) {
        const ran = await spike(args, { nexus: nexusWith(), id: RECOVER_ID });
        const said = `${ran.out}${ran.err}`.toUpperCase();
        assert.ok(!said.includes(secret.slice(0, 12).toUpperCase()), `${args.join(" ")}: ${said}`);
      }
    }
    const named = await spike(["operator", "recover", "-R", `${dir}/ada.key`], {
      nexus: nexusWith(),
    });
    assert.match(
      named.err,
      /^Error: Line 2 of ".*ada\.key" looks like a private key, expected a public key/,
    );
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("an identity file with a wrong line is refused with its number", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const lines = [
      ["AGE-SECRET-KEY-1QQ", "is not an identity"],
      ["AGE-PLUGIN-YUBIKEY-1QQ", "is for a plugin of age"],
      ["age1qq", "is not an identity"],
    ] as const;
    for (const [line, why] of lines) {
      await Deno.writeTextFile(`${dir}/key`, `# comment\n\n${line}\n`);
      const { code, err } = await spike(["operator", "restore", "-i", `${dir}/key`], {
        stdin: "x",
      });
      assert.equal(code, 1);
      assert.match(err, new RegExp(`^Error: Line 3 of ".*key" ${why}`));
      assert.ok(!err.includes(line));
    }
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("what is wrong with a shard is told with its file, UTF-16 and a mark among it", async () => {
  await using tmp = await world();
  const file = `${tmp.dir}/spike.recovery.1.txt`;
  const right = await Deno.readTextFile(file);
  const wide = new Uint8Array(
    Uint16Array.from([...`\uFEFF${right}`].map((c) => c.charCodeAt(0))).buffer,
  );
  const cases: [string | Uint8Array, RegExp][] = [
    [wide, /^Error: File ".*1\.txt" is in UTF-16, expected UTF-8\nHint: .*iconv/],
    [wide.subarray(2), /^Error: File ".*1\.txt" is in UTF-16/],
    ["spike:1", /^Error: File ".*1\.txt": Shard has 2 parts/],
    [
      right.replace("spike:1:", "spike:1:zz"),
      /^Error: File ".*1\.txt": Character 1 of the shard's value/,
    ],
  ];
  const other = `${tmp.dir}/spike.recovery.2.txt`;
  for (const [content, message] of cases) {
    await Deno.writeFile(
      file,
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    );
    for (const command of [["restore"], ["drill", "--offline"]]) {
      const { code, err } = await spike(["operator", ...command, other, file]);
      assert.equal(code, 1);
      assert.match(err, message);
    }
  }
  await Deno.writeTextFile(file, `\uFEFF${right}`);
  const { code, err } = await spike(["operator", "drill", "--offline", other, file]);
  assert.equal(code, 0);
  assert.match(err, /^Note: File ".*1\.txt" begins with a byte order mark, which is ignored$/m);
});

Deno.test({
  name:
    "no shard is written below a directory of somebody else, through a link of theirs, or where all may write",
  // Only root can hand files to somebody else.
  ignore: Deno.uid() !== 0,
  fn: async () => {
    const top = await Deno.makeTempDir();
    const chown = (...args: string[]) => new Deno.Command("chown", { args }).output();
    try {
      await Deno.mkdir(`${top}/mine/deep`, { recursive: true });
      await Deno.mkdir(`${top}/shared`);
      await Deno.chmod(`${top}/shared`, 0o1777);
      await Deno.mkdir(`${top}/shared/theirs`);
      await Deno.symlink(`${top}/mine`, `${top}/shared/link`);
      await chown("-h", "54321", `${top}/shared/theirs`, `${top}/shared/link`);
      await Deno.mkdir(`${top}/open/x`, { recursive: true });
      await Deno.chmod(`${top}/open`, 0o777);
      await Deno.mkdir(`${top}/parent`);
      await Deno.chmod(`${top}/parent`, 0o1777);
      await Deno.symlink(`${top}/mine`, `${top}/parent/recover`);
      await chown("-h", "54321", `${top}/parent/recover`);
      for (
        const dir of ["shared/theirs", "shared/theirs/x", "shared/link", "open", "open/x", "parent"]
      ) {
        const ran = await spike(["operator", "recover", "--plaintext"], {
          nexus: nexusWith(),
          env: { SPIKE_PILOT_RECOVERY_DIR: `${top}/${dir}` },
          id: RECOVER_ID,
        });
        assert.deepEqual([ran.code, ran.calls.length], [1, 0], dir);
        assert.match(ran.err, /^Error: Directory ".*" is not safe: /);
      }
      assert.deepEqual(await filesBelow(`${top}/mine`), []);
    } finally {
      await Deno.remove(top, { recursive: true });
    }
  },
});
