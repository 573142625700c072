import type { SpiffeId, TrustDomain } from "./id.ts";

/** An X.509-SVID with its private key, as received and checked (SPIFFE X509-SVID section 5). */
export interface X509Svid {
  readonly id: SpiffeId;
  /** DER certificates, leaf first, then intermediates. */
  readonly certificates: readonly Uint8Array[];
  /** Unencrypted PKCS#8, DER. */
  readonly privateKey: Uint8Array;
  /** Validity of the leaf, milliseconds since the epoch, inclusive. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Operator label of the Workload API, empty when there is none. */
  readonly hint: string;
}

/** Trust anchors by trust domain: DER CA certificates. An empty list trusts nothing. */
export type BundleMap = ReadonlyMap<TrustDomain, readonly Uint8Array[]>;

/** One immutable state of identity, swapped whole. */
export interface IdentitySnapshot {
  readonly svid: X509Svid;
  readonly bundles: BundleMap;
  /** Grows by one with every snapshot of one source. */
  readonly generation: number;
  readonly receivedAtMs: number;
}

/**
 * The port behind which identities come: Workload API, files, or memory.
 *
 * Life: made (no snapshot yet) → ready → maybe withdrawn and ready again → closed.
 */
export interface SvidSource {
  /** The newest snapshot. Throws `spiffe_unable_to_fetch_x509_source` before the first, after withdrawal or close. */
  current(): IdentitySnapshot;
  /** Calls `listener` whenever `current()` would answer differently; coalescing. Returns the unsubscription. */
  subscribe(listener: () => void): () => void;
  /**
   * Resolves with the first snapshot. Rejects with `spiffe_unable_to_fetch_x509_source` after `timeoutMs`,
   * naming the place that was tried and the last reason it failed.
   */
  ready(timeoutMs: number): Promise<IdentitySnapshot>;
  /** Ends the stream or watch; resolves when it is gone. */
  close(): Promise<void>;
}
