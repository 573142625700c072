import type { SpiffeId, TrustDomain } from "../spiffe/id.ts";

/** By what right a caller was let through. */
export interface Grant {
  /** Whether a role or a policy granted the call. */
  readonly by: "role" | "policy";
  /** Of the role, or of the policy that decided. */
  readonly name: string;
}

/** Who makes a request, as its connection proved. */
export interface Caller {
  /** SPIFFE ID of the caller. */
  readonly id: SpiffeId;
  /** Trust domain of the SPIFFE ID. */
  readonly trustDomain: TrustDomain;
  /** Serial number of the SVID, hex. */
  readonly serial: string;
  /** The proxy whose connection it was, where the caller was named by a token of its own. */
  readonly via?: SpiffeId;
}

/**
 * A request under way that was let through: what every record of it, and of all that it changes, tells of its
 * origin. Plain data, so that it crosses threads.
 */
export interface Call extends Caller {
  /** Names this request in records, in the log and to the caller. */
  readonly correlation: string;
  /** Name of the operation, such as `secret.get`. */
  readonly operation: string;
  /** The role or policy that granted the call. */
  readonly grant: Grant;
}
