import type { TLSSocket } from "node:tls";
import type { SpiffeId } from "../spiffe/mod.ts";
import { meter } from "../telemetry/mod.ts";

/** What was agreed with a peer when a connection was made. The runtime does not tell the key exchange. */
export interface PeerLink {
  readonly id: SpiffeId;
  /** Whether the peer came to us, or we went to it. */
  readonly side: "accepted" | "made";
  /** Such as `TLSv1.3`. */
  readonly protocol: string;
  /** Such as `TLS_AES_256_GCM_SHA384`. */
  readonly cipher: string;
}

/** A link and when the last connection of its kind was made. */
export interface SeenLink extends PeerLink {
  readonly lastSeenMs: number;
}

/** Reads what a verified connection agreed on, and counts it. */
export function linkOf(socket: TLSSocket, id: SpiffeId, side: PeerLink["side"]): PeerLink {
  const protocol = socket.getProtocol() ?? "unknown";
  const cipher = (socket.getCipher() as { standardName?: string } | undefined)?.standardName ??
    "unknown";
  meter.count("spike_connections_total", { side, protocol, cipher });
  return { id, side, protocol, cipher };
}

/** Most links kept: a flood of identities only evicts those not seen for longest. */
const LIMIT = 256;

/** The links of late, each kind once. */
export class PeerLog {
  readonly #seen = new Map<string, SeenLink>();

  note(link: PeerLink, nowMs: number): void {
    const key = keyOf(link);
    // Put back at the end, so that the first is the one not seen for longest.
    this.#seen.delete(key);
    this.#seen.set(key, { ...link, lastSeenMs: nowMs });
    if (this.#seen.size > LIMIT) this.#seen.delete(this.#seen.keys().next().value ?? "");
  }

  /** By ID, then by side. */
  get links(): SeenLink[] {
    return [...this.#seen.values()].sort((a, b) => keyOf(a) < keyOf(b) ? -1 : 1);
  }
}

/** A link is told again only after this time, so that a busy client costs no message for each connection. */
const QUIET_MS = 10_000;

/** Passes links on, each kind at most once in a while. `clock` in milliseconds. */
export function seldom(
  pass: (link: PeerLink) => void,
  clock: () => number = Date.now,
): (link: PeerLink) => void {
  const passed = new Map<string, number>();
  return (link) => {
    const key = keyOf(link);
    const now = clock();
    if (now - (passed.get(key) ?? -Infinity) < QUIET_MS) return;
    passed.delete(key);
    passed.set(key, now);
    if (passed.size > LIMIT) passed.delete(passed.keys().next().value ?? "");
    pass(link);
  };
}

function keyOf({ id, side, protocol, cipher }: PeerLink): string {
  return [id, side, protocol, cipher].join(" ");
}
