/** The HTTP surface as bytes on a real connection with mutual TLS: heads, framing and ends that are out of place. */
import assert from "node:assert/strict";
import { createMtlsServer } from "../../lib/mtls/mod.ts";
import { authority, pemOf, RecordedLog, sourceOf } from "../e2e/mtls_fixture.ts";
import { type Answer, ConnectionEnded, requestBytes, textOf, Wire } from "../contract/wire.ts";
import { idOf, startApps } from "../../roles/nexus/request/_app_fixture.ts";
import { makeHttpCase } from "./http_case.ts";
import { assertAnswer } from "./http_world.ts";
import { mutateBytes } from "./mutate_bytes.ts";
import { mutateTokens } from "./mutate_text.ts";
import type { Random } from "./random.ts";
import type { Outcome, Target } from "./target.ts";

const TOKEN = /\r\n|[A-Za-z0-9-]+|./gs;
const SPARE = [
  "\r\n",
  "\r\n\r\n",
  "\n",
  "\r",
  " ",
  "\t",
  ":",
  "\0",
  "\x7f",
  "HTTP/1.0",
  "HTTP/1.1",
  "HTTP/2.0",
  "content-length: 5\r\n",
  "content-length: -1\r\n",
  "content-length: 99999999999\r\n",
  "transfer-encoding: chunked\r\n",
  "transfer-encoding: gzip, chunked\r\n",
  "expect: 100-continue\r\n",
  "connection: close\r\n",
  "connection: upgrade\r\nupgrade: h2c\r\n",
  "host: x\r\n",
  "GET",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "0\r\n\r\n",
  "ffffffff\r\n",
  `x: ${"y".repeat(20_000)}\r\n`,
  "a: b\r\n".repeat(200),
];

const encoder = new TextEncoder();

/** A request whose bytes were damaged; the first one says how many of its bytes come at first, in sixteenths. */
function makeInput(random: Random): Uint8Array {
  const { method, target, headers, body } = makeHttpCase(random);
  const isChunked = random.below(4) === 0;
  const framing = isChunked ? { "content-length": "", "transfer-encoding": "chunked" } : {};
  const whole = requestBytes({
    method,
    target,
    headers: { ...Object.fromEntries(headers), ...framing },
    body: isChunked ? inChunks(body, random) : body,
  });
  const copies = random.below(8) === 0 ? new Uint8Array([...whole, ...whole]) : whole;
  const text = new TextDecoder("latin1").decode(copies);
  const damaged = random.below(3) === 0
    ? copies
    : random.below(2) === 0
    ? encoder.encode(mutateTokens(text, TOKEN, SPARE, random))
    : mutateBytes(copies, random);
  return new Uint8Array([random.below(17), ...damaged]);
}

function inChunks(body: Uint8Array, random: Random): Uint8Array {
  const pieces: number[] = [];
  for (let at = 0; at < body.length;) {
    const piece = body.subarray(at, at + 1 + random.below(20));
    pieces.push(...encoder.encode(`${piece.length.toString(16)}\r\n`), ...piece, 13, 10);
    at += piece.length;
  }
  return new Uint8Array([...pieces, ...encoder.encode("0\r\n\r\n")]);
}

interface Served {
  readonly open: () => Promise<Wire>;
  readonly log: RecordedLog;
}

let served: Promise<Served> | undefined;

/** A Nexus over a memory store on a listener of its own, for as long as the process runs. */
async function serve(): Promise<Served> {
  const domain = await authority();
  const log = new RecordedLog();
  const { fetch } = await startApps();
  const server = createMtlsServer({
    source: await sourceOf(domain, idOf("nexus")),
    admit: () => true,
    fetch,
    log,
    headersTimeoutMs: 2_000,
    requestTimeoutMs: 2_000,
  });
  const port = await server.listen({ host: "127.0.0.1", port: 0 });
  const { cert, key } = pemOf(await sourceOf(domain, idOf("superuser")));
  const identity = { certificates: cert, privateKey: key, bundle: "" };
  return { log, open: () => Wire.open(port, identity) };
}

const GOOD = requestBytes({ target: "/v1/status", body: "{}" });

/** The listener of Nexus. */
export const WIRE: Target = {
  name: "wire",
  share: 2,
  makeInput,
  run: async (input) => {
    const { open, log } = await (served ??= serve());
    const from = log.lines.length;
    const outcome = await exchange(open, input);
    const crash = log.lines.slice(from).find(({ event }) => /crashed/.test(event));
    assert.equal(crash, undefined, JSON.stringify(crash));
    using wire = await open();
    wire.write(GOOD);
    assert.equal((await wire.answer()).status, 200, "a good request, afterwards");
    return outcome;
  },
};

/** Sends the bytes in two parts, says that there is no more, and takes what comes until the connection ends. */
async function exchange(open: Served["open"], input: Uint8Array): Promise<Outcome> {
  const bytes = input.subarray(1);
  const cut = Math.floor(bytes.length * (input[0] ?? 0) / 16);
  using wire = await open();
  wire.write(bytes.slice(0, cut));
  wire.write(bytes.slice(cut));
  wire.finish();
  let outcome: Outcome = "refused";
  const toHead = new TextDecoder("latin1").decode(bytes).startsWith("HEAD ");
  try {
    for (;;) {
      const answer = await wire.answer({ toHead });
      if (answer.status === 100) continue;
      assertWellFormed(answer, toHead);
      if (answer.status === 200) outcome = "accepted";
    }
  } catch (error) {
    // Whatever was asked, the connection comes to its end.
    if (!(error instanceof ConnectionEnded)) throw error;
    return outcome;
  }
}

function assertWellFormed(answer: Answer, toHead: boolean): void {
  const type = answer.headers.get("content-type")?.[0] ?? "";
  assertAnswer({ status: answer.status, type, text: textOf(answer), isOwn: !toHead });
}
