import type { TLSSocket } from "node:tls";

/** More than a verifier would look at; the linked list of the runtime may be circular at its anchor. */
const LONGEST = 12;

/** The fields of the runtime's legacy certificate object that are read here. */
interface LinkedCertificate {
  readonly raw?: Uint8Array;
  readonly issuerCertificate?: LinkedCertificate;
}

/**
 * The peer's certificates as DER, leaf first; empty when there is none. The runtime gives one linked path
 * (maybe with a local anchor at its end), so everything after the leaf is a hint to the verifier, no more.
 */
export function peerChain(socket: TLSSocket): Uint8Array[] {
  const chain: Uint8Array[] = [];
  let certificate = socket.getPeerCertificate(true) as LinkedCertificate | undefined;
  const seen = new Set<LinkedCertificate>();
  while (certificate?.raw && chain.length < LONGEST && !seen.has(certificate)) {
    seen.add(certificate);
    chain.push(Uint8Array.from(certificate.raw));
    certificate = certificate.issuerCertificate;
  }
  return chain;
}
