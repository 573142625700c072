import { SpikeError } from "../../lib/error/error.ts";
import { quoteValue } from "../../lib/text/quote.ts";
import type { Client } from "../../lib/client/mod.ts";
import { parseSpiffeId } from "../../lib/spiffe/mod.ts";
import { type Child, type Ending, startChild } from "./child.ts";
import type { Identities } from "./identities.ts";
import { type Layout, socketPath } from "./layout.ts";
import { tellingOf } from "./log_line.ts";
import { askStatus } from "./nexus_link.ts";
import { keeperPosition, type ProcessPlan } from "./plan.ts";
import { type AwaitedKeepers, lackOf } from "./readiness.ts";
import { about, type Say } from "./say.ts";
import type { Self } from "./self.ts";

/** How often a state that cannot announce itself is looked at. */
const POLL_MS = 25;
/** How long a process may take to stop by itself. */
const STOP_MS = 8_000;

export interface SystemOptions {
  readonly self: Self;
  readonly layout: Layout;
  readonly plans: readonly ProcessPlan[];
  readonly identities: Identities;
  /** Has the superuser's identity. */
  readonly client: Promise<Client>;
  /** One line for the person who looks on. */
  readonly say: Say;
}

/**
 * The processes of one development system. A process that ends, or is killed, stays down until it is started
 * again.
 *
 * Life: made → `launch` of some or all → `kill`, `start` → `stop`.
 */
export class DevSystem {
  readonly #options: SystemOptions;
  readonly #children = new Map<string, Child>();
  /** Those whose end is no surprise. */
  readonly #expected = new WeakSet<Child>();
  #isStopping = false;

  constructor(options: SystemOptions) {
    this.#options = options;
  }

  /** Names of all processes, running or not. */
  get names(): string[] {
    return this.#options.plans.map(({ name }) => name);
  }

  /** The SPIFFE ID of a process by its name. */
  idOf(name: string): string | undefined {
    return this.#options.plans.find((one) => one.name === name)?.spiffeId;
  }

  isRunning(name: string): boolean {
    return this.#children.has(name);
  }

  /** Starts a process without waiting for it. Its identity is served before it can ask. */
  async launch(name: string): Promise<Child> {
    const plan = this.#plan(name);
    const { identities, layout, self, say } = this.#options;
    const told = new Set<string>();
    const child = startChild({
      self,
      plan,
      logPath: `${layout.log}/${name}.log`,
      onLogLine: (line) => {
        const telling = tellingOf(line);
        // Each request worker of Nexus says that it listens.
        if (telling === undefined || this.#isStopping || told.has(telling)) return;
        told.add(telling);
        say(about(name, telling));
      },
      onLogFailure: (why) => say(about(name, `its log in ${layout.log} has gaps: ${why}`)),
    });
    this.#children.set(name, child);
    void child.ended.then((ending) => this.#ended(child, ending));
    await identities.serve(parseSpiffeId(plan.spiffeId), socketPath(layout, name));
    return child;
  }

  /** Kills a process at once. Answers whether there was one to kill. */
  async kill(name: string): Promise<boolean> {
    this.#plan(name);
    const child = this.#children.get(name);
    if (child === undefined) return false;
    this.#expected.add(child);
    child.kill("SIGKILL");
    await child.ended;
    return true;
  }

  /**
   * Starts a process and resolves when it is ready: Nexus when it serves secrets, a keeper when Nexus (if that
   * runs) has given it its shard, Bootstrap when it is done.
   *
   * @throws SpikeError `entity_conflict` when it runs already, `state_not_ready` when it ended or took too long
   */
  async start(name: string, timeoutMs: number): Promise<void> {
    this.#plan(name);
    if (this.#children.has(name)) {
      throw new SpikeError("entity_conflict", `${name} is already running`);
    }
    const child = await this.launch(name);
    if (name === "bootstrap") return await this.untilDone(child);
    const position = keeperPosition(name);
    await this.untilReady(timeoutMs, position === undefined ? [] : [position], [child]);
  }

  /** Waits for a process that ends by itself; throws `state_not_ready` when it failed. */
  async untilDone(child: Child): Promise<void> {
    const ending = await child.ended;
    if (ending.code !== 0) throw this.#endedEarly(child.name, ending);
  }

  /** Waits until a process listens; throws `state_not_ready` when it ends before. */
  async untilListening(child: Child): Promise<void> {
    const failed = child.ended.then((ending) => {
      throw this.#endedEarly(child.name, ending);
    });
    await Promise.race([child.listening, failed]);
  }

  /**
   * Waits until Nexus is ready and holds the keepers at `positions` for good, or until one of `children` ends or
   * says that it cannot get ready.
   * While Nexus has no key, and is not one of `children`, it is enough that they listen.
   */
  async untilReady(
    timeoutMs: number,
    positions: readonly number[],
    children: readonly Child[],
  ): Promise<void> {
    const stop = new AbortController();
    const listening = Promise.all(children.map((child) => this.untilListening(child)));
    const ended = children.map(async (child) => {
      throw this.#endedEarly(child.name, await child.ended);
    });
    const stuck = children.map(async (child) => {
      throw this.#neverReady(child.name, await child.stuck);
    });
    let lastLack = "a process does not listen";
    try {
      await Promise.race([
        listening.then(() =>
          this.#poll({
            timeoutMs,
            awaited: this.#awaited(positions),
            isNexusAwaited: children.some(({ name }) => name === "nexus"),
            signal: stop.signal,
            note: (lack) => lastLack = lack,
          })
        ),
        timeOut(timeoutMs + 1_000, stop.signal, () => lastLack),
        ...ended,
        ...stuck,
      ]);
    } finally {
      stop.abort();
    }
  }

