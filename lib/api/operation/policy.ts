/** Operations on policies, and questions about access. */
import * as v from "valibot";
import { message } from "../decode.ts";
import { flag, integer, maybeText, text, texts } from "../member.ts";
import { ZERO_TIME } from "../time.ts";
import { define, type Permission } from "./definition.ts";

function want<const P extends Permission>(permission: P) {
  return {
    by: "permission",
    permission,
    on: "spike/system/acl",
    roles: ["superuser", "admin"],
  } as const;
}

/** Of every operation on policies. */
const COMMON = { path: "/v1/acl/policy", isInLite: false, isOpenToTokens: true } as const;

/** The member is called `id`, but what it holds is the policy's name. */
const policyName = message({ id: text });

/** What decided. */
const decision = { allowed: flag, by: text, role: maybeText, policy: maybeText };

/** Operations on policies by name. */
export const POLICY_OPERATIONS = {
  "policy.put": define({
    ...COMMON,
    want: want("write"),
    request: message({
      name: text,
      spiffeidPattern: text,
      pathPattern: text,
      permissions: texts,
    }),
    answer: message({ id: text, warnings: texts, err: text }),
  }),
  "policy.get": define({
    ...COMMON,
    action: "get",
    want: want("read"),
    request: policyName,
    answer: message({
      id: text,
      name: text,
      // Servers of the original know only the first spelling.
      spiffiedPattern: text,
      spiffeidPattern: text,
      pathPattern: text,
      permissions: texts,
      createdAt: text,
      updatedAt: text,
      err: text,
    }),
    zero: {
      id: "",
      name: "",
      spiffiedPattern: "",
      spiffeidPattern: "",
      pathPattern: "",
      permissions: null,
      createdAt: ZERO_TIME,
      updatedAt: ZERO_TIME,
    },
  }),
  "policy.delete": define({
    ...COMMON,
    action: "delete",
    want: want("write"),
    request: policyName,
    answer: message({ err: text }),
  }),
  "policy.list": define({
    ...COMMON,
    action: "list",
    want: want("list"),
    request: message({ spiffeidPattern: text, pathPattern: text }),
    answer: message({
      policies: v.optional(v.array(message({ id: text, name: text })), []),
      err: text,
    }),
    zero: { policies: null },
  }),
  "policy.explain": define({
    ...COMMON,
    action: "explain",
    want: want("read"),
    request: message({ spiffeid: text, path: text, permissions: texts }),
    answer: message({
      ...decision,
      policies: texts,
      missing: texts,
      misses: v.optional(v.array(message({ policy: text, lacks: text, missing: texts })), []),
      omitted: integer,
      reason: text,
      err: text,
    }),
  }),
  "policy.whoCan": define({
    ...COMMON,
    action: "who-can",
    want: want("read"),
    request: message({ path: text, permissions: texts, spiffeids: texts }),
    answer: message({
      policies: v.optional(
        v.array(
          message({ policy: text, spiffeidPattern: text, pathPattern: text, permissions: texts }),
        ),
        [],
      ),
      roles: v.optional(v.array(message({ role: text, spiffeids: texts })), []),
      spiffeids: v.optional(v.array(message({ spiffeid: text, ...decision })), []),
      err: text,
    }),
  }),
} as const;
