import type { SpiffeId, TrustDomain } from "../spiffe/id.ts";

/** The role or policy that authorized a call. */
export interface Grant {
  /** Whether a role or a policy granted the call. */
  readonly by: "role" | "policy";
  /** Of the role, or of the policy that decided. */
  readonly name: string;
}

/** The authenticated caller of a request. */
export interface Caller {
  /** SPIFFE ID of the caller. */
  readonly id: SpiffeId;
  /** Trust domain of the SPIFFE ID. */
  readonly trustDomain: TrustDomain;
  /** Serial number of the SVID, hex. */
  readonly serial: string;
  /** SPIFFE ID of the proxy whose connection it was, where a JWT-SVID identified the caller. */
  readonly via?: SpiffeId;
}

/**
 * An authorized request: the origin in every record of the request and of its changes. Plain data, so that it can be
 * sent to another thread.
 */
export interface Call extends Caller {
  /** Names this request in records, in the log and to the caller. */
  readonly correlation: string;
  /** Name of the operation, such as `secret.get`. */
  readonly operation: string;
  /** The role or policy that granted the call. */
  readonly grant: Grant;
}