  /** Ends all processes: Nexus first, since it needs the others. Those that hang are killed. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const running = [...this.#children.values()];
    for (const child of running) child.kill("SIGTERM");
    const timer = setTimeout(() => this.killAll(), STOP_MS);
    await Promise.all(running.map(({ ended }) => ended));
    clearTimeout(timer);
  }

  /** Has all processes open anew the files that they write to. */
  hangUp(): void {
    for (const child of this.#children.values()) child.kill("SIGHUP");
  }

  /** Ends all processes at once. */
  killAll(): void {
    this.#isStopping = true;
    for (const child of this.#children.values()) child.kill("SIGKILL");
  }

  #plan(name: string): ProcessPlan {
    const plan = this.#options.plans.find((one) => one.name === name);
    if (plan !== undefined) return plan;
    throw new SpikeError(
      "usage",
      `${quoteValue(name)} is no process of the system, expected one of ${this.names.join(", ")}`,
    );
  }

  #ended(child: Child, ending: Ending): void {
    this.#children.delete(child.name);
    const isDone = child.name === "bootstrap" && ending.code === 0;
    if (this.#isStopping || this.#expected.has(child)) return;
    const how = isDone ? "done" : `ended unexpectedly, ${howOf(ending)}`;
    this.#options.say(about(child.name, how));
  }

  #endedEarly(name: string, ending: Ending): SpikeError {
    return new SpikeError(
      "state_not_ready",
      `${name} ended before it was ready, ${howOf(ending)}`,
      {
        hint: `See ${this.#options.layout.log}/${name}.log`,
      },
    );
  }

  #neverReady(name: string, why: string): SpikeError {
    return new SpikeError("state_not_ready", `${name} cannot get ready: ${why}`, {
      hint: `Fix the cause and start it again; see ${this.#options.layout.log}/${name}.log`,
    });
  }

  #awaited(positions: readonly number[]): AwaitedKeepers {
    return new Map(positions.map((position) => {
      const child = this.#children.get(`keeper-${position}`);
      return [position, child?.startedAtMs ?? Infinity];
    }));
  }

  async #poll({ timeoutMs, awaited, isNexusAwaited, signal, note }: Poll): Promise<void> {
    const endMs = Date.now() + timeoutMs;
    let lack: string | undefined;
    while (!signal.aborted) {
      if (!this.#children.has("nexus")) return;
      const status = await askStatus(await this.#options.client);
      const isServing = typeof status !== "string" && status.state === "ready";
      // Without a Nexus that has the key, a keeper that listens is all that can be had.
      if (!isServing && !isNexusAwaited) return;
      lack = typeof status === "string" ? status : lackOf(status, awaited);
      if (lack === undefined) return;
      note(lack);
      if (Date.now() > endMs) throw tooLate(timeoutMs, lack);
      await pause(POLL_MS);
    }
  }
}

interface Poll {
  readonly timeoutMs: number;
  readonly awaited: AwaitedKeepers;
  /** Whether Nexus itself has to become ready. */
  readonly isNexusAwaited: boolean;
  readonly signal: AbortSignal;
  /** Told what is lacking, each time it was looked at. */
  readonly note: (lack: string) => void;
}

function howOf({ code, signal, complaint }: Ending): string {
  const how = signal === null ? `exit code ${code}` : `killed by ${signal}`;
  return complaint === undefined ? how : `${how}: ${complaint}`;
}

function tooLate(timeoutMs: number, lack: string): SpikeError {
  return new SpikeError("state_not_ready", `Not ready within ${timeoutMs / 1000} s: ${lack}`, {
    hint:
      "Start the processes that are down; if too few keepers still hold a shard, the key is lost",
  });
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function timeOut(ms: number, signal: AbortSignal, lack: () => string): Promise<never> {
  return new Promise((_, reject) => {
    const timer = setTimeout(() => reject(tooLate(ms, lack())), ms);
    signal.addEventListener("abort", () => clearTimeout(timer));
  });
}
