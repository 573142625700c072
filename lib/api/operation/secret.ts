/** Operations on secrets. */
import * as v from "valibot";
import { message } from "../decode.ts";
import {
  byVersion,
  flag,
  integer,
  integers,
  maybeFlag,
  maybeInteger,
  maybeIntegers,
  maybeStringMap,
  maybeText,
  stringMap,
  text,
  texts,
} from "../member.ts";
import { ZERO_TIME } from "../time.ts";
import { BODY, define, type Permission, type PermissionTarget } from "./definition.ts";

const PATH = "/v1/store/secrets";
const METADATA_PATH = `${PATH}/metadata`;

function want<const P extends Permission, const T extends PermissionTarget>(permission: P, on: T) {
  return { by: "permission", permission, on, roles: ["superuser", "operator"] } as const;
}

const read = want("read", "request.path");
const write = want("write", "request.path");

/** Of every operation on secrets. */
const COMMON = { path: PATH, isInLite: false, isOpenToTokens: true } as const;

const change = {
  path: text,
  cas: maybeInteger,
  /** Whether the answer lists the numbers of which no version exists. */
  report: flag,
};
const versions = message({ ...change, versions: integers });
const transfer = message({ from: text, to: text, version: integer, cas: maybeInteger });

/** One version of a secret. Servers of the original leave out everything after `deletedTime`. */
const version = {
  createdTime: text,
  version: integer,
  deletedTime: maybeText,
  createdBy: maybeText,
  deletedBy: maybeText,
  destroyedTime: maybeText,
  destroyedBy: maybeText,
};

/** A secret as a whole. */
const metadata = {
  currentVersion: integer,
  oldestVersion: integer,
  createdTime: text,
  updatedTime: text,
  maxVersions: integer,
  expiresAt: maybeText,
  custom: stringMap,
};

/** A secret, or the error that prevented reading it. */
const secret = {
  path: text,
  data: stringMap,
  binary: stringMap,
  version: maybeInteger,
  expiresAt: maybeText,
  err: text,
};

const written = message({ version: maybeInteger, missing: integers, err: text });

/** Operations on secrets by name. */
export const SECRET_OPERATIONS = {
  "secret.put": define({
    ...COMMON,
    want: write,
    bodyLimit: BODY.value,
    request: message({
      path: text,
      /** Null is a value; when it is absent, the member was misspelt or the action is missing. */
      values: maybeStringMap,
      /** In base64: values that are not text. */
      binary: stringMap,
      cas: maybeInteger,
    }, ["values"]),
    answer: written,
  }),
  "secret.get": define({
    ...COMMON,
    action: "get",
    want: read,
    request: message({ path: text, version: integer }),
    answer: message(secret),
    zero: { data: null },
  }),
  "secret.delete": define({
    ...COMMON,
    action: "delete",
    want: write,
    request: versions,
    answer: written,
  }),
  "secret.undelete": define({
    ...COMMON,
    action: "undelete",
    want: write,
    request: versions,
    answer: written,
  }),
  "secret.list": define({
    ...COMMON,
    action: "list",
    want: { ...want("list", "spike/system/secret"), orPartly: true },
    request: message({ prefix: text, recursive: maybeFlag, limit: maybeInteger, after: text }),
    answer: message({ keys: texts, expired: texts, next: maybeText, err: text }),
    zero: { keys: null },
  }),
  "secret.batch": define({
    ...COMMON,
    action: "batch",
    want: want("read", "request.paths"),
    request: message({ paths: texts }),
    answer: message({ secrets: v.optional(v.array(message(secret)), []), err: text }),
    zero: { secrets: null },
  }),
  "secret.destroy": define({
    ...COMMON,
    action: "destroy",
    want: write,
    // Destruction is permanent, so the list is required.
    request: message({ ...change, versions: maybeIntegers }),
    answer: written,
  }),
  "secret.purge": define({
    ...COMMON,
    action: "purge",
    want: write,
    request: message({ path: text, cas: maybeInteger }),
    answer: written,
  }),
  "secret.copy": define({
    ...COMMON,
    action: "copy",
    want: want("write", "request.to"),
    request: transfer,
    answer: written,
  }),
  "secret.move": define({
    ...COMMON,
    action: "move",
    want: want("write", "request.to"),
    request: transfer,
    answer: written,
  }),
  "secret.metadata": define({
    ...COMMON,
    path: METADATA_PATH,
    action: "get",
    want: read,
    request: message({ path: text, version: integer, all: flag }),
    answer: message({
      versions: byVersion(version),
      metadata: v.exactOptional(message(metadata)),
      err: text,
    }),
    zero: {
      metadata: {
        currentVersion: 0,
        oldestVersion: 0,
        createdTime: ZERO_TIME,
        updatedTime: ZERO_TIME,
        maxVersions: 0,
      },
    },
  }),
  "secret.setMetadata": define({
    ...COMMON,
    path: METADATA_PATH,
    action: "set",
    want: write,
    bodyLimit: BODY.custom,
    request: message({
      path: text,
      custom: stringMap,
      unset: texts,
      maxVersions: maybeInteger,
      /** RFC 3339, or `never`. */
      expiresAt: maybeText,
      cas: maybeInteger,
    }),
    answer: written,
  }),
} as const;
