/** A sleep that can be ended early, once or for good. A call outside a sleep ends the next sleep. */
export class Wake {
  readonly #stop: AbortSignal;
  #bell = Promise.withResolvers<void>();

  /** `stop` ends the current sleep and all later ones. */
  constructor(stop: AbortSignal) {
    this.#stop = stop;
    stop.addEventListener("abort", () => this.now());
  }

  /** Whether every sleep has ended for good. */
  get isStopping(): boolean {
    return this.#stop.aborted;
  }

  /** Ends the current sleep, or the next one if none is running. */
  now(): void {
    this.#bell.resolve();
  }

  /** Sleeps for `ms` milliseconds. Resolves to true if it was ended early. */
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
