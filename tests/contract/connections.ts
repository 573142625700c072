import type { Identity } from "./identity.ts";
import { type Answer, type Asked, headerOf, requestBytes, Wire } from "./wire.ts";

/** A connection carries a few requests: enough to be quick, so few that every worker of a server gets its share. */
const REQUESTS = 8;

interface Kept {
  readonly wire: Wire;
  left: number;
}

/** Connections that are used again, one for each caller and port. */
export class Connections implements Disposable {
  readonly #kept = new Map<string, Kept>();

  /** Asks on a kept connection or on a new one. `caller` names the identity. */
  async ask(port: number, caller: string, identity: Identity, asked: Asked): Promise<Answer> {
    const key = `${port} ${caller}`;
    let kept = this.#kept.get(key);
    if (!kept || kept.left === 0 || kept.wire.hasEnded) {
      kept?.wire[Symbol.dispose]();
      kept = { wire: await Wire.open(port, identity), left: REQUESTS };
      this.#kept.set(key, kept);
    }
    kept.left--;
    kept.wire.write(requestBytes(asked));
    const answer = await kept.wire.answer();
    if (headerOf(answer, "connection") === "close") kept.left = 0;
    return answer;
  }

  [Symbol.dispose](): void {
    for (const { wire } of this.#kept.values()) wire[Symbol.dispose]();
    this.#kept.clear();
  }
}
