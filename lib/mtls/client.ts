import { Agent, request as httpsRequest } from "node:https";
import type { ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { connect, type TLSSocket } from "node:tls";
import { SpikeError } from "../error/error.ts";
import type { IdentitySnapshot, SpiffeId, SvidSource } from "../spiffe/mod.ts";
import { identityState } from "../spiffe/mod.ts";
import { pemEncode } from "../x509/mod.ts";
import { guardHandshake, peerChain } from "./chain.ts";
import {
  exchangeStream,
  headersOf,
  type MtlsStream,
  refuseUpgrade,
  type StreamPatience,
} from "./client_stream.ts";
import { createJudge, type Judge } from "./judge.ts";
import { linkOf, type PeerLink } from "./peer_log.ts";

export interface MtlsTimeouts {
  /** TCP, TLS and the verdict together. Default 10 s. */
  readonly connectMs?: number;
  /** From the request's last byte to the answer's headers. Default 10 s. */
  readonly headersMs?: number;
  /** The whole exchange. Default 60 s. */
  readonly totalMs?: number;
}

export interface MtlsClientOptions {
  readonly source: SvidSource;
  readonly isExpectedPeer: (id: SpiffeId) => boolean;
  /** What the peer should be, for messages: "a SPIKE Nexus". */
  readonly peerName: string;
  readonly timeouts?: MtlsTimeouts;
  /** Of streams, which take as long as they take. */
  readonly streamPatience?: StreamPatience;
  /** Hears of every connection with a verified server. */
  readonly onPeer?: (link: PeerLink) => void;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
  /** An answer longer than this is an error. Default 32 MiB. */
  readonly maxAnswerBytes?: number;
}

export interface MtlsAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** The identity that answered. */
  readonly peer: SpiffeId;
}

export interface MtlsClient {
  /**
   * One POST. A request that a dying connection took down before a byte of it was sent is repeated once.
   *
   * @throws SpikeError `net_peer_connection` when there is no answer, `access_unauthorized` when the server
   *   is not the expected peer or did not accept our identity
   */
  post(
    url: string,
    body: Uint8Array | string,
    options?: { headers?: Record<string, string>; signal?: AbortSignal },
  ): Promise<MtlsAnswer>;
  /** Lets nothing new out and ends idle connections. */
  close(): Promise<void>;
}

/** A client that carries bodies of any length, too. */
export interface MtlsStreamClient extends MtlsClient {
  /**
   * One POST whose body comes about while it is sent, on a connection of its own. It is never repeated.
   *
   * @throws SpikeError as `post`; what the source throws is thrown as it is
   */
  stream(
    url: string,
    source: AsyncIterable<Uint8Array>,
    options: { headers: Record<string, string>; length?: number | undefined },
  ): Promise<MtlsStream>;
}

/**
 * An HTTPS client that hands a connection over only after it has judged the server's certificates itself, so
 * no byte of a request reaches a stranger. Every new SVID or bundle gets a new agent; requests under way on
 * the old one finish, its idle connections end.
 */
export function createMtlsClient(options: MtlsClientOptions): MtlsStreamClient {
  const judge = createJudge(options.source, options.clock ?? Date.now);
  let agent: Agent | undefined;
  const retire = () => {
    const old = agent;
    agent = undefined;
    if (old) retireAgent(old);
  };
  const stopWatching = options.source.subscribe(retire);
  return {
    post: async (url, body, extra = {}) => {
      agent ??= createAgent(options, judge);
      assertOwnTime(options);
      endDistrustedSockets(agent, judge);
      const payload = typeof body === "string" ? new TextEncoder().encode(body) : body;
      const exchange: Exchange = { url: new URL(url), payload, agent, options, ...extra };
      try {
        return await send(exchange);
      } catch (error) {
        if (!(error instanceof StaleConnection)) throw error;
        return await send({ ...exchange, agent: agent ??= createAgent(options, judge) });
      }
    },
    stream: (url, source, { headers, length }) => {
      const own = createAgent(options, judge);
      endWithRequest(own);
      const target = new URL(url);
      return exchangeStream({
        url: target,
        source,
        headers,
        length,
        agent: own,
        patience: options.streamPatience,
        peerOf: (socket) => peers.get(socket)?.id,
        explain: (error) => explain(error, target, options),
      });
    },
    close: () => {
      stopWatching();
      retire();
      return Promise.resolve();
    },
  };
}

