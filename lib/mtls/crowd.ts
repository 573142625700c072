/** A connection, as far as it is counted. */
export interface Guest {
  destroy(): void;
}

/**
 * The connections of each identity, at most so many: one that keeps opening them loses those that it has not used
 * for longest, and with nothing but busy ones it gets no more.
 */
export class Crowd<G extends Guest> {
  readonly #guests = new Map<string, Set<G>>();

  constructor(
    readonly limit: number,
    readonly isIdle: (guest: G) => boolean,
  ) {}

  /** Lets a connection in, at the price of an idle one if need be; false when there is no room. */
  join(identity: string, guest: G): boolean {
    const guests = this.#guests.get(identity) ?? new Set();
    if (guests.size >= this.limit) {
      const idle = guests.values().find(this.isIdle);
      if (!idle) return false;
      guests.delete(idle);
      idle.destroy();
    }
    guests.add(guest);
    this.#guests.set(identity, guests);
    return true;
  }

  /** Notes that a connection was used. */
  touch(identity: string, guest: G): void {
    const guests = this.#guests.get(identity);
    // What was used last stands last.
    if (guests?.delete(guest)) guests.add(guest);
  }

  /** Ends an idle connection of an identity that has as many as any; false when none of all is idle. */
  makeRoom(): boolean {
    const crowds = [...this.#guests.values()].sort((a, b) => b.size - a.size);
    for (const guests of crowds) {
      const idle = guests.values().find(this.isIdle);
      if (!idle) continue;
      guests.delete(idle);
      idle.destroy();
      return true;
    }
    return false;
  }

  leave(identity: string, guest: G): void {
    const guests = this.#guests.get(identity);
    guests?.delete(guest);
    if (guests?.size === 0) this.#guests.delete(identity);
  }
}
