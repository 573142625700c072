import { type Permission, type Route, ROUTES, type Want } from "../api/route.ts";
import { isReserved } from "../policy/mod.ts";

/** Where the permission of a route is wanted, when the request is about `path`. */
export function placeOf(want: Extract<Want, { by: "permission" }>, path: string): string {
  return want.on === "request.path" ? path : want.on;
}

/** The routes that want a permission on a path. The system's own paths are no paths of secrets. */
export function routesWanting(permission: Permission, path: string): readonly Route[] {
  return ROUTES.filter(({ want }) =>
    want.by === "permission" && want.permission === permission && placeOf(want, path) === path &&
    !(want.on === "request.path" && isReserved(path))
  );
}
