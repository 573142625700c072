/** What rows about secrets are made of. */
import type { Operation } from "../../lib/api/mod.ts";
import { CALLERS } from "./identity.ts";
import { type Pair, TIME } from "./pair.ts";
import { refusal } from "./zero.ts";

const AT = "/v1/store/secrets";

/** Where metadata are read. */
export const METADATA = "/v1/store/secrets/metadata?action=get";

/** What is asked of whom, as the superuser. */
export function asked(
  that: string,
  action: string,
  body: unknown,
  gives: Pair["gives"],
): Pair {
  return { that, as: "superuser", at: action === "" ? AT : `${AT}?action=${action}`, body, gives };
}

/** A question about metadata, by the superuser. */
export function metadata(that: string, body: unknown, gives: Pair["gives"]): Pair {
  return { that, as: "superuser", at: METADATA, body, gives };
}

/** A version that can be read, as metadata tell it. */
export const live = (version: number) => ({
  createdTime: TIME,
  version,
  deletedTime: null,
  createdBy: CALLERS.superuser,
});

/** A version that is deleted. */
export const deleted = (version: number) => ({
  ...live(version),
  deletedTime: TIME,
  deletedBy: CALLERS.superuser,
});

/** A version that is destroyed. */
export const destroyed = (version: number) => ({
  ...deleted(version),
  destroyedTime: TIME,
  destroyedBy: CALLERS.superuser,
});

/** A path as a whole. */
export const summary = (currentVersion: number, oldestVersion: number) => ({
  currentVersion,
  oldestVersion,
  createdTime: TIME,
  updatedTime: TIME,
  maxVersions: 10,
});

/** Status and body where `cas` does not hold. */
export const conflict = (operation: Operation): Pair["gives"] => [
  409,
  refusal(operation, "entity_conflict"),
];

/** Status and body of a change after which this version is the current one. */
export const written = (version: number): Pair["gives"] => [200, { version }];
