import type { Permission } from "../policy/permission.ts";
import type { Role } from "../spiffe/role.ts";
import type { Operation } from "./request.ts";

export type { Permission } from "../policy/permission.ts";

/** Who may call a route. */
export type Want =
  /**
   * Whoever holds the permission, by role or by policy, on the request's own path or on a reserved one. Where the
   * request has several paths, the operation judges each.
   */
  | {
    readonly by: "permission";
    readonly permission: Permission;
    readonly on: PermissionTarget;
    /** Whoever holds it anywhere else may call, too, and is shown only what it may see. */
    readonly orPartly?: true;
  }
  /** Whoever has one of these roles, and nobody else. */
  | { readonly by: "role"; readonly roles: readonly Role[] };

/** Where a permission is wanted. */
export type PermissionTarget =
  | "request.path"
  | "request.to"
  | "request.paths"
  /** The path of the cipher key that the request names, or that of the default key when it names none. */
  | "request.cipher"
  /** The path of the cipher key that the request names; when it names none, the path that all of them begin with. */
  | "request.key"
  | "spike/system/secret"
  | "spike/system/acl"
  | "spike/system/audit";

/** One line of the routing table. There is no route without a `want`. */
export interface Route {
  readonly server: "nexus" | "keeper";
  readonly path: string;
  /** The query parameter `action`; empty is the default action. */
  readonly action: string;
  readonly operation: Operation;
  readonly want: Want;
  /** Longest body, in bytes. */
  readonly bodyLimit: number;
  /** Whether Nexus answers it before it has a root key too. */
  readonly isServedWithoutKey: boolean;
  /**
   * Whether the caller is judged before the body is read, and not only after it was decoded. Who may not do it without
   * naming anything is judged once more by what the body names.
   */
  readonly judgesCallerFirst?: true;
}

const SECRETS = "/v1/store/secrets";
const METADATA = `${SECRETS}/metadata`;
/** A value at its limit, in base64 or with escapes, with room for the rest of the message. */
const LARGE = 2_097_152;
const SMALL = 65_536;
/** All custom metadata at its limits, with escapes. */
const CUSTOM = 262_144;
/** A ciphertext at the original's limit, in base64, with room for the rest of the message. */
const PROOF = 131_072;

function stored(
  action: string,
  operation: Operation,
  permission: Permission,
  more: { path?: string; on?: PermissionTarget; orPartly?: true; bodyLimit?: number } = {},
): Route {
  const { path = SECRETS, on = "request.path", bodyLimit = SMALL, ...rest } = more;
  const want = { by: "permission", permission, on, ...rest } as const;
  return {
    server: "nexus",
    path,
    action,
    operation,
    want,
    bodyLimit,
    isServedWithoutKey: false,
  };
}

function policy(action: string, operation: Operation, permission: Permission): Route {
  return stored(action, operation, permission, { path: "/v1/acl/policy", on: "spike/system/acl" });
}

function audit(action: string, operation: Operation): Route {
  return stored(action, operation, "read", { path: "/v1/audit", on: "spike/system/audit" });
}

function forRoles(
  server: Route["server"],
  path: string,
  operation: Operation,
  roles: readonly Role[],
  more: { action?: string; bodyLimit?: number; isServedWithoutKey?: boolean } = {},
): Route {
  const { action = "", bodyLimit = SMALL, isServedWithoutKey = false } = more;
  const want = { by: "role", roles } as const;
  return { server, path, action, operation, want, bodyLimit, isServedWithoutKey };
}

function cipher(operation: "cipher.encrypt" | "cipher.decrypt"): Route {
  return {
    server: "nexus",
    path: `/v1/${operation.replace(".", "/")}`,
    action: "",
    operation,
    want: { by: "permission", permission: "execute", on: "request.cipher" },
    bodyLimit: PROOF,
    isServedWithoutKey: false,
    ...(operation === "cipher.decrypt" ? { judgesCallerFirst: true } : {}),
  };
}

function shards(action: "refresh" | "reshare" | "rotate-root"): Route {
  return forRoles("nexus", "/v1/operator/shards", `operator.${action}`, ["superuser"], { action });
}

function cipherKey(
  action: "create" | "rotate" | "set" | "list" | "rewrap",
  permission: Permission,
  on: PermissionTarget = "request.key",
): Route {
  return stored(action, `cipher.key.${action}`, permission, { path: "/v1/cipher/keys", on });
}

const WITHOUT_KEY = { isServedWithoutKey: true };

