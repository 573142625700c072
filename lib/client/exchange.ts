import type { AnswerOf, ClientOperation } from "../api/operation/mod.ts";
import { decodeAnswer } from "../api/request.ts";
import { REASON_HEADER, SpikeError } from "../error/error.ts";
import { routeUrl } from "../api/route.ts";
import { refusalOf } from "./refusal.ts";

/** Sends requests to Nexus over mutual TLS; `createMtlsClient` creates one. */
export interface Transport {
  /** Sends a request. The body is JSON unless a header says otherwise. @throws `net_peer_connection` */
  post(
    url: string,
    body: string | Uint8Array,
    options?: { headers?: Record<string, string>; signal?: AbortSignal },
  ): Promise<{
    readonly status: number;
    /** By lower-case name. */
    readonly headers?: Readonly<Record<string, string>>;
    readonly body: Uint8Array;
  }>;
  /** Sends a streamed body; the answer may begin before the body ends. */
  stream?(
    url: string,
    source: AsyncIterable<Uint8Array>,
    options: { headers: Record<string, string>; length?: number | undefined },
  ): Promise<{
    readonly status: number;
    /** By lower-case name. */
    readonly headers?: Readonly<Record<string, string>>;
    readonly body: AsyncIterable<Uint8Array>;
  }>;
  /** Closes all connections. */
  close(): Promise<void>;
}

/** Address of Nexus and how to reach it. */
export interface ClientOptions {
  /** `https://` URL, optionally with a path prefix. */
  readonly nexusUrl: string;
  /** Sends the requests. */
  readonly transport: Transport;
  /** SPIFFE ID of the caller, named in errors about denied access. */
  readonly identity?: string;
}

/** Media type that switches the encryption service to plain bytes; exactly this, without parameters. */
const BYTES = { "content-type": "application/octet-stream" };

/** Media type that switches it to streams. */
const STREAM = { "content-type": "application/vnd.spike.stream" };

/** One request and its answer, as JSON. @throws SpikeError with the code that Nexus answered */
export async function exchange<O extends ClientOperation>(
  options: ClientOptions,
  operation: O,
  request: unknown,
): Promise<AnswerOf<O>> {
  const url = routeUrl(options.nexusUrl, operation);
  return answered(options, operation, await options.transport.post(url, JSON.stringify(request)));
}

type Sent = Awaited<ReturnType<Transport["post"]>>;

function answered<O extends ClientOperation>(
  options: ClientOptions,
  operation: O,
  sent: Sent,
): AnswerOf<O> {
  if (sent.status !== 200) throw refusal(options, sent);
  const answer = readAnswer(operation, sent.body);
  if (answer.err !== "") throw refusal(options, sent);
  return answer;
}

/** Options of a request whose body is plain bytes. */
export interface ByteExtras {
  /** Name of a cipher key. Absent: the default key. */
  readonly key?: string | undefined;
  /** Additional authenticated data. */
  readonly aad?: Uint8Array | undefined;
}

/** Asks for one operation; see {@linkcode exchange}. */
export type Exchange = <O extends ClientOperation>(
  operation: O,
  request: unknown,
) => Promise<AnswerOf<O>>;

/** Asks for one operation; see {@linkcode exchangeUnlessKnown}. */
export type UnlessKnown = <O extends ClientOperation>(
  operation: O,
  request: unknown,
  tag: string | undefined,
) => Promise<{ readonly answer: AnswerOf<O>; readonly tag?: string } | undefined>;

/**
 * As {@linkcode exchange}, with the tag that names the state that was read; undefined while it is the one that is
 * known.
 */
export async function exchangeUnlessKnown<O extends ClientOperation>(
  options: ClientOptions,
  operation: O,
  request: unknown,
  tag: string | undefined,
): Promise<{ readonly answer: AnswerOf<O>; readonly tag?: string } | undefined> {
  const url = routeUrl(options.nexusUrl, operation);
  const headers = tag === undefined ? {} : { headers: { "if-none-match": tag } };
  const sent = await options.transport.post(url, JSON.stringify(request), headers);
  if (sent.status === 304 && tag !== undefined) return undefined;
  const answer = answered(options, operation, sent);
  const etag = sent.headers?.["etag"];
  return etag === undefined ? { answer } : { answer, tag: etag };
}

/** One request and its answer, as plain bytes. @throws SpikeError with the code that Nexus answered */
export async function exchangeBytes(
  options: ClientOptions,
  operation: ClientOperation,
  bytes: Uint8Array,
  extras: ByteExtras = {},
): Promise<Uint8Array> {
  const { url, headers } = withExtras(routeUrl(options.nexusUrl, operation), extras);
  const sent = await options.transport.post(url, bytes, { headers: { ...BYTES, ...headers } });
  if (sent.status !== 200) throw refusal(options, sent);
  return sent.body;
}

/** Options of a request whose body is a stream. */
export interface StreamExtras extends ByteExtras {
  /** Length of the stream in bytes, if known. */
  readonly length?: number | undefined;
}

/** More of a refusal is not read. */
const MAX_REFUSAL_BYTES = 65_536;
const MAX_REFUSAL_PIECES = 256;

/**
 * One request and its answer, as bytes that come about.
 *
 * @throws SpikeError with the code that Nexus answered
 */
export async function exchangeStream(
  options: ClientOptions,
  operation: ClientOperation,
  source: AsyncIterable<Uint8Array>,
  { length, ...extras }: StreamExtras = {},
): Promise<AsyncIterable<Uint8Array>> {
  const { url, headers } = withExtras(routeUrl(options.nexusUrl, operation), extras);
  const { transport } = options;
  if (!transport.stream) throw new Error("This transport carries no streams");
  const { body, ...sent } = await transport.stream(url, source, {
    headers: { ...STREAM, ...headers },
    length,
  });
  if (sent.status === 200) return body;
  const told: number[] = [];
  let pieces = 0;
  for await (const piece of body) {
    told.push(...piece.subarray(0, MAX_REFUSAL_BYTES - told.length));
    if (told.length >= MAX_REFUSAL_BYTES || ++pieces >= MAX_REFUSAL_PIECES) break;
  }
  throw refusal(options, { ...sent, body: Uint8Array.from(told) });
}

/** A URL that names the key, and the headers that carry the rest. */
export function withExtras(
  base: string,
  { key, aad }: ByteExtras,
): { url: string; headers: Record<string, string> } {
  const url = new URL(base);
  if (key !== undefined) url.searchParams.set("key", key);
  return { url: url.href, headers: aad?.length ? { "spike-aad": aad.toBase64() } : {} };
}

function refusal(
  { nexusUrl, identity = "this identity" }: ClientOptions,
  { status, headers, body }: Sent,
): SpikeError {
  return refusalOf({ status, body, reason: headers?.[REASON_HEADER], nexusUrl, identity });
}

function readAnswer<O extends ClientOperation>(operation: O, body: Uint8Array): AnswerOf<O> {
  try {
    return decodeAnswer(operation, body);
  } catch (error) {
    if (!(error instanceof SpikeError)) throw error;
    throw new SpikeError("data_unmarshal_failure", "The answer of Nexus cannot be read", {
      hint: "Check that SPIKE_NEXUS_API_URL names a Nexus, and that its version is compatible",
      cause: error,
    });
  }
}
