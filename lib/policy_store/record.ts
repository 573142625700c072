import { isPermissionWord, type Policy } from "../policy/mod.ts";
import { Members } from "../seal/members.ts";

/** Number of the plaintext layout of a policy. */
export const POLICY_FORMAT = 1;

/** A policy as it is stored, bound to the write transaction that stored it. */
export interface PolicyRecord extends Policy {
  /** Revision of the write transaction that stored the policy. */
  readonly revision: number;
  /** Milliseconds since the epoch; kept when a policy is replaced. */
  readonly createdMs: number;
  /** SPIFFE ID. */
  readonly createdBy: string;
  /** Time of the last change, milliseconds since the epoch. */
  readonly updatedMs: number;
  /** SPIFFE ID of the last change's caller. */
  readonly updatedBy: string;
}

const encoder = new TextEncoder();

/** The plaintext of a policy: JSON, members in this order, times in milliseconds. */
export function encodePolicy(record: PolicyRecord): Uint8Array {
  return encoder.encode(JSON.stringify({
    format: POLICY_FORMAT,
    revision: record.revision,
    name: record.name,
    spiffeid: record.spiffeidPattern,
    path: record.pathPattern,
    permissions: record.permissions,
    created: record.createdMs,
    createdBy: record.createdBy,
    updated: record.updatedMs,
    updatedBy: record.updatedBy,
  }));
}

/**
 * Decodes what {@linkcode encodePolicy} made. An unknown permission fails the policy; dropping it would change what the
 * policy grants.
 *
 * @throws {SpikeError} `state_integrity_check` for another layout; the bytes were authentic, so another version of this
 * program or a bug wrote it
 */
export function decodePolicy(plaintext: Uint8Array): PolicyRecord {
  const policy = Members.read(plaintext, "Policy");
  policy.format(POLICY_FORMAT);
  const permissions = policy.texts("permissions");
  if (permissions.length === 0) policy.refuse("permissions");
  return {
    revision: policy.integer("revision"),
    name: policy.text("name"),
    spiffeidPattern: policy.text("spiffeid"),
    pathPattern: policy.text("path"),
    permissions: permissions.map((word) =>
      isPermissionWord(word) ? word : policy.refuse("permissions")
    ),
    createdMs: policy.integer("created"),
    createdBy: policy.text("createdBy"),
    updatedMs: policy.integer("updated"),
    updatedBy: policy.text("updatedBy"),
  };
}
