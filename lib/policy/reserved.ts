import type { Pattern } from "./pattern.ts";
import type { PermissionWord } from "./permission.ts";

/** What of a compiled policy decides whether it reaches a reserved path. */
interface Reaching {
  readonly id: Pattern;
  readonly path: Pattern;
  readonly permissions: readonly PermissionWord[];
}

/** What begins so is the system's own. */
export const RESERVED_PREFIX = "spike/system/";

/** Where the system's own permissions are wanted. */
export const RESERVED = {
  acl: `${RESERVED_PREFIX}acl`,
  secret: `${RESERVED_PREFIX}secret`,
  audit: `${RESERVED_PREFIX}audit`,
  cipherExec: `${RESERVED_PREFIX}cipher/exec`,
} as const;

/** Below it lies one reserved path for each named cipher key. */
export const CIPHER_KEY_PREFIX = `${RESERVED_PREFIX}cipher/key/`;

/** In the order in which a policy that falls short is told of the first one it hits. */
const PROBES = [
  RESERVED.acl,
  RESERVED.secret,
  RESERVED.cipherExec,
  RESERVED.audit,
  // Stands for every named key: a pattern that finds a part of it finds that part in all of them.
  CIPHER_KEY_PREFIX,
];

/** Whether a path is the system's own. */
export function isReserved(path: string): boolean {
  return path.startsWith(RESERVED_PREFIX);
}

/**
 * Whether a policy may count on a reserved path: its path pattern matches the whole of it, and its SPIFFE ID
 * pattern is anchored. So nobody gains the system's own permissions by a pattern that finds a part of a word.
 *
 * The original also admits an ID pattern that matches a probe text which is no ID; since every ID pattern has to
 * begin with `spiffe://`, none does.
 */
export function reachesReserved(policy: Pick<Reaching, "id" | "path">, path: string): boolean {
  const { text } = policy.id;
  return text.startsWith("^") && text.endsWith("$") && policy.path.matchesWhole(path);
}

/**
 * The first reserved path that a policy would hit without being fit to count there, or undefined. A policy that
 * grants nothing but `admin` is never in want of the test: it reaches no reserved path at all.
 */
export function reservedPathMissed(policy: Reaching): string | undefined {
  if (policy.permissions.every((word) => word === "admin")) return undefined;
  return PROBES.find((path) => policy.path.finds(path) && !reachesReserved(policy, path));
}
