/** The definition of an operation: everything that servers, clients and the command line must agree on. */
import type { Permission } from "../../policy/permission.ts";
import type { Role } from "../../spiffe/role.ts";
import type { MessageSchema } from "../decode.ts";

export type { Permission } from "../../policy/permission.ts";

/** The path on which the caller needs a permission. */
export type PermissionTarget =
  | "request.path"
  | "request.to"
  | "request.paths"
  /** The path of the cipher key that the request names, or that of the default key when it names none. */
  | "request.cipher"
  /** The path of the cipher key that the request names; when it names none, the path that all of them share as a prefix. */
  | "request.key"
  | "spike/system/secret"
  | "spike/system/acl"
  | "spike/system/audit";

/** A permission that a role or a policy can grant, on a path of the request or on a reserved path. */
export interface PermissionWant {
  /** Discriminates from {@linkcode RoleWant}. */
  readonly by: "permission";
  /** The permission that the caller needs. */
  readonly permission: Permission;
  /** Where the request has several paths, the operation checks each. */
  readonly on: PermissionTarget;
  /** Roles that have the permission on every target, without a policy. */
  readonly roles: readonly Role[];
  /** Roles that have it for the default cipher key alone. */
  readonly defaultKeyRoles?: readonly Role[];
  /** A caller who has the permission on other paths only may call as well, and sees only those paths. */
  readonly orPartly?: true;
}

/** Only callers with one of these roles. */
export interface RoleWant {
  /** Discriminates from {@linkcode PermissionWant}. */
  readonly by: "role";
  /** Any one of these roles suffices. */
  readonly roles: readonly Role[];
}

/** What authorizes a caller. */
export type Want = PermissionWant | RoleWant;

/**
 * When Nexus serves an operation: once it is `ready`; also while its key is `provisional`, for the proof that makes the
 * key final; or in `every-state`, for operations that help Nexus to obtain a key.
 */
export type ServedIn = "ready" | "provisional" | "every-state";

/** Forms in which a body may come besides JSON. */
export type BodyForm = "bytes" | "stream";

/** One operation. Every operation has a `want`. */
export interface OperationDefinition {
  /** The server that offers the operation. */
  readonly server: "nexus" | "keeper";
  /** Path of the URL, such as `/v1/store/secrets`. */
  readonly path: string;
  /** The query parameter `action`; empty is the default action. */
  readonly action: string;
  /** What the caller needs. */
  readonly want: Want;
  /** The states of Nexus in which the operation is served. */
  readonly servedIn: ServedIn;
  /** Whether a Nexus without a store of secrets and policies (backend `lite`) has it. */
  readonly isInLite: boolean;
  /** Whether it concerns recovery shards, which a Nexus with a memory store does not have. */
  readonly isAboutShards: boolean;
  /** Whether a caller named by a token, on the connection of a proxy, may use it (design: proxied callers). */
  readonly isOpenToTokens: boolean;
  /** Longest body in JSON, in bytes. */
  readonly bodyLimit: number;
  /** Whether the limit of the encryption service, a setting, takes the place of `bodyLimit`. */
  readonly hasCipherLimit: boolean;
  /** Whether bytes may travel as numbers, many elements of a list in JSON. */
  readonly carriesBytes: boolean;
  /** Forms of the body besides JSON. */
  readonly forms: readonly BodyForm[];
  /**
   * Whether the caller is authorized before the body is read as well as after it is decoded. A caller who is not
   * authorized on the default target is checked again against what the body names.
   */
  readonly checksCallerFirst: boolean;
  /** Schema of the request. */
  readonly request: MessageSchema;
  /** Schema of the answer as the client of this project reads it; absent where it does not. */
  readonly answer?: MessageSchema;
  /** What an answer holds besides the error when the operation failed. */
  readonly zero: Readonly<Record<string, unknown>>;
}

/** Longest bodies, in bytes. */
export const BODY = {
  /** A value at its limit, in base64 or with escapes, with room for the rest of the message. */
  value: 2_097_152,
  /** All custom metadata at its limits, with escapes. */
  custom: 262_144,
  /** A ciphertext at the original's limit, in base64, with room for the rest of the message. */
  ciphertext: 131_072,
  /** Everything else. */
  small: 65_536,
} as const;

/** Defaults of a definition. */
const USUAL = {
  server: "nexus",
  action: "",
  servedIn: "ready",
  isInLite: true,
  isAboutShards: false,
  isOpenToTokens: false,
  bodyLimit: BODY.small,
  hasCipherLimit: false,
  carriesBytes: false,
  forms: [],
  checksCallerFirst: false,
  zero: {},
} as const;

type Given =
  & Pick<OperationDefinition, "path" | "want" | "request">
  & Partial<OperationDefinition>;

/** Completes a definition with the defaults; its own members override them. */
export function define<const D extends Given>(given: D): Omit<typeof USUAL, keyof D> & D {
  return { ...USUAL, ...given };
}
