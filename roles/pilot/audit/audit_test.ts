import assert from "node:assert/strict";
import {
  keyOf,
  KEYS,
  type LogWorld,
  logWorld,
  requestOf,
} from "../../../lib/audit/_log_fixture.ts";
import { formatKey } from "../../../lib/audit/note.ts";
import { refusing, spike } from "../fake_nexus.ts";

const RECORDS = 70;

/** A log with 70 records, its public key and an early checkpoint beside it. */
async function filled(): Promise<{ world: LogWorld; log: string; note: string; key: string }> {
  const world = await logWorld();
  const log = world.open();
  let early = "";
  for (let i = 0; i < RECORDS; i++) {
    await log.record(requestOf(`path/${i}`));
    if (i === 39) {
      await log.sync();
      early = log.checkpoint ?? "";
    }
  }
  await log.close();
  const key = `${world.directory}/keys.txt`;
  const note = `${world.directory}/early.checkpoint`;
  await Deno.writeTextFile(key, `${formatKey(keyOf(log.name))}\n`);
  await Deno.writeTextFile(note, early);
  return { world, log: log.name, note, key };
}

Deno.test("audit verify needs no Nexus, and says what it cannot tell without a checkpoint", async () => {
  const { world, log, note, key } = await filled();
  await using _ = world;
  const alone = await spike(["audit", "verify", world.directory, "--key", key]);
  assert.equal(alone.code, 0, alone.err);
  assert.match(alone.out, new RegExp(`^Log ${log}: 70 records\n`));
  assert.match(alone.out, /Truncation at the end is not verified: no checkpoint/);
  const args = ["audit", "verify", world.directory, "--key", key, "--checkpoint", note];
  const held = await spike(args);
  assert.match(held.out, /The checkpoint that was kept counts 40 records: they are there/);
  const json = JSON.parse((await spike([...args, "-f", "json"])).out);
  assert.deepEqual([json.logs[0].size, json.logs[0].findings, json.unknown], [70, [], []]);
});

const DOUBTS = {
  torn: /Its last line breaks off after 5 bytes, as after a crash/,
  unsigned: /The last 30 records are not signed yet and are not tamper-evident/,
  end: /Truncation at the end is not verified: no checkpoint of this log was passed/,
  kept: /The checkpoint that was kept counts 40 records: they are there/,
};

Deno.test("audit verify says each doubt about the end of a log once, and no other", async () => {
  const { world, note, key } = await filled();
  await using _ = world;
  const path = world.files()[0]?.path ?? "";
  const whole = await Deno.readTextFile(path);
  const unsigned = whole.split("\n").slice(0, -2).join("\n") + "\n";
  const held = ["--checkpoint", note];
  const cases: [string, string[], (keyof typeof DOUBTS)[]][] = [
    [whole, [], ["end"]],
    [whole, held, ["kept"]],
    [unsigned, [], ["unsigned", "end"]],
    [unsigned, held, ["unsigned", "kept"]],
    [`${whole}r 012`, held, ["torn", "kept"]],
    [`${unsigned}r 012`, [], ["unsigned", "torn", "end"]],
  ];
  for (const [text, given, doubts] of cases) {
    await Deno.writeTextFile(path, text);
    const { out, code } = await spike([
      "audit",
      "verify",
      world.directory,
      "--key",
      key,
      ...given,
    ]);
    assert.equal(code, 0, out);
    assert.match(out, /No record was changed, deleted, inserted or moved/);
    for (const [doubt, pattern] of Object.entries(DOUBTS)) {
      const count = [...out.matchAll(new RegExp(pattern, "g"))].length;
      assert.equal(count, doubts.some((one) => one === doubt) ? 1 : 0, `${doubt}: ${out}`);
    }
  }
});

Deno.test("audit verify ends with 2 and names the record that was changed", async () => {
  const { world, key } = await filled();
  await using _ = world;
  const path = world.files()[0]?.path ?? "";
  await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replace("path/33", "path/34"));
  const { code, out, err } = await spike(["audit", "verify", world.directory, "--key", key]);
  assert.equal(code, 2);
  assert.match(out, /Record 33 \(.*, line 35\): the record was changed/);
  assert.match(err, /^Error: The audit log does not verify/);
});