/** A kept-alive connection turned out to be dead before anything was sent on it. */
class StaleConnection extends Error {}

interface Exchange {
  readonly url: URL;
  readonly payload: Uint8Array;
  readonly agent: Agent;
  readonly options: MtlsClientOptions;
  readonly headers?: Record<string, string>;
  readonly signal?: AbortSignal;
}

/** Who is behind each verified connection, and how it was shown. */
const peers = new WeakMap<Socket, { id: SpiffeId; chain: readonly Uint8Array[] }>();

type Connected = (error: Error | null, socket?: Socket) => void;

function createAgent(options: MtlsClientOptions, judge: Judge): Agent {
  const snapshot = options.source.current();
  const agent = new Agent({ keepAlive: true, maxSockets: 64, maxFreeSockets: 8 });
  const secret = agent as unknown as {
    createConnection: (target: { host?: string; port?: number }, done: Connected) => undefined;
  };
  secret.createConnection = (target, done) => {
    connectVerified(target, snapshot, options, judge).then((socket) => done(null, socket), done);
    return undefined;
  };
  // Before the runtime's own listener, which gives the connection to the next request in line.
  agent.prependListener("free", (socket: Socket) => endIfDistrusted(socket, judge));
  endWhenIdle(agent);
  return agent;
}

/**
 * Ends idle connections whose server would not be trusted any more: nothing is sent to a server whose certificate
 * has expired since the handshake, and neither is anything after a jump of the clock.
 */
function endDistrustedSockets(agent: Agent, judge: Judge): void {
  for (const socket of Object.values(agent.freeSockets).flat()) {
    if (socket) endIfDistrusted(socket, judge);
  }
}

function endIfDistrusted(socket: Socket, judge: Judge): void {
  const peer = peers.get(socket);
  if (!peer || !isTrusted(peer.chain, judge)) socket.destroy();
}

function isTrusted(chain: readonly Uint8Array[], judge: Judge): boolean {
  try {
    return judge(chain).ok;
  } catch (error) {
    // There is no identity any more, so there is nothing to trust by.
    if (error instanceof SpikeError) return false;
    throw error;
  }
}

/** Every server would refuse an SVID outside of its time, and less clearly. */
function assertOwnTime({ source, clock = Date.now }: MtlsClientOptions): void {
  const state = identityState(source, clock());
  if (state.isUsable) return;
  throw new SpikeError("spiffe_unable_to_fetch_x509_source", state.reason, {
    hint: "Check the clock of this machine, and that its SPIFFE agent renews identities",
  });
}

/** Idle connections end before the server's own idle limit, so that a request seldom meets a dying one. */
const IDLE_MS = 10_000;

function endWhenIdle(agent: Agent): void {
  const timers = new Map<Socket, ReturnType<typeof setTimeout>>();
  agent.on("free", (socket: Socket) => {
    clearTimeout(timers.get(socket));
    const timer = setTimeout(() => {
      if (Object.values(agent.freeSockets).flat().includes(socket)) socket.destroy();
    }, IDLE_MS);
    if (!timers.has(socket)) {
      socket.once("close", () => {
        clearTimeout(timers.get(socket));
        timers.delete(socket);
      });
    }
    timers.set(socket, timer);
  });
}

/** Ends idle connections now and busy ones when their request is over. */
function retireAgent(agent: Agent): void {
  for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
  endWithRequest(agent);
}

