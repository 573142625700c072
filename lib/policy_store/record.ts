import { SpikeError } from "../api/error.ts";
import { isPermissionWord, type PermissionWord, type Policy } from "../policy/mod.ts";

/** Number of the plaintext layout of a policy. */
export const POLICY_FORMAT = 1;

/** A policy as it is kept, bound to the write transaction that stored it. */
export interface PolicyRecord extends Policy {
  readonly revision: number;
  /** Milliseconds since the epoch; kept when a policy is replaced. */
  readonly createdMs: number;
  /** SPIFFE ID. */
  readonly createdBy: string;
  readonly updatedMs: number;
  readonly updatedBy: string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

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
 * Reads what {@linkcode encodePolicy} made. The bytes were authentic, so what does not fit was written by another
 * program version or a bug: throws `state_integrity_check`. A word that is not known is never dropped: what it
 * grants may have been meant to go with the others.
 */
export function decodePolicy(plaintext: Uint8Array): PolicyRecord {
  const policy = parse(plaintext);
  if (integer(policy, "format") !== POLICY_FORMAT) {
    throw new SpikeError(
      "state_integrity_check",
      `Policy has format ${member(policy, "format")}, this program knows ${POLICY_FORMAT}`,
      { hint: "Run the version of spike that wrote it, or a newer one" },
    );
  }
  return {
    revision: integer(policy, "revision"),
    name: text(policy, "name"),
    spiffeidPattern: text(policy, "spiffeid"),
    pathPattern: text(policy, "path"),
    permissions: words(policy, "permissions"),
    createdMs: integer(policy, "created"),
    createdBy: text(policy, "createdBy"),
    updatedMs: integer(policy, "updated"),
    updatedBy: text(policy, "updatedBy"),
  };
}

function parse(plaintext: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(plaintext));
  } catch (cause) {
    throw new SpikeError("state_integrity_check", "Policy is not JSON", { cause });
  }
}

function member(value: unknown, name: string): unknown {
  const members: Record<string, unknown> = Object(value);
  return members[name];
}

function integer(value: unknown, name: string): number {
  const found = member(value, name);
  return typeof found === "number" && Number.isSafeInteger(found) ? found : misshapen(name);
}

function text(value: unknown, name: string): string {
  const found = member(value, name);
  return typeof found === "string" ? found : misshapen(name);
}

function words(value: unknown, name: string): PermissionWord[] {
  const found = member(value, name);
  if (!Array.isArray(found) || found.length === 0) return misshapen(name);
  return found.map((word) => {
    return typeof word === "string" && isPermissionWord(word) ? word : misshapen(name);
  });
}

function misshapen(name: string): never {
  throw new SpikeError("state_integrity_check", `Policy has no usable member ${name}`);
}
