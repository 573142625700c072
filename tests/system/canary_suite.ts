/**
 * What the processes of a system emit while everything is done that handles a secret: no value, plaintext, shard or
 * root key may be in it, in any of the ways in which bytes are written down. What is emitted is standard output and
 * error, logs, audit records and their sinks, files, probes and metrics, refusals, arguments and environments.
 */
import assert from "node:assert/strict";
import { as, exported, processesOf } from "../e2e/caller.ts";
import { DevSystem, type Ran, temporaryDirectory } from "../e2e/harness.ts";
import { identityFiles } from "./server_process.ts";

const PATH = "tenants/acme/db";

/** Gathers what is emitted, and looks for canaries at the end, when all of them are known. */
class Watch {
  readonly #seen = new Map<string, Set<string>>();
  readonly #timer: ReturnType<typeof setInterval>;

  constructor() {
    // Arguments and environments of whatever runs on this machine and may be looked at, the command line's own
    // included.
    this.#timer = setInterval(() => this.#lookAtProcesses(), 50);
  }

  add(where: string, text: string): void {
    const texts = this.#seen.get(where) ?? new Set();
    this.#seen.set(where, texts.add(text));
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** How many different command lines were seen that match. */
  commands(pattern: RegExp): number {
    return [...this.#seen.get("a command line") ?? []].filter((text) => pattern.test(text)).length;
  }

  assertClean(canaries: ReadonlyMap<string, Uint8Array>): void {
    for (const [name, bytes] of canaries) {
      const forms = formsOf(bytes);
      for (const [where, texts] of this.#seen) {
        for (const text of texts) {
          const form = forms.find((each) => text.includes(each));
          assert.equal(form, undefined, `${name} is in ${where}`);
        }
      }
    }
  }

  #lookAtProcesses(): void {
    for (const { name } of Deno.readDirSync("/proc")) {
      if (!/^\d+$/.test(name) || Number(name) === Deno.pid) continue;
      for (const [file, where] of [["cmdline", "a command line"], ["environ", "an environment"]]) {
        try {
          this.add(where ?? "", latin1(Deno.readFileSync(`/proc/${name}/${file}`)));
        } catch {
          // It has ended meanwhile, or belongs to somebody else.
        }
      }
    }
  }
}

/** Raw, hex of either case, base64 of both alphabets at each offset, and as a list of numbers. */
function formsOf(bytes: Uint8Array): string[] {
  const hex = bytes.toHex();
  // In the middle of other bytes base64 looks different, but for the groups of three that are the canary's alone.
  const base64 = [0, 1, 2].flatMap((skip) => {
    const whole = bytes.subarray(skip, bytes.length - ((bytes.length - skip) % 3));
    return [whole.toBase64(), whole.toBase64({ alphabet: "base64url" })];
  });
  return [
    latin1(bytes),
    hex,
    hex.toUpperCase(),
    ...base64,
    [...bytes].join(","),
    [...bytes].join(", "),
    [...bytes].join(" "),
  ];
}

function latin1(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return text;
}

function* filesBelow(dir: string): Generator<string> {
  for (const entry of Deno.readDirSync(dir)) {
    const path = `${dir}/${entry.name}`;
    if (entry.isDirectory) yield* filesBelow(path);
    else if (entry.isFile) yield path;
  }
}

Deno.test("every way to write a canary down is found", () => {
  const bytes = Uint8Array.from({ length: 32 }, (_, i) => i * 7 + 1);
  const around = (n: number) => new Uint8Array([...new Uint8Array(n).fill(9), ...bytes, 9, 9, 9]);
  const written = [
    latin1(around(3)),
    around(1).toHex(),
    ...[0, 1, 2].map((n) => around(n).toBase64()),
    ...[0, 1, 2].map((n) => around(n).toBase64({ alphabet: "base64url", omitPadding: true })),
    JSON.stringify([...around(1)]),
    [...around(1)].join(", "),
  ];
  for (const text of written) {
    const watch = new Watch();
    watch.stop();
    watch.add("a text", text);
    assert.throws(() => watch.assertClean(new Map([["it", bytes]])), /it is in a text/, text);
  }
});

/** Runs commands under one of the roles, and adds what they write to what is watched. */
async function createRunner(system: DevSystem, tmp: string, watch: Watch) {
  const roles = new Map<string, Record<string, string>>();
  for (const role of ["recover", "restore"]) {
    roles.set(role, await identityFiles(system, `spike/pilot/role/${role}`, `${tmp}/as-${role}`));
  }
  const run = async (
    args: string[],
    more: { stdin?: string; role?: string; shows?: true } = {},
  ) => {
    const { stdin, role = "", shows } = more;
    const ran: Ran = await system.spike(args, {
      ...(stdin === undefined ? {} : { stdin }),
      env: { ...roles.get(role), SPIKE_PILOT_RECOVERY_DIR: `${tmp}/export` },
    });
    const what = `spike ${args.slice(0, 3).join(" ")}`;
    watch.add(`what ${what} says`, ran.stderr);
    if (!shows) watch.add(`what ${what} answers`, ran.stdout);
    return ran;
  };
  const must = async (...of: Parameters<typeof run>) => {
    const ran = await run(...of);
    assert.equal(ran.code, 0, `${of[0].join(" ")}: ${ran.stderr}`);
    return ran.stdout;
  };
  return { run, must };
}

/** Does everything that handles a secret, as an operator would. */
async function work(system: DevSystem, tmp: string, watch: Watch, secret: string, plain: string) {
  const { env } = system;
  const { run, must } = await createRunner(system, tmp, watch);

  await must(["secret", "put", PATH, "k=-"], { stdin: secret });
  assert.equal((await must(["secret", "get", PATH, "k"], { shows: true })).trim(), secret);
  for (const args of [["secret", "list"], ["secret", "history", PATH], ["status", "-v"]]) {
    await must(args);
  }
  await run(["secret", "get", "tenants/none"]);
  await run(["secret", "put", "not a path", "k=-"], { stdin: secret });

  await must(["cipher", "key", "create", "pay"]);
  for (const extra of [[], ["--key", "pay"], ["--stream"]]) {
    const out = `${tmp}/sealed-${extra.join("")}`;
    await must(["cipher", "encrypt", "--out", out, ...extra], { stdin: plain });
    const args = [
      "cipher",
      "decrypt",
      "--file",
      out,
      ...extra.filter((each) => each !== "--stream"),
    ];
    assert.equal(await must(args, { shows: true }), plain);
    watch.add("what was encrypted", latin1(await Deno.readFile(out)));
  }

  const owner = await must(["operator", "keygen", "--out", `${tmp}/ada.key`], { shows: true });
  await Deno.writeTextFile(`${tmp}/custodians.txt`, owner);
  const recipients = ["--recipients-file", `${tmp}/custodians.txt`];
  await must(["operator", "recover", ...recipients], { role: "recover" });
  const first = await exported(system, `${tmp}/first`);
  await must(["operator", "seal", "--reason", "drill"]);
  const shards = [...filesBelow(`${tmp}/export`)].filter((path) => path.endsWith(".age")).sort();
  assert.equal(shards.length, 3);
  for (const path of shards) watch.add("an encrypted shard", latin1(await Deno.readFile(path)));
  const restore = ["operator", "restore", "--identity", `${tmp}/ada.key`];
  await must([...restore, ...shards.slice(0, 2)], { role: "restore" });
  await must(["operator", "refresh"]);
  await must(["operator", "rotate-root"]);
  const second = await exported(system, `${tmp}/second`);
  await system.dev("kill", "nexus");
  assert.equal((await system.dev("start", "nexus")).code, 0);
  assert.equal((await must(["secret", "get", PATH, "k"], { shows: true })).trim(), secret);
  await run(["doctor"]);

  await lookAtRefusals(system, `${tmp}/stranger`, watch, secret);
  return { first, second, url: env["SPIKE_NEXUS_URL"] ?? "" };
}

/** Requests that hold a secret and are refused, by who may ask and by who may not. */
async function lookAtRefusals(system: DevSystem, out: string, watch: Watch, secret: string) {
  const url = system.env["SPIKE_NEXUS_URL"] ?? "";
  const values = { k: secret };
  const messages: readonly (readonly [string, unknown])[] = [
    ["/v1/store/secrets", { path: PATH, values }],
    ["/v1/store/secrets", { path: "", values }],
    ["/v1/store/secrets", { path: PATH, values, cas: 99 }],
    ["/v1/store/secrets", { path: PATH, values: { [secret]: 1 } }],
    ["/v1/store/secrets", { path: PATH, values: secret }],
    ["/v1/store/secrets", { path: PATH, binary: values }],
    ["/v1/store/secrets?action=nothing", { path: PATH, values }],
    ["/v1/cipher/encrypt", { plaintext: secret }],
    ["/v1/cipher/decrypt", { version: 1, nonce: "", ciphertext: secret }],
    ["/v1/operator/restore", { id: 1, shard: secret }],
    ["/v1/bootstrap/verify", { nonce: secret, ciphertext: secret }],
  ];
  for (
    const role of ["workload/stranger", "spike/pilot/role/superuser", "spike/pilot/role/restore"]
  ) {
    await using caller = await as(system, role, `${out}-${role.replaceAll("/", "-")}`);
    for (const [at, message] of messages) {
      const { status, body } = await caller.post(url + at, message);
      watch.add(`the answer ${status} of ${at}`, latin1(body));
    }
  }
}

Deno.test("no secret, plaintext, shard or root key is in anything that the processes of a system emit", async () => {
  await using tmp = await temporaryDirectory();
  const dir = `${tmp.path}/d`;
  const sink = `${tmp.path}/sink.jsonl`;
  const watch = new Watch();
  // Forty letters, of which base64 has no ends in common with anything else.
  const [secret, plain] = [1, 2].map(() => `canary-${crypto.randomUUID()}`) as [string, string];
  const system = await DevSystem.start(dir, {
    env: { SPIKE_SYSTEM_LOG_LEVEL: "debug", SPIKE_NEXUS_AUDIT_SINKS: `stdout,file:${sink}` },
  });
  try {
    const { first, second } = await work(system, tmp.path, watch, secret, plain);
    assert.notDeepEqual(first.rootKey, second.rootKey);
    const { health } = JSON.parse(await Deno.readTextFile(`${dir}/supervisor.json`)) as {
      health: Record<string, string>;
    };
    for (const [role, url] of Object.entries(health)) {
      for (const path of ["livez", "readyz", "metrics", "nothing"]) {
        watch.add(`/${path} of ${role}`, await (await fetch(`${url}/${path}`)).text());
      }
    }
    for (const { cmdline, environ } of await processesOf(system)) {
      watch.add("a command line", cmdline);
      watch.add("an environment", environ);
    }
    const ended = await system.end("SIGTERM");
    watch.stop();
    watch.add("the supervisor", ended.stdout + ended.stderr);
    watch.add("the sink", await Deno.readTextFile(sink));
    const files = [...filesBelow(dir)];
    for (const name of ["spike.db", "nexus.log", "keeper-1.log", "bootstrap.log"]) {
      assert.ok(files.some((path) => path.endsWith(`/${name}`)), `${name} in ${files.join()}`);
    }
    for (const path of files) watch.add(path, latin1(Deno.readFileSync(path)));
    assert.ok(watch.commands(/\0keeper\0/) > 0 && watch.commands(/\0restore\0/) > 0);
    const encoder = new TextEncoder();
    watch.assertClean(
      new Map([
        ["A secret", encoder.encode(secret)],
        ["A plaintext", encoder.encode(plain)],
        ["The first root key", first.rootKey],
        ["The second root key", second.rootKey],
        ...first.shards.map(({ index, bytes }) => [`Shard ${index}`, bytes] as const),
        ...second.shards.map(({ index, bytes }) => [`New shard ${index}`, bytes] as const),
      ]),
    );
  } finally {
    watch.stop();
    await system[Symbol.asyncDispose]();
  }
});