/** Ends each connection with its request. */
function endWithRequest(agent: Agent): void {
  agent.on("free", (socket: Socket) => socket.destroy());
}

function connectVerified(
  target: { host?: string; port?: number },
  { svid, bundles }: IdentitySnapshot,
  options: MtlsClientOptions,
  judge: Judge,
): Promise<TLSSocket> {
  const where = `${target.host}:${target.port}`;
  const patienceMs = options.timeouts?.connectMs ?? 10_000;
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: target.host ?? "",
      port: target.port ?? 443,
      cert: svid.certificates.map((der) => pemEncode("CERTIFICATE", der)).join(""),
      key: pemEncode("PRIVATE KEY", svid.privateKey),
      ca: [...bundles.values()].flat().map((der) => pemEncode("CERTIFICATE", der)),
      // Names mean nothing here: the verdict below replaces the host-name check, and is the only way out.
      checkServerIdentity: () => undefined,
      rejectUnauthorized: false,
      minVersion: "TLSv1.2",
    });
    guardHandshake(socket);
    const fail = (error: SpikeError) => {
      clearTimeout(timer);
      socket.destroy();
      reject(error);
    };
    const timer = setTimeout(
      () => fail(unreachable(where, options, `no connection within ${patienceMs} ms`)),
      patienceMs,
    );
    socket.once(
      "error",
      (error: Error & { code?: string }) =>
        fail(unreachable(where, options, error.code ?? error.message, error)),
    );
    socket.once("secureConnect", () => {
      clearTimeout(timer);
      // Else the last part of a long body waits for the acknowledgement of the part before it: 40 ms.
      socket.setNoDelay(true);
      const refusal = judgeServer(socket, where, options, judge);
      if (refusal) return fail(refusal);
      socket.removeAllListeners("error");
      resolve(socket);
    });
  });
}

function judgeServer(
  socket: TLSSocket,
  where: string,
  options: MtlsClientOptions,
  judge: Judge,
): SpikeError | undefined {
  const chain = peerChain(socket);
  const refuse = (why: string, hint: string) =>
    new SpikeError("access_unauthorized", `The server at ${where} is not trusted: ${why}`, {
      hint,
    });
  if (chain.length === 0) return refuse("it sent no certificate", "Check the address");
  const verdict = judge(chain);
  if (!verdict.ok) return refuse(verdict.message, "Check the address and the trust bundle");
  // The runtime refuses every chain with name constraints for URIs, whether they hold or not.
  if (!socket.authorized && !verdict.hasNameConstraints) {
    return refuse(
      String(socket.authorizationError ?? "the runtime refused it"),
      "Check the trust bundle",
    );
  }
  if (!options.isExpectedPeer(verdict.id)) {
    return refuse(
      `it is ${verdict.id}, not ${options.peerName}`,
      "Check the address and SPIKE_TRUST_ROOT_*",
    );
  }
  peers.set(socket, { id: verdict.id, chain });
  const link = linkOf(socket, verdict.id, "made");
  options.onPeer?.(link);
  return undefined;
}

function unreachable(
  where: string,
  options: MtlsClientOptions,
  why: string,
  cause?: unknown,
): SpikeError {
  return new SpikeError(
    "net_peer_connection",
    `Cannot reach ${options.peerName} at ${where}: ${why}`,
    {
      hint: "Check that it runs and that the address is right",
      cause,
    },
  );
}

