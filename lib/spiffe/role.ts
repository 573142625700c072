import { quoteValue } from "../text/quote.ts";
import { SpikeError } from "../error/error.ts";
import { parseSpiffeId, type SpiffeId, SpiffeIdError } from "./id.ts";

/** What an ID may be in this system; one ID may be several. */
export type Role =
  | "nexus"
  | "keeper"
  | "bootstrap"
  | "superuser"
  | "admin"
  | "operator"
  | "recover"
  | "restore"
  | "lite";

/**
 * Under which roots an ID counts: a trust domain such as `spike.ist`, or one with a path such as
 * `example.org/tenant/a`. An empty list means that nobody has the role.
 */
export interface TrustRoots {
  readonly nexus: readonly string[];
  readonly keeper: readonly string[];
  readonly bootstrap: readonly string[];
  readonly pilot: readonly string[];
  readonly lite: readonly string[];
}

const DEFAULT = ["spike.ist"] as const;

/** What holds when nothing is configured. */
export const DEFAULT_TRUST_ROOTS: TrustRoots = {
  nexus: DEFAULT,
  keeper: DEFAULT,
  bootstrap: DEFAULT,
  pilot: DEFAULT,
  lite: DEFAULT,
};

const BASE: Record<Role, { roots: keyof TrustRoots; path: string }> = {
  nexus: { roots: "nexus", path: "/spike/nexus" },
  keeper: { roots: "keeper", path: "/spike/keeper" },
  bootstrap: { roots: "bootstrap", path: "/spike/bootstrap" },
  superuser: { roots: "pilot", path: "/spike/pilot/role/superuser" },
  admin: { roots: "pilot", path: "/spike/pilot/role/admin" },
  operator: { roots: "pilot", path: "/spike/pilot/role/operator" },
  recover: { roots: "pilot", path: "/spike/pilot/role/recover" },
  restore: { roots: "pilot", path: "/spike/pilot/role/restore" },
  lite: { roots: "lite", path: "/spike/workload/role/lite" },
};

/** Every role. */
export const ROLES = Object.keys(BASE) as readonly Role[];

/** The base ID of `role` under each of its roots. */
export function idsOfRole(role: Role, roots: TrustRoots): SpiffeId[] {
  const { roots: family, path } = BASE[role];
  return roots[family].map((root) => parseSpiffeId(`spiffe://${root}${path}`));
}

/**
 * Whether `id` is the base ID of `role` under one of its roots, or lies below it.
 *
 * @example
 * ```ts
 * hasRole(parseSpiffeId("spiffe://spike.ist/spike/keeper/1"), "keeper", DEFAULT_TRUST_ROOTS); // true
 * ```
 *
 * @throws {SpikeError} `config_invalid` for an empty root: it would turn the base into `spiffe:///…`.
 */
export function hasRole(id: SpiffeId, role: Role, roots: TrustRoots): boolean {
  const { roots: family, path } = BASE[role];
  return roots[family].some((root) => {
    if (root === "") throw invalidRoot(family, root, "it is empty");
    const base = `spiffe://${root}${path}`;
    return id === base || id.startsWith(`${base}/`);
  });
}

/** All roles of `id`; empty for an ordinary workload. Throws as {@linkcode hasRole} does. */
export function rolesOf(id: SpiffeId, roots: TrustRoots): Role[] {
  return ROLES.filter((role) => hasRole(id, role, roots));
}

/**
 * Checks every root once, so that a wrong setting stops the start and not a later request.
 *
 * @throws {SpikeError} `config_invalid` naming the family and the root.
 */
export function checkTrustRoots(roots: TrustRoots): void {
  for (const family of Object.keys(DEFAULT_TRUST_ROOTS) as (keyof TrustRoots)[]) {
    for (const root of roots[family]) checkRoot(family, root);
  }
}

function checkRoot(family: string, root: string): void {
  if (root === "") throw invalidRoot(family, root, "it is empty");
  try {
    parseSpiffeId(`spiffe://${root}`);
  } catch (cause) {
    if (!(cause instanceof SpiffeIdError)) throw cause;
    throw invalidRoot(family, root, cause.fault);
  }
}

function invalidRoot(family: string, root: string, why: string): SpikeError {
  return new SpikeError(
    "config_invalid",
    `Trust root ${quoteValue(root)} of ${family} is not valid: ${why}`,
    {
      hint: "Give a trust domain, with a path if wanted, such as spike.ist or example.org/tenant/a",
    },
  );
}
