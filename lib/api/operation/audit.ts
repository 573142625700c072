/** Operations on the audit log. */
import { message } from "../decode.ts";
import { maybeInteger, text, texts } from "../member.ts";
import { define } from "./definition.ts";

/** Of every operation on the audit log. */
const COMMON = {
  path: "/v1/audit",
  want: {
    by: "permission",
    permission: "read",
    on: "spike/system/audit",
    roles: ["superuser", "admin"],
  },
  isOpenToTokens: true,
} as const;

/** Operations on the audit log by name. */
export const AUDIT_OPERATIONS = {
  "audit.tail": define({
    ...COMMON,
    action: "tail",
    request: message({ after: maybeInteger, limit: maybeInteger }),
    answer: message({ log: text, records: texts, err: text }),
  }),
  "audit.export": define({
    ...COMMON,
    action: "export",
    request: message({}),
    answer: message({ log: text, keys: texts, checkpoint: text, err: text }),
  }),
} as const;
