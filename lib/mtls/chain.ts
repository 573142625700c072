import type { TLSSocket } from "node:tls";

/** More than a verifier would look at; the linked list of the runtime may be circular at its anchor. */
const LONGEST = 12;

/** The fields of the runtime's legacy certificate object that are read here. */
interface LinkedCertificate {
  readonly raw?: Uint8Array;
  readonly issuerCertificate?: LinkedCertificate;
}

/** Stands for certificates that the runtime cannot take apart; no verifier takes it for one. */
const UNREADABLE: readonly Uint8Array[] = [new Uint8Array()];

/**
 * The peer's certificates as DER, leaf first; empty when there is none. The runtime gives one linked path
 * (maybe with a local anchor at its end), so everything after the leaf is a hint to the verifier, no more.
 */
export function peerChain(socket: TLSSocket): readonly Uint8Array[] {
  const chain: Uint8Array[] = [];
  let certificate = firstOf(socket);
  if (certificate === "unreadable") return UNREADABLE;
  const seen = new Set<LinkedCertificate>();
  while (certificate?.raw && chain.length < LONGEST && !seen.has(certificate)) {
    seen.add(certificate);
    chain.push(Uint8Array.from(certificate.raw));
    certificate = certificate.issuerCertificate;
  }
  return chain;
}

function firstOf(socket: TLSSocket): LinkedCertificate | undefined | "unreadable" {
  try {
    return socket.getPeerCertificate(true) as LinkedCertificate | undefined;
  } catch {
    // The runtime throws over a certificate of the peer's choice; its words say nothing that ours do not.
    return "unreadable";
  }
}

/**
 * Keeps a server's certificates from ending this process: the runtime itself looks at them when a client's
 * handshake is over, and throws out of the event loop when it cannot take them apart. What it is spared there is
 * left to {@linkcode peerChain}.
 */
export function guardHandshake(socket: TLSSocket): void {
  const read = socket.getPeerCertificate.bind(socket);
  let isOver = false;
  socket.prependOnceListener("secureConnect", () => isOver = true);
  const guarded = (detailed?: boolean) => {
    try {
      return detailed ? read(true) : read();
    } catch (error) {
      if (isOver) throw error;
      return {};
    }
  };
  socket.getPeerCertificate = guarded as typeof socket.getPeerCertificate;
}
