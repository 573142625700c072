/** For tests: a Nexus in memory behind the command line's transport, and one run of a command against it. */
import {
  type ErrorCode,
  type Reason,
  REASON_HEADER,
  SpikeError,
  statusOf,
} from "../../lib/error/error.ts";
import { errorBody } from "../../lib/api/response.ts";
import type { Transport } from "../../lib/client/mod.ts";
import { parseSpiffeId } from "../../lib/spiffe/id.ts";
import { MemorySource } from "../../lib/spiffe/memory_source.ts";
import type { PilotIo } from "./io.ts";
import { runPilot } from "./run.ts";
import { dataSink, textSink } from "./terminal/sink.ts";

/** What a fake Nexus answers, in bytes or as JSON; a SpikeError becomes a refusal. */
export type Answering = (path: string, action: string, request: Message) => unknown;

/** A decoded request; one that is no JSON is under `bytes`. */
export type Message = Readonly<Record<string, unknown>>;

/** How one command is run. */
export interface Surroundings {
  readonly nexus?: Answering;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string | Uint8Array;
  readonly id?: string;
  /** What a person types; makes standard input a terminal. */
  readonly typed?: string;
  /** Whether standard output is a terminal. */
  readonly isOutputTerminal?: boolean;
}

/** The time of every run: 2026-07-01T00:00:00Z. */
const NOW_MS = 1_782_864_000_000;

/** What one run left behind. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  /** What is in `out`, as bytes. */
  readonly outBytes: readonly number[];
  readonly err: string;
  /** Every call to Nexus, as `path?action`. */
  readonly calls: readonly { readonly to: string; readonly request: Message }[];
}

function transportTo(answering: Answering, calls: { to: string; request: Message }[]): Transport {
  return {
    post: (url, body) => {
      const { pathname, searchParams, search } = new URL(url);
      const request: Message = typeof body === "string" ? JSON.parse(body) : { bytes: [...body] };
      calls.push({ to: pathname + search.replace("action=", ""), request });
      const encode = (text: string) => new TextEncoder().encode(text);
      try {
        const answer = answering(pathname, searchParams.get("action") ?? "", request);
        const bytes = answer instanceof Uint8Array ? answer : encode(JSON.stringify(answer));
        return Promise.resolve({ status: 200, body: bytes });
      } catch (error) {
        if (!(error instanceof SpikeError)) throw error;
        return Promise.resolve({
          status: statusOf(error.code),
          headers: headersOf(error),
          body: encode(errorBody(undefined, error)),
        });
      }
    },
    stream: async (url, source, { headers, length }) => {
      const { pathname, search } = new URL(url);
      const bytes: number[] = [];
      for await (const piece of source) bytes.push(...piece);
      const request: Message = { bytes, headers, length };
      calls.push({ to: pathname + search, request });
      try {
        const answer = answering(pathname, "stream", request);
        return { status: 200, body: answer as AsyncIterable<Uint8Array> };
      } catch (error) {
        if (!(error instanceof SpikeError)) throw error;
        const body = new Blob([errorBody(undefined, error)]).stream();
        return { status: statusOf(error.code), headers: headersOf(error), body };
      }
    },
    close: () => Promise.resolve(),
  };
}

function headersOf({ reason }: SpikeError): Record<string, string> {
  return reason === undefined ? {} : { [REASON_HEADER]: reason };
}

/** Runs `spike` with `args`; without a `nexus`, any attempt to reach one fails the test. */
export async function spike(args: readonly string[], around: Surroundings = {}): Promise<Outcome> {
  const outBytes: number[] = [];
  let err = "";
  const calls: { to: string; request: Message }[] = [];
  const { nexus, stdin = around.typed ?? "" } = around;
  const deps: PilotIo = {
    env: { HOME: "/home/ada", ...around.env },
    stdin: new Blob([typeof stdin === "string" ? stdin : stdin.slice()]).stream(),
    stdout: dataSink((bytes) => {
      for (const byte of bytes) outBytes.push(byte);
    }),
    stderr: textSink((text) => err += text),
    clock: () => NOW_MS,
    isTerminal: around.typed !== undefined,
    isOutputTerminal: around.isOutputTerminal ?? false,
    readHidden: () => Promise.resolve(around.typed ?? ""),
    openSource: () => {
      if (nexus === undefined) throw new Error("this command must not need an identity");
      const id = parseSpiffeId(around.id ?? "spiffe://spike.ist/spike/pilot/role/superuser");
      const empty = new Uint8Array();
      const source = new MemorySource();
      source.set({
        id,
        certificates: [empty],
        privateKey: empty,
        notBeforeMs: 0,
        notAfterMs: Number.MAX_SAFE_INTEGER,
        hint: "",
      }, new Map());
      return Promise.resolve(source);
    },
    createTransport: () => Promise.resolve(transportTo(nexus ?? (() => ({})), calls)),
  };
  const code = await runPilot(args, deps);
  return { code, out: new TextDecoder().decode(Uint8Array.from(outBytes)), outBytes, err, calls };
}

/** The refusal with `code`, and with a reason where one is given. */
export function refusing(code: ErrorCode, reason?: Reason): Answering {
  return () => {
    throw new SpikeError(code, "refused", reason === undefined ? {} : { reason });
  };
}