Deno.test("audit verify finds what was cut off, and a log that is not there", async () => {
  const { world, note, key } = await filled();
  await using _ = world;
  const path = world.files()[0]?.path ?? "";
  const lines = (await Deno.readTextFile(path)).split("\n");
  await Deno.writeTextFile(path, `${lines.slice(0, 21).join("\n")}\n`);
  const verify = ["audit", "verify", world.directory, "--key", key, "--checkpoint", note];
  const cut = await spike(verify);
  assert.equal(cut.code, 2);
  assert.match(
    cut.out,
    /Records 20 to 39 .*the log ends here, but the checkpoint held has 40 records/,
  );
  assert.doesNotMatch(cut.out, /No record was|they are there/);
  const nowhere = await spike(["audit", "verify", "/nowhere", "--key", key]);
  assert.deepEqual([nowhere.code, nowhere.out], [1, ""]);
});

Deno.test("a proof is made from the files and checked without them", async () => {
  const { world, note, key } = await filled();
  await using _ = world;
  const file = `${world.directory}/proof.json`;
  const check = () => spike(["audit", "proof", "--key", key, "--check", file]);
  for (const what of [["--record", "7"], ["--since", note], ["--record", "7", "--at", note]]) {
    const made = await spike(["audit", "proof", world.directory, "--key", key, ...what]);
    assert.equal(made.code, 0, made.err);
    await Deno.writeTextFile(file, made.out);
    const { code, out } = await check();
    assert.equal(code, 0);
    assert.match(out, what[0] === "--since" ? /first 40 of 70/ : /Record 7 is one of the/);
  }
  const proof = JSON.parse(await Deno.readTextFile(file));
  for (
    const forged of [{ ...proof, record: 8 }, { ...proof, text: proof.text.replace("7", "8") }]
  ) {
    await Deno.writeTextFile(file, JSON.stringify(forged));
    assert.equal((await check()).code, 2);
  }
  await Deno.writeTextFile(file, "{}");
  assert.equal((await check()).code, 1);
  const late = await spike(["audit", "proof", world.directory, "--key", key, "--record", "70"]);
  assert.equal(late.code, 1);
  const both = ["audit", "proof", world.directory, "--key", key, "--record", "1", "--since", note];
  assert.equal((await spike(both)).code, 1);
});

Deno.test("audit export pins keys: one that was exported before is never replaced", async () => {
  const { world, log } = await filled();
  await using _ = world;
  const top = await Deno.makeTempDir();
  const out = `${top}/made/by/export`;
  const exported = (publicKey: Uint8Array) => ({
    log,
    keys: [formatKey({ log, publicKey })],
    checkpoint: "",
  });
  const first = await spike(["audit", "export", "--out", out], {
    nexus: () => exported(KEYS.publicKey),
  });
  assert.equal(first.code, 0, first.err);
  assert.deepEqual(first.calls.map(({ to }) => to), ["/v1/audit?export"]);
  const pinned = await Deno.readTextFile(`${out}/keys.txt`);
  const other = await spike(["audit", "export", "--out", out], {
    nexus: () => exported(new Uint8Array(32).fill(5)),
  });
  assert.equal(other.code, 2);
  assert.match(other.err, /is not the one in/);
  assert.equal(await Deno.readTextFile(`${out}/keys.txt`), pinned);
  const onFile = await spike(["audit", "export", "--out", `${out}/keys.txt`], {
    nexus: () => exported(KEYS.publicKey),
  });
  assert.match(onFile.err, /^Error: Directory ".*" cannot be used: /);
  await Deno.remove(top, { recursive: true });
});