function send(exchange: Exchange): Promise<MtlsAnswer> {
  const { url, payload, options } = exchange;
  const timeouts = options.timeouts ?? {};
  return new Promise((resolve, reject) => {
    const request = httpsRequest(url, {
      method: "POST",
      agent: exchange.agent,
      headers: {
        "content-type": "application/json",
        ...exchange.headers,
        "content-length": String(payload.length),
      },
      ...(exchange.signal ? { signal: exchange.signal } : {}),
    });
    const watch = watchTime(request, url, options, timeouts);
    let sentBefore = 0;
    let connection: Socket | undefined;
    let isReused = false;
    request.once("socket", (socket: Socket) => {
      connection = socket;
      sentBefore = socket.bytesWritten;
      isReused = request.reusedSocket;
      // The runtime would send the request again when a reused connection breaks, even though the server may have
      // carried it out; it does so only to a request with this mark.
      request.reusedSocket = false;
    });
    request.once("response", (answer: IncomingMessage) => {
      watch.headersCame();
      collect(answer, request, options).then(resolve, reject).finally(watch.stop);
    });
    refuseUpgrade(request, (error) => {
      watch.stop();
      reject(error);
    });
    request.once("error", (error: Error & { code?: string }) => {
      watch.stop();
      const isUntouched = isReused && connection?.bytesWritten === sentBefore;
      reject(isUntouched ? new StaleConnection() : explain(error, url, options));
    });
    request.end(payload);
  });
}

function watchTime(
  request: ClientRequest,
  url: URL,
  options: MtlsClientOptions,
  { headersMs = 10_000, totalMs = 60_000, connectMs = 10_000 }: MtlsTimeouts,
): { headersCame: () => void; stop: () => void } {
  const late = (what: string, ms: number) => () =>
    request.destroy(unreachable(url.host, options, `${what} within ${ms} ms`));
  const headers = setTimeout(late("no answer", headersMs), headersMs + connectMs);
  const total = setTimeout(late("no complete answer", totalMs), totalMs);
  return {
    headersCame: () => clearTimeout(headers),
    stop: () => {
      clearTimeout(headers);
      clearTimeout(total);
    },
  };
}

/** Chunks of a byte cost the runtime hundreds of times their length; an honest piece has kilobytes. */
const MOST_PIECES = 32_768;

async function collect(
  answer: IncomingMessage,
  request: ClientRequest,
  options: MtlsClientOptions,
): Promise<MtlsAnswer> {
  const peer = peers.get(answer.socket);
  if (!peer) throw new Error("An answer came over a connection without a verdict");
  const limit = options.maxAnswerBytes ?? 32 * 1024 * 1024;
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Uint8Array>) {
      size += chunk.length;
      if (size > limit) {
        request.destroy();
        throw new SpikeError("net_peer_connection", `The answer is longer than ${limit} bytes`);
      }
      if (chunks.push(chunk) > MOST_PIECES) {
        request.destroy();
        throw new SpikeError(
          "net_peer_connection",
          `The answer comes in more than ${MOST_PIECES} pieces`,
        );
      }
    }
  } catch (error) {
    throw cutShort(error, limit);
  }
  const body = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    body.set(chunk, at);
    at += chunk.length;
  }
  return { status: answer.statusCode ?? 0, headers: headersOf(answer), body, peer: peer.id };
}

/** The answer had begun, so nothing about it is a question of who we are. */
function cutShort(error: unknown, limit: number): SpikeError {
  if (error instanceof SpikeError) return error;
  return new SpikeError(
    "net_peer_connection",
    `The answer ended before it was complete`,
    { hint: `Try again; an answer may have ${limit} bytes`, cause: error },
  );
}

function explain(
  error: Error & { code?: string },
  url: URL,
  options: MtlsClientOptions,
): Error {
  if (error instanceof SpikeError) return error;
  const isReset = ["ECONNRESET", "EPIPE", "ERR_STREAM_PREMATURE_CLOSE"].includes(error.code ?? "");
  if (isReset || /alert/i.test(error.message)) {
    // With TLS 1.3 the client side of a handshake is over before the server has judged our certificate.
    return new SpikeError(
      "access_unauthorized",
      `The server at ${url.host} ended the connection without an answer, as it does when it refuses the identity of the caller`,
      {
        hint: "Check which SPIFFE ID this process has and whether it may connect there",
        cause: error,
      },
    );
  }
  return unreachable(url.host, options, error.code ?? error.message, error);
}