/** Every route of every component. */
export const ROUTES: readonly Route[] = [
  stored("", "secret.put", "write", { bodyLimit: LARGE }),
  stored("get", "secret.get", "read"),
  stored("delete", "secret.delete", "write"),
  stored("undelete", "secret.undelete", "write"),
  stored("list", "secret.list", "list", { on: "spike/system/secret", orPartly: true }),
  stored("batch", "secret.batch", "read", { on: "request.paths" }),
  stored("destroy", "secret.destroy", "write"),
  stored("purge", "secret.purge", "write"),
  stored("copy", "secret.copy", "write", { on: "request.to" }),
  stored("move", "secret.move", "write", { on: "request.to" }),
  stored("get", "secret.metadata", "read", { path: METADATA }),
  stored("set", "secret.setMetadata", "write", { path: METADATA, bodyLimit: CUSTOM }),
  policy("", "policy.put", "write"),
  policy("get", "policy.get", "read"),
  policy("delete", "policy.delete", "write"),
  policy("list", "policy.list", "list"),
  policy("explain", "policy.explain", "read"),
  policy("who-can", "policy.whoCan", "read"),
  audit("tail", "audit.tail"),
  audit("export", "audit.export"),
  cipher("cipher.encrypt"),
  cipher("cipher.decrypt"),
  cipherKey("create", "write"),
  cipherKey("rotate", "write"),
  cipherKey("set", "write"),
  cipherKey("list", "list"),
  cipherKey("rewrap", "execute", "request.cipher"),
  forRoles("nexus", "/v1/status", "status", [
    "nexus",
    "bootstrap",
    "superuser",
    "admin",
    "operator",
    "recover",
    "restore",
  ], WITHOUT_KEY),
  forRoles("nexus", "/v1/operator/keks", "operator.kek.list", ["superuser"], { action: "list" }),
  forRoles("nexus", "/v1/operator/keks", "operator.kek.rotate", ["superuser"], {
    action: "rotate",
  }),
  forRoles("nexus", "/v1/operator/verify", "operator.verify", ["superuser"]),
  forRoles("nexus", "/v1/operator/backup", "operator.backup", ["superuser"]),
  forRoles("nexus", "/v1/operator/backup", "operator.backup.confirm", ["superuser"], {
    action: "confirm",
  }),
  forRoles("nexus", "/v1/operator/recover", "operator.recover", ["recover"], WITHOUT_KEY),
  forRoles("nexus", "/v1/operator/restore", "operator.restore", ["restore"], WITHOUT_KEY),
  forRoles("nexus", "/v1/operator/recover", "operator.confirm", ["recover"], {
    action: "confirm",
  }),
  forRoles("nexus", "/v1/operator/manifest", "operator.manifest", [
    "superuser",
    "recover",
    "restore",
  ], WITHOUT_KEY),
  forRoles("nexus", "/v1/operator/seal", "operator.seal", ["superuser"], WITHOUT_KEY),
  forRoles("nexus", "/v1/operator/unseal", "operator.unseal", ["superuser"], WITHOUT_KEY),
  shards("refresh"),
  shards("reshare"),
  shards("rotate-root"),
  forRoles("nexus", "/v1/bootstrap/verify", "bootstrap.verify", ["bootstrap"], {
    bodyLimit: PROOF,
  }),
  forRoles("keeper", "/v1/store/contribute", "keeper.contribute", ["nexus", "bootstrap"]),
  forRoles("keeper", "/v1/store/shard", "keeper.shard", ["nexus"]),
];

/**
 * Whether a caller that a token names, on the connection of a proxy, may reach a route. What belongs to a role alone
 * (operators, Bootstrap, keepers) demands the role's own connection; the status tells nothing that is not for it.
 */
export function isOpenToTokens({ want, operation }: Route): boolean {
  return want.by === "permission" || operation === "status";
}

const BY_OPERATION = new Map(ROUTES.map((route) => [route.operation, route]));

/** The route of an operation. */
export function routeOf(operation: Operation): Route {
  const route = BY_OPERATION.get(operation);
  if (route === undefined) throw new Error(`operation ${operation} has no route`);
  return route;
}

/** The URL of an operation below a base URL, which may have a path prefix. */
export function routeUrl(baseUrl: string, operation: Operation): string {
  const { path, action } = routeOf(operation);
  const url = new URL(baseUrl);
  url.pathname = url.pathname.replace(/\/+$/, "") + path;
  if (action !== "") url.searchParams.set("action", action);
  return url.href;
}
