import type { Permission, PermissionWant } from "../api/operation/mod.ts";
import { type Route, ROUTES } from "../api/route.ts";
import { CIPHER_KEY_PREFIX, isReserved, RESERVED } from "../policy/mod.ts";

/** The path on which an operation needs its permission. `subject` is a path or the name of a cipher key. */
export function targetOf({ on }: PermissionWant, subject: string): string {
  switch (on) {
    case "request.path":
    case "request.to":
    case "request.paths":
      return subject;
    case "request.cipher":
      return subject === "" ? RESERVED.cipherExec : CIPHER_KEY_PREFIX + subject;
    case "request.key":
      return CIPHER_KEY_PREFIX + subject;
    default:
      return on;
  }
}

/**
 * The subject for which an operation needs its permission on `path`; undefined when there is no such subject. Reserved
 * paths are not paths of secrets.
 */
export function subjectOn(want: PermissionWant, path: string): string | undefined {
  if (isOfSecrets(want)) return isReserved(path) ? undefined : path;
  const key = path.startsWith(CIPHER_KEY_PREFIX) ? path.slice(CIPHER_KEY_PREFIX.length) : "";
  return [key, ""].find((subject) => targetOf(want, subject) === path);
}

/** The routes that need a permission on a path. */
export function routesWanting(permission: Permission, path: string): readonly Route[] {
  return ROUTES.filter(({ want }) =>
    want.by === "permission" && want.permission === permission &&
    subjectOn(want, path) !== undefined
  );
}

function isOfSecrets({ on }: PermissionWant): boolean {
  return on === "request.path" || on === "request.to" || on === "request.paths";
}
