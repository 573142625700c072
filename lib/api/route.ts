/** Where each operation is served. */
import { type Operation, type OperationDefinition, OPERATIONS } from "./operation/mod.ts";

/** One line of the routing table: an operation and its name. */
export interface Route extends OperationDefinition {
  /** Name of the operation. */
  readonly operation: Operation;
}

/** Every route of every server. */
export const ROUTES: readonly Route[] = (Object.keys(OPERATIONS) as Operation[]).map(routeOf);

/** The route of an operation. */
export function routeOf(operation: Operation): Route {
  return { ...OPERATIONS[operation], operation };
}

/** The URL of an operation below a base URL, which may have a path prefix. */
export function routeUrl(baseUrl: string, operation: Operation): string {
  const { path, action } = OPERATIONS[operation];
  const url = new URL(baseUrl);
  url.pathname = url.pathname.replace(/\/+$/, "") + path;
  if (action !== "") url.searchParams.set("action", action);
  return url.href;
}
