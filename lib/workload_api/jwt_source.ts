import { SpikeError } from "../error/error.ts";
import { fileFault } from "../error/os_file_fault.ts";
import type { EndpointAddress } from "./endpoint.ts";
import { formatStatus, GRPC_CODE, type GrpcStatus } from "./grpc.ts";
import type { TrustDomain } from "../spiffe/id.ts";
import type { JwtDocuments } from "../jwt_svid/jwt_keys.ts";
import { startRealTimer, type StartTimer } from "../spiffe/timer.ts";
import { nextDelayMs } from "./backoff.ts";
import { decodeJwtBundlesResponse } from "./message.ts";
import { type OpenStream, openStream, type WorkloadStream } from "./stream.ts";

/** Something that hands out JWT bundles until it is closed. */
export interface JwtSource {
  close(): Promise<void>;
}

/** Who hears of them. */
export interface JwtListener {
  /** The newest bundles, in place of all before. */
  readonly take: (documents: JwtDocuments) => void;
  /** Why there is nothing newer, once per change. */
  readonly report: (reason: string) => void;
}

/** What the sources take from their surroundings; everything has a default. */
export interface JwtSourceDeps {
  readonly startTimer?: StartTimer;
  readonly openStream?: OpenStream;
  /** From 0 inclusive to 1 exclusive, for jitter. */
  readonly random?: () => number;
}

const METHOD = "FetchJWTBundles";
const DENIALS_TO_WITHDRAW = 2;
/** The call itself is wrong, or the agent has no JWT part: repeating it changes nothing. */
const FINAL_CODES: readonly number[] = [GRPC_CODE.INVALID_ARGUMENT, GRPC_CODE.UNIMPLEMENTED];
const MIN_STREAM_MS = 1_000;

/**
 * Follows the JWT bundles of a Workload API. An agent that goes away takes nothing with it; one that answers twice
 * that the caller has no identity takes all.
 */
export function followJwtBundles(
  address: EndpointAddress,
  listener: JwtListener,
  deps: JwtSourceDeps = {},
): JwtSource {
  const follower = new Follower(address, listener, {
    startTimer: startRealTimer,
    openStream,
    random: Math.random,
    ...deps,
  });
  follower.open();
  return follower;
}

class Follower implements JwtSource {
  #stream: WorkloadStream | undefined;
  #stopTimer: () => void = () => {};
  #isStopped = false;
  #failures = 0;
  #denials = 0;
  #hasMessage = false;
  #hadBundles = false;
  #reason = "";

  constructor(
    private readonly address: EndpointAddress,
    private readonly listener: JwtListener,
    private readonly deps: Required<JwtSourceDeps>,
  ) {}

  open(): void {
    this.#hasMessage = false;
    this.#stream = this.deps.openStream(this.address, METHOD, {
      message: (bytes) => this.#take(bytes),
      ended: (status) => this.#ended(status),
    });
  }

  async close(): Promise<void> {
    this.#isStopped = true;
    this.#stopTimer();
    await this.#stream?.close();
  }

  #take(bytes: Uint8Array): void {
    this.#failures = 0;
    this.#denials = 0;
    this.#hasMessage = true;
    try {
      const byDomain = decodeJwtBundlesResponse(bytes);
      this.#hadBundles = true;
      this.#reason = "";
      this.listener.take({ form: "agent", byDomain });
    } catch (error) {
      if (!(error instanceof SpikeError)) throw error;
      this.#report(error.message);
    }
  }

  #ended(status: GrpcStatus): void {
    if (this.#isStopped) return;
    if (status.code !== GRPC_CODE.OK) this.#report(formatStatus(status));
    if (FINAL_CODES.includes(status.code)) return;
    if (status.code === GRPC_CODE.PERMISSION_DENIED && ++this.#denials === DENIALS_TO_WITHDRAW) {
      this.listener.take({ form: "agent", byDomain: new Map() });
    }
    this.#stopTimer = this.deps.startTimer(() => this.open(), this.#delayMs(status));
  }

  #delayMs({ code }: GrpcStatus): number {
    if (code === GRPC_CODE.OK && this.#hasMessage) return MIN_STREAM_MS;
    const { random } = this.deps;
    return nextDelayMs({ failures: ++this.#failures, hadIdentity: this.#hadBundles, random });
  }

  #report(reason: string): void {
    if (reason === this.#reason) return;
    this.#reason = reason;
    this.listener.report(reason);
  }
}

const POLL_MS = 1_000;

/** Follows a file with the bundle of `own`, or a map of bundles. It is looked at every second. */
export function followJwtFile(
  path: string,
  own: TrustDomain,
  { take, report }: JwtListener,
  { startTimer = startRealTimer }: Pick<JwtSourceDeps, "startTimer"> = {},
): JwtSource {
  let seen = "";
  let reason = "";
  let isClosed = false;
  let stopTimer = () => {};
  const look = async () => {
    try {
      const document = await Deno.readFile(path);
      const text = document.toBase64();
      if (text !== seen && !isClosed) take({ form: "file", own, document });
      [seen, reason] = [text, ""];
    } catch (error) {
      // Whoever writes it may be about to: what was read before stays.
      const why = `File ${path} cannot be read: ${fileFault(error)}`;
      if (why !== reason) report(why);
      reason = why;
    }
    if (!isClosed) stopTimer = startTimer(() => looking = look(), POLL_MS);
  };
  let looking = look();
  return {
    close: async () => {
      isClosed = true;
      stopTimer();
      await looking;
    },
  };
}
