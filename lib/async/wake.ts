/** A sleep that can be ended early, and for good. A call that comes while nobody sleeps ends the next sleep. */
export class Wake {
  readonly #stop: AbortSignal;
  #bell = Promise.withResolvers<void>();

  /** `stop` ends the present sleep and every later one. */
  constructor(stop: AbortSignal) {
    this.#stop = stop;
    stop.addEventListener("abort", () => this.now());
  }

  /** Whether every sleep has ended for good. */
  get isStopping(): boolean {
    return this.#stop.aborted;
  }

  /** Ends the present sleep, or the next one. */
  now(): void {
    this.#bell.resolve();
  }

  /** True when it was ended early. */
  async sleep(ms: number): Promise<boolean> {
    if (this.isStopping) return true;
    let isOver = false;
    const bell = this.#bell;
    const timer = setTimeout(() => {
      isOver = true;
      bell.resolve();
    }, ms);
    await bell.promise;
    clearTimeout(timer);
    this.#bell = Promise.withResolvers();
    return !isOver;
  }
}
