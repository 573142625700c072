import { SpikeError } from "../error/error.ts";
import { fileFault } from "../error/os_file_fault.ts";
import { type EndpointAddress, formatEndpoint } from "./endpoint.ts";
import { formatStatus, GRPC_CODE, type GrpcStatus } from "./grpc.ts";
import type { SvidSource } from "../spiffe/source.ts";
import { SourceState } from "../spiffe/source_state.ts";
import { startRealTimer, type StartTimer } from "../spiffe/timer.ts";
import { nextDelayMs } from "./backoff.ts";
import { decodeX509SvidResponse } from "./message.ts";
import { HintMissingError, toIdentity } from "./snapshot.ts";
import { type OpenStream, openStream, type WorkloadStream } from "./stream.ts";

/** Choices of {@link openWorkloadSource}; everything has a default. */
export interface WorkloadSourceOptions {
  /** Pick the identity with this hint instead of the first. */
  readonly hint?: string;
  /** Called once per change of the reason why there is no identity, or no newer one. */
  readonly log?: (reason: string) => void;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** From 0 inclusive to 1 exclusive, for jitter. */
  readonly random?: () => number;
  readonly startTimer?: StartTimer;
  readonly openStream?: OpenStream;
}

const METHOD = "FetchX509SVID";
/** A clean end is answered at once, but no more often than this. */
const MIN_STREAM_MS = 1_000;
/** The first refusal may be an agent that has just started; the second one counts. */
const CONFIRM_DELAY_MS = 250;
const DENIALS_TO_WITHDRAW = 2;
/** The call itself is wrong: repeating it changes nothing. */
const FINAL_CODES: readonly number[] = [GRPC_CODE.INVALID_ARGUMENT, GRPC_CODE.UNIMPLEMENTED];

/**
 * Identities from a SPIFFE Workload API, over one stream for the life of the source.
 *
 * Returns at once; `ready()` waits for the first identity. An agent that goes away takes nothing with it:
 * the last identity stays until it expires. Only an agent that answers twice that the caller has no
 * identity withdraws it.
 *
 * @example
 * ```ts
 * import { parseEndpoint } from "./endpoint.ts";
 * import { openWorkloadSource } from "./workload_source.ts";
 *
 * const source = openWorkloadSource(parseEndpoint("unix:///run/spire/agent/sockets/api.sock"));
 * const { svid } = await source.ready(30_000);
 * ```
 */
export function openWorkloadSource(
  address: EndpointAddress,
  options: WorkloadSourceOptions = {},
): SvidSource {
  return new WorkloadSource(address, {
    hint: "",
    log: () => {},
    now: Date.now,
    random: Math.random,
    startTimer: startRealTimer,
    openStream,
    ...options,
  });
}

/** Life: connecting ⇄ streaming, with waits between attempts, until `close` or a final refusal. */
class WorkloadSource implements SvidSource {
  readonly #state: SourceState;
  #stream: WorkloadStream | undefined;
  #stopTimer: () => void = () => {};
  #isStopped = false;
  #openedAtMs = 0;
  #hasStreamMessage = false;
  #failures = 0;
  #denials = 0;

  constructor(
    private readonly address: EndpointAddress,
    private readonly options: Required<WorkloadSourceOptions>,
  ) {
    const { now, startTimer, log } = options;
    const place = `Workload API ${formatEndpoint(address)}`;
    const hint = "Check that the SPIFFE agent runs, that its socket is the one named here, " +
      "and that a registration entry matches this process";
    this.#state = new SourceState({ place, hint, now, startTimer, log });
    this.#open();
  }

  current() {
    return this.#state.current();
  }

  subscribe(listener: () => void) {
    return this.#state.subscribe(listener);
  }

  ready(timeoutMs: number) {
    return this.#state.ready(timeoutMs);
  }

  async close(): Promise<void> {
    this.#stop();
    this.#state.close();
    await this.#stream?.close();
  }

  #open(): void {
    this.#openedAtMs = this.options.now();
    this.#hasStreamMessage = false;
    try {
      this.#stream = this.options.openStream(this.address, METHOD, {
        message: (bytes) => this.#take(bytes),
        ended: (status) => this.#ended(status),
      });
    } catch (error) {
      // Permissions do not come back: whoever waits is told at once which one is missing.
      if (!(error instanceof Deno.errors.NotCapable)) throw error;
      this.#fail(fileFault(error));
    }
  }

  #stop(): void {
    this.#isStopped = true;
    this.#stopTimer();
  }

  /** A message that cannot be used is reported and thrown away; state and stream stay. */
  #take(bytes: Uint8Array): void {
    this.#hasStreamMessage = true;
    this.#failures = 0;
    this.#denials = 0;
    try {
      const { svid, bundles } = toIdentity(decodeX509SvidResponse(bytes), this.options.hint);
      this.#state.publish(svid, bundles);
    } catch (error) {
      if (!(error instanceof SpikeError)) throw error;
      this.#refuse(error);
    } finally {
      // It held a private key; what is kept of it was copied.
      bytes.fill(0);
    }
  }

  /** What a snapshot does not name is withdrawn; a hint that was never there is a mistake in the settings. */
  #refuse(error: SpikeError): void {
    if (!(error instanceof HintMissingError)) return this.#state.report(error.message);
    if (this.#state.hasEverPublished()) return this.#state.withdraw(error.message);
    this.#fail(error.message);
  }

  #ended(status: GrpcStatus): void {
    if (this.#isStopped) return;
    const reason = formatStatus(status);
    if (FINAL_CODES.includes(status.code)) return this.#fail(reason);
    if (status.code === GRPC_CODE.PERMISSION_DENIED) this.#denials++;
    if (this.#denials >= DENIALS_TO_WITHDRAW) this.#state.withdraw(reason);
    const isClean = status.code === GRPC_CODE.OK;
    if (!isClean || !this.#hasStreamMessage) this.#state.report(reason);
    this.#stopTimer = this.options.startTimer(() => this.#open(), this.#delayMs(status));
  }

  #delayMs({ code }: GrpcStatus): number {
    if (code === GRPC_CODE.OK && this.#hasStreamMessage) {
      return Math.max(0, this.#openedAtMs + MIN_STREAM_MS - this.options.now());
    }
    this.#failures++;
    const isFirstDenial = code === GRPC_CODE.PERMISSION_DENIED && this.#denials === 1;
    if (isFirstDenial && this.#state.hasSnapshot()) return CONFIRM_DELAY_MS;
    const hadIdentity = this.#state.hasEverPublished();
    return nextDelayMs({ failures: this.#failures, hadIdentity, random: this.options.random });
  }

  #fail(reason: string): void {
    this.#stop();
    this.#state.fail(reason);
    // Nobody waits for this end: close() does, should it be called.
    void this.#stream?.close();
  }
}
