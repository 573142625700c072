/** A crowd of connections to each socket of the development system, in a process that may have few descriptors. */
import assert from "node:assert/strict";
import { temporaryDirectory } from "./harness.ts";
import { promptly } from "../contract/wire.ts";

const LIMIT = 100;
const CROWD = 150;

/** What each socket is asked, and how its answer begins. */
const SOCKETS = [
  {
    name: "control",
    ask: '{"command":"kill","request":{"name":"nexus"}}\n',
    answer: '{"ok":true',
  },
  // The preface of HTTP/2 with empty SETTINGS, which are answered with SETTINGS (RFC 9113 section 3.4).
  {
    name: "workload",
    ask: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
    answer: "\0\0",
  },
];

for (const { name, ask, answer } of SOCKETS) {
  Deno.test(`the ${name} socket serves again after a shortage of descriptors`, async () => {
    await using directory = await temporaryDirectory();
    await using _process = await start(directory.path);
    const path = `${directory.path}/${name}.sock`;
    const crowd = await connectMany(path);
    for (const connection of crowd) connection.close();
    await promptly("An answer", askUntilAnswered(path, ask, answer));
  });
}

async function askUntilAnswered(path: string, ask: string, answer: string): Promise<void> {
  for (const end = performance.now() + 15_000;;) {
    const told = await askOnce(path, ask).catch((error: Error) => error.message);
    if (told.startsWith(answer)) return;
    assert(performance.now() < end, `It answered ${JSON.stringify(told)}`);
  }
}

async function askOnce(path: string, ask: string): Promise<string> {
  using connection = await Deno.connect({ transport: "unix", path });
  const patience = setTimeout(() => connection.close(), 500);
  try {
    await connection.write(new TextEncoder().encode(ask));
    const buffer = new Uint8Array(256);
    const count = await connection.read(buffer) ?? 0;
    return new TextDecoder().decode(buffer.subarray(0, count));
  } finally {
    clearTimeout(patience);
  }
}

async function connectMany(path: string): Promise<Deno.Conn[]> {
  const connecting = Array.from({ length: CROWD }, () => Deno.connect({ transport: "unix", path }));
  const settled = await Promise.allSettled(connecting);
  return settled.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
}

async function start(directory: string): Promise<AsyncDisposable> {
  const fixture = new URL("_dev_sockets.ts", import.meta.url).pathname;
  const child = new Deno.Command("sh", {
    args: [
      "-c",
      `ulimit -n ${LIMIT}; exec "$0" "$@"`,
      Deno.execPath(),
      "run",
      "-A",
      "--no-check",
      fixture,
      directory,
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = child.stdout.getReader();
  const { done } = await reader.read();
  const stop = async () => {
    await reader.cancel();
    child.kill("SIGKILL");
    await child.status;
  };
  if (done) throw new Error("The sockets did not open");
  return { [Symbol.asyncDispose]: stop };
}
