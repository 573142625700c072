/**
 * All operations of all servers, each defined once. Routes, decoding, authorization, the types of the client and the
 * operations of each backend follow from these definitions; the hand-written tables in `tests/contract` check them.
 *
 * @example The definition of one operation
 * ```ts
 * import assert from "node:assert/strict";
 * import { OPERATIONS, type RequestOf } from "./mod.ts";
 *
 * const { path, action, want } = OPERATIONS["secret.get"];
 * assert.deepEqual([path, action], ["/v1/store/secrets", "get"]);
 * assert.deepEqual([want.permission, want.on], ["read", "request.path"]);
 *
 * const request: RequestOf<"secret.get"> = { path: "tenants/acme/db", version: 0 };
 * assert.equal(request.version, 0);
 * ```
 *
 * @module
 */
import type { Decoded } from "../decode.ts";
import { AUDIT_OPERATIONS } from "./audit.ts";
import { BACKUP_OPERATIONS } from "./backup.ts";
import { CIPHER_OPERATIONS } from "./cipher.ts";
import type { BodyForm, OperationDefinition } from "./definition.ts";
import { KEEPER_OPERATIONS } from "./keeper.ts";
import { OPERATOR_OPERATIONS } from "./operator.ts";
import { POLICY_OPERATIONS } from "./policy.ts";
import { SECRET_OPERATIONS } from "./secret.ts";

export type {
  BodyForm,
  OperationDefinition,
  Permission,
  PermissionTarget,
  PermissionWant,
  RoleWant,
  ServedIn,
  Want,
} from "./definition.ts";

/**
 * The definitions of all operations.
 *
 * @internal
 */
export const DEFINITIONS = {
  ...SECRET_OPERATIONS,
  ...POLICY_OPERATIONS,
  ...AUDIT_OPERATIONS,
  ...CIPHER_OPERATIONS,
  ...OPERATOR_OPERATIONS,
  ...BACKUP_OPERATIONS,
  ...KEEPER_OPERATIONS,
} as const satisfies Readonly<Record<string, OperationDefinition>>;

/** The definitions by name, each with its literal types. */
export type OperationTable = typeof DEFINITIONS;

/** All operations by name. */
export const OPERATIONS: OperationTable = DEFINITIONS;

/** Name of an operation. */
export type Operation = keyof OperationTable;

/** Operations whose answer the client of this project reads. */
export type ClientOperation = {
  [O in Operation]: OperationTable[O] extends { readonly answer: unknown } ? O : never;
}[Operation];

/** Operations of one server. */
export type OperationOf<S extends OperationDefinition["server"]> = {
  [O in Operation]: OperationTable[O]["server"] extends S ? O : never;
}[Operation];

/** Operations that take a body in a form besides JSON. */
export type OperationWith<F extends BodyForm> = {
  [O in Operation]: F extends OperationTable[O]["forms"][number] ? O : never;
}[Operation];

/** The decoded request of an operation. */
export type RequestOf<O extends Operation> = Decoded<OperationTable[O]["request"]>;

/** The decoded answer of an operation. */
export type AnswerOf<O extends ClientOperation> = Decoded<OperationTable[O]["answer"]>;

/** The answer of an operation that succeeded. */
export type ResultOf<O extends ClientOperation> = Omit<AnswerOf<O>, "err">;
