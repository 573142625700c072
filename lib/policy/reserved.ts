import type { Pattern } from "./pattern.ts";
import type { PermissionWord } from "./permission.ts";

/** The members of a compiled policy that decide whether it applies to a reserved path. */
export interface Reaching {
  /** Matches SPIFFE IDs. */
  readonly id: Pattern;
  /** Matches paths. */
  readonly path: Pattern;
  /** Granted permissions. */
  readonly permissions: readonly PermissionWord[];
}

/** Prefix of all reserved paths. */
export const RESERVED_PREFIX = "spike/system/";

/** Reserved paths by function. */
export const RESERVED = {
  acl: `${RESERVED_PREFIX}acl`,
  secret: `${RESERVED_PREFIX}secret`,
  audit: `${RESERVED_PREFIX}audit`,
  cipherExec: `${RESERVED_PREFIX}cipher/exec`,
} as const;

/** Prefix of the reserved paths of named cipher keys; the name of the key follows. */
export const CIPHER_KEY_PREFIX = `${RESERVED_PREFIX}cipher/key/`;

/** Probed in this order; the first path that is missed is reported. */
const PROBES = [
  RESERVED.acl,
  RESERVED.secret,
  RESERVED.cipherExec,
  RESERVED.audit,
  // Represents every named key: a pattern that matches a part of the prefix matches it for all keys.
  CIPHER_KEY_PREFIX,
];

/** Whether a path is reserved. */
export function isReserved(path: string): boolean {
  return path.startsWith(RESERVED_PREFIX);
}

/**
 * Whether a policy applies to a reserved path: its path pattern must match the whole path, and its SPIFFE ID pattern must
 * be anchored. A pattern that matches a part of a word therefore never grants permissions on a reserved path.
 *
 * SPIKE in Go also accepts an ID pattern that matches a probe text that is not an ID; every ID pattern begins with
 * `spiffe://`, so none matches it.
 */
export function reachesReserved(policy: Pick<Reaching, "id" | "path">, path: string): boolean {
  const { text } = policy.id;
  return text.startsWith("^") && text.endsWith("$") && policy.path.matchesWhole(path);
}

/**
 * The first reserved path that a policy matches without being anchored as {@linkcode reachesReserved} requires, or
 * undefined. A policy that grants only `admin` is exempt, because `admin` has no effect on reserved paths.
 */
export function reservedPathMissed(policy: Reaching): string | undefined {
  if (policy.permissions.every((word) => word === "admin")) return undefined;
  return PROBES.find((path) => policy.path.finds(path) && !reachesReserved(policy, path));
}
