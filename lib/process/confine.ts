/** A thread of a role, with exactly the permissions it is allowed to have. */
export interface ConfinedPlan {
  /** Module of the worker; it must import everything statically, since it may not read files later. */
  readonly entry: URL;
  /** Name of the thread in logs and errors. */
  readonly name: string;
  /** Permissions of the thread; those not listed are denied. */
  readonly permissions: Deno.PermissionOptionsObject;
}

/** Permissions a thread has unless its plan says otherwise: none. */
const NOTHING: Deno.PermissionOptionsObject = {
  env: false,
  ffi: false,
  import: false,
  net: false,
  read: false,
  run: false,
  sys: false,
  write: false,
};

/** Starts a worker with exactly the permissions of its plan. */
export function startConfined(plan: ConfinedPlan): Worker {
  return new Worker(plan.entry, {
    type: "module",
    name: plan.name,
    deno: { permissions: { ...NOTHING, ...plan.permissions } },
  });
}

const NAMES = ["read", "write", "net", "env", "run", "ffi", "sys"] as const;

/**
 * Drops every permission of this thread for good. Workers keep theirs, so this is
 * the last thing a server's main thread does before it only waits.
 */
export async function revokeAll(): Promise<void> {
  for (const name of NAMES) await Deno.permissions.revoke({ name });
}

/**
 * The forbidden permissions that this thread has. Unless the list is empty, the thread must not start. A permission
 * is queried without a path or host, which a scoped grant denies.
 */
export async function excessPermissions(
  forbidden: readonly Deno.PermissionName[],
): Promise<Deno.PermissionName[]> {
  const excess: Deno.PermissionName[] = [];
  for (const name of forbidden) {
    const { state } = await Deno.permissions.query({ name } as Deno.PermissionDescriptor);
    if (state === "granted") excess.push(name);
  }
  return excess;
}

/**
 * Checks at the start of a thread that it has none of the forbidden permissions.
 *
 * @throws Error when this thread has more permissions than its role may have: it must not start then.
 */
export async function assertConfined(forbidden: readonly Deno.PermissionName[]): Promise<void> {
  const excess = await excessPermissions(forbidden);
  if (excess.length > 0) {
    throw new Error(`This thread has permissions that it must not have: ${excess.join(", ")}`);
  }
}

/** Network permissions of a listener: its address, and for its self-test the loopback of the same port. */
export function listenPermissions({ host, port }: { host: string; port: number }): string[] {
  const bracketed = host.includes(":") ? `[${host}]` : host;
  const own = host === "" ? [`0.0.0.0:${port}`, `[::]:${port}`] : [`${bracketed}:${port}`];
  return [...own, `127.0.0.1:${port}`, `[::1]:${port}`];
}

/** Network permissions for connections to each URL: host and port. */
export function urlPermissions(urls: readonly string[]): string[] {
  return urls.map((url) => {
    const { hostname, port, protocol } = new URL(url);
    return `${hostname}:${port || (protocol === "https:" ? 443 : 80)}`;
  });
}