Deno.test("a directory without a log is said to be one, and what is no directory, too", async () => {
  const { world, key } = await filled();
  await using _ = world;
  const given = [["export", "--records"], ["verify", "--key", key], [
    "proof",
    "--key",
    key,
    "--record",
    "1",
  ]];
  for (const args of given) {
    const none = await spike(["audit", ...args, `${world.directory}/none`]);
    assert.equal(none.code, 1);
    assert.match(
      none.err,
      /^Error: Directory ".*none" holds no audit log\nHint: Name the directory/,
    );
    const file = await spike(["audit", ...args, `${world.directory}/current`]);
    assert.equal(file.code, 1);
    assert.match(file.err, /^Error: Directory ".*current" cannot be read: /);
  }
});

Deno.test("audit export --records prints every record as it was written", async () => {
  const { world } = await filled();
  await using _ = world;
  const { out } = await spike(["audit", "export", "--records", world.directory]);
  const numbers = out.trimEnd().split("\n").map((line) => JSON.parse(line).n);
  assert.deepEqual(numbers, Array.from({ length: RECORDS }, (_, n) => n));
});

Deno.test("audit tail tells of refused requests in sum how many they were, and of what kind", async () => {
  const caller = { id: "spiffe://example.org/web", domain: "example.org", serial: "0a" };
  const sum = { count: 7, until: 2, kinds: { "secret.get access_unauthorized": 7 } };
  const record = { n: 4, kind: "request", time: 0, caller, operation: null, status: 401, sum };
  const nexus = () => ({ log: "l", records: [JSON.stringify(record)] });
  const { out } = await spike(["audit", "tail"], { nexus });
  assert.equal(
    out,
    "4 1970-01-01T00:00:00.000Z spiffe://example.org/web, 7 refused requests in sum: " +
      '{"secret.get access_unauthorized":7}\n',
  );
});

Deno.test("audit tail prints a line for each record, or the records themselves", async () => {
  const request = {
    n: 4,
    kind: "request",
    time: 0,
    operation: "secret.get",
    path: "a/b",
    us: 1500,
  };
  const record = { ...request, caller: { id: "spiffe://x" }, decision: "denied", status: 401 };
  const nexus = () => ({ log: "a", records: [JSON.stringify(record)] });
  const { out, calls } = await spike(["audit", "tail", "-n", "5", "--after", "3"], { nexus });
  assert.equal(
    out,
    "4 1970-01-01T00:00:00.000Z spiffe://x, secret.get, a/b, denied, 401, 1.5 ms\n",
  );
  assert.deepEqual(calls, [{ to: "/v1/audit?tail", request: { limit: 5, after: 3 } }]);
  const json = await spike(["audit", "tail", "-f", "json"], { nexus });
  assert.equal(json.out, `${JSON.stringify(record)}\n`);
  assert.equal((await spike(["audit", "tail", "-n", "0"])).code, 1);
  const denied = await spike(["audit", "tail"], { nexus: refusing("access_unauthorized") });
  assert.equal(denied.code, 3);
});

Deno.test("operator verify tells what differs and ends with 2, or that nothing does", async () => {
  const fine = {
    heads: 2,
    policies: 1,
    cipherKeys: 0,
    older: 0,
    logs: [],
    rows: [],
    findings: 0,
  };
  const ok = await spike(["operator", "verify"], { nexus: () => fine });
  assert.deepEqual([ok.code, ok.out], [
    0,
    "Compared with 0 audit logs: 2 secrets, 1 policy, 0 cipher keys\n",
  ]);
  const found = {
    ...fine,
    rows: [{ kind: "head", name: "a/b", what: "replaced" }, {
      kind: "policy",
      name: "p",
      what: "removed",
    }, { kind: "keyHead", name: "pay", what: "unrecorded" }],
    logs: [{ log: "0a", missing: true }],
    findings: 4,
  };
  const { code, out, err } = await spike(["operator", "verify"], { nexus: () => found });
  assert.equal(code, 2);
  assert.match(out, /Secret "a\/b" is not the last stored state/);
  assert.match(out, /Policy "p" was removed without Nexus/);
  assert.match(out, /Cipher key "pay" was put there without Nexus/);
  assert.match(out, /Audit log 0a is not there/);
  assert.match(err, /4 findings/);
});
