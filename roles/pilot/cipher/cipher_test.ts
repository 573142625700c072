import assert from "node:assert/strict";
import type { NexusStatus } from "../../../lib/api/status.ts";
import { explainStream } from "./decrypt.ts";
import { SpikeError } from "../../../lib/error/error.ts";
import { type Answering, type Message, refusing, spike } from "../fake_nexus.ts";

const NONCE = "Zm9vYmFyYmF6cXV4";

/** A Nexus whose ciphertext is the plaintext backwards: enough to see what travels. */
const NEXUS: Answering = (path, _action, request) => {
  const { bytes, plaintext, ciphertext } = request as Message & {
    bytes?: number[];
    plaintext?: string;
    ciphertext?: string;
  };
  const back = (text = "") => Uint8Array.fromBase64(text).toReversed().toBase64();
  if (path === "/v1/cipher/encrypt") {
    return bytes
      ? Uint8Array.from([1, ...bytes.toReversed()])
      : { version: 1, nonce: NONCE, ciphertext: back(plaintext) };
  }
  return bytes ? Uint8Array.from(bytes.slice(1).toReversed()) : { plaintext: back(ciphertext) };
};

async function inDirectory(test: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await test(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function namesIn(directory: string): Promise<string[]> {
  return (await Array.fromAsync(Deno.readDir(directory))).map(({ name }) => name).sort();
}

Deno.test("encrypt and decrypt carry bytes from standard input to standard output", async () => {
  const stdin = Uint8Array.of(0, 255, 10, 0x7b);
  const encrypted = await spike(["cipher", "encrypt"], { nexus: NEXUS, stdin });
  assert.deepEqual(encrypted.outBytes, [1, 0x7b, 10, 255, 0]);
  assert.deepEqual({ code: encrypted.code, err: encrypted.err }, { code: 0, err: "" });
  const decrypted = await spike(["cipher", "decrypt"], {
    nexus: NEXUS,
    stdin: Uint8Array.from(encrypted.outBytes),
  });
  assert.deepEqual(decrypted.outBytes, [...stdin]);
  const nothing = await spike(["cipher", "encrypt"], { nexus: NEXUS });
  assert.deepEqual(nothing.calls, [{ to: "/v1/cipher/encrypt", request: { bytes: [] } }]);
});

Deno.test("files are read and written, the written one for its owner alone", async () => {
  await inDirectory(async (directory) => {
    const [plain, blob, back] = ["plain", "blob", "back"].map((name) => `${directory}/${name}`);
    await Deno.writeTextFile(plain ?? "", "hello");
    await Deno.writeTextFile(blob ?? "", "in the way");
    const nexus = NEXUS;
    const first = await spike(["cipher", "encrypt", "-f", plain ?? "", "-o", blob ?? ""], {
      nexus,
    });
    assert.deepEqual({ code: first.code, out: first.out, err: first.err }, {
      code: 0,
      out: "",
      err: "",
    });
    assert.equal(((await Deno.stat(blob ?? "")).mode ?? 0) & 0o777, 0o600);
    await spike(["cipher", "decrypt", "--file", blob ?? "", "--out", back ?? ""], { nexus });
    assert.equal(await Deno.readTextFile(back ?? ""), "hello");
    assert.deepEqual(await namesIn(directory), ["back", "blob", "plain"]);
  });
});

Deno.test("a call that fails leaves no output file, and an old one untouched", async () => {
  await inDirectory(async (directory) => {
    await Deno.writeTextFile(`${directory}/old`, "old");
    for (const out of ["new", "old"]) {
      const { code } = await spike(["cipher", "encrypt", "-o", `${directory}/${out}`], {
        nexus: refusing("access_unauthorized"),
        stdin: "x",
      });
      assert.equal(code, 3);
    }
    assert.deepEqual(await namesIn(directory), ["old"]);
    assert.equal(await Deno.readTextFile(`${directory}/old`), "old");
  });
});

Deno.test("an output that is a link is followed, and a directory is refused", async () => {
  await inDirectory(async (directory) => {
    await Deno.writeTextFile(`${directory}/target`, "old");
    await Deno.symlink(`${directory}/target`, `${directory}/link`);
    const args = ["cipher", "decrypt", "-o", `${directory}/link`];
    await spike(args, { nexus: NEXUS, stdin: "\x01ih" });
    assert.equal(await Deno.readTextFile(`${directory}/target`), "hi");
    assert.ok((await Deno.lstat(`${directory}/link`)).isSymlink);
    const refused = await spike(["cipher", "encrypt", "-o", directory], { nexus: NEXUS });
    assert.equal(refused.code, 1);
    assert.match(refused.err, /^Error: File ".*" cannot be written: /);
    const nowhere = await spike(["cipher", "encrypt", "-o", `${directory}/a/b`], { nexus: NEXUS });
    assert.match(nowhere.err, /cannot be written: there is no such directory\n/);
    assert.deepEqual(await namesIn(directory), ["link", "target"]);
  });
});

Deno.test("encrypt prints version, nonce and ciphertext, and decrypt takes them as they are", async () => {
  const encrypted = await spike(
    ["cipher", "encrypt", "--plaintext", "aGVsbG8=", "--algorithm", "AES-GCM"],
    { nexus: NEXUS, isOutputTerminal: true },
  );
  assert.deepEqual(encrypted.calls[0]?.request, { plaintext: "aGVsbG8=", algorithm: "AES-GCM" });
  assert.equal(
    encrypted.out,
    `{\n  "version": 1,\n  "nonce": "${NONCE}",\n  "ciphertext": "b2xsZWg="\n}\n`,
  );
  for (const stdin of [encrypted.out, ` \n\t${encrypted.out.replaceAll(/\s/g, "")}`]) {
    const { out, calls } = await spike(["cipher", "decrypt"], { nexus: NEXUS, stdin });
    assert.equal(out, "hello");
    assert.deepEqual(calls[0]?.request, {
      version: 1,
      nonce: NONCE,
      ciphertext: "b2xsZWg=",
      algorithm: "",
    });
  }
});

Deno.test("decrypt takes the parts as flags", async () => {
  const args = ["cipher", "decrypt", "--nonce", NONCE, "--ciphertext", "b2xsZWg="];
  const short = await spike(args, { nexus: NEXUS });
  assert.equal(short.out, "hello");
  assert.equal(short.calls[0]?.request["version"], 1);
  const long = await spike([...args, "--version", "7"], { nexus: NEXUS });
  assert.equal(long.calls[0]?.request["version"], 7);
});

Deno.test("wrong flags and input are told before Nexus is called, and never repeated", async () => {
  const decrypt = (...args: string[]) => ["cipher", "decrypt", ...args];
  const table: [string[], string, RegExp][] = [
    [
      ["cipher", "encrypt", "--plaintext", "hunter2!"],
      "",
      /^Error: Flag --plaintext is not valid base64/,
    ],
    [["cipher", "encrypt", "--plaintext", "aGk=", "-f", "x"], "", /cannot be given together/],
    [
      decrypt("--nonce", "hunter2!", "--ciphertext", "aGk="),
      "",
      /^Error: Flag --nonce is not valid base64/,
    ],
    [
      decrypt("--nonce", NONCE, "--ciphertext", "aGk"),
      "",
      /^Error: Flag --ciphertext is not valid base64/,
    ],
    [decrypt("--nonce", NONCE), "", /^Error: Flag --ciphertext is missing/],
    [decrypt("--version", "1"), "", /^Error: Flag --nonce is missing/],
    [decrypt("--nonce", "aGk=", "--ciphertext", "aGk="), "", /^Error: Nonce is 2 bytes long/],
    [
      decrypt("--version", "256", "--nonce", NONCE, "--ciphertext", ""),
      "",
      /^Error: Flag --version is "256", expected 0 to 255/,
    ],
    [decrypt("--version", "1", "-f", "x"), "", /^Error: Flag --file cannot be given with/],
    [
      decrypt(),
      '{"version":1,"hunter2!',
      /^Error: Input is not an encrypted object: Body is not valid/,
    ],
    [decrypt(), '{"version":1,"nonce":"aGk="}', /^Error: Nonce is 2 bytes long, expected 12/],
    [decrypt("-f", "/nowhere"), "", /^Error: File "\/nowhere" cannot be read: it does not exist/],
  ];
  for (const [args, stdin, message] of table) {
    const { code, out, err } = await spike(args, { stdin });
    assert.deepEqual({ code, out }, { code: 1, out: "" }, args.join(" "));
    assert.match(err, message);
    assert.doesNotMatch(err, /hunter2/);
  }
});

Deno.test("what Nexus refuses is told in the words of this command", async () => {
  const args = ["cipher", "decrypt", "--nonce", NONCE, "--ciphertext", "aGk="];
  const changed = await spike(args, {
    nexus: () => ({ plaintext: null, err: "api_internal_error" }),
  });
  assert.equal(changed.code, 2);
  assert.match(
    changed.err,
    /^Error: Nexus could not decrypt the ciphertext\nHint: The ciphertext was modified/,
  );
  const long = await spike(["cipher", "encrypt"], {
    nexus: refusing("api_bad_request"),
    stdin: "12345",
  });
  assert.equal(long.code, 2);
  assert.match(long.err, /^Error: Nexus did not accept a plaintext of 5 bytes\nHint: The limit/);
  const denied = await spike(["cipher", "encrypt"], {
    nexus: () => {
      throw new SpikeError("access_unauthorized", "refused");
    },
  });
  assert.equal(denied.code, 3);
});

Deno.test("binary output is not printed on a terminal unless that is asked for", async () => {
  const refused = await spike(["cipher", "encrypt"], { isOutputTerminal: true });
  assert.equal(refused.code, 1);
  assert.match(refused.err, /^Error: The output is binary, and standard output is a terminal\n/);
  const forced = await spike(["cipher", "encrypt", "--out", "-"], {
    nexus: NEXUS,
    isOutputTerminal: true,
    stdin: "a",
  });
  assert.deepEqual(forced.outBytes, [1, 0x61]);
});

Deno.test("a stream that a Nexus broke off that still serves was not what was encrypted", async () => {
  const broken = new SpikeError("net_peer_connection", "The body ended");
  const asking = (answer: () => unknown) =>
    explainStream(broken, { status: () => Promise.resolve().then(answer) as Promise<NexusStatus> });
  const ready = await asking(() => ({ state: "ready" }));
  const denied = await asking(() => {
    throw new SpikeError("access_unauthorized", "not a Pilot");
  });
  for (const told of [ready, denied]) {
    assert.ok(told instanceof SpikeError);
    assert.equal(told.code, "cipher_not_authentic");
    assert.match(String(told.hint), /^The stream was modified, truncated, /);
  }
  const restarted = await asking(() => ({ state: "waiting" }));
  const gone = await asking(() => {
    throw broken;
  });
  for (const told of [restarted, gone]) {
    assert.ok(told instanceof SpikeError);
    assert.equal(told.code, "net_peer_connection");
    assert.match(String(told.hint), /retry later/);
  }
  const other = new SpikeError("api_bad_request", "refused");
  assert.equal(await explainStream(other, { status: () => assert.fail() }), other);
});
