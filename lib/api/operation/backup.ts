/** Backups of the database. */
import { message } from "../decode.ts";
import { text } from "../member.ts";
import { define } from "./definition.ts";

/** Of every operation on backups. */
const COMMON = {
  path: "/v1/operator/backup",
  want: { by: "role", roles: ["superuser"] },
  answer: message({ err: text }),
} as const;

/** Operations on backups by name. */
export const BACKUP_OPERATIONS = {
  "operator.backup": define({ ...COMMON, forms: ["stream"], request: message({}) }),
  "operator.backup.confirm": define({
    ...COMMON,
    action: "confirm",
    request: message({ sha256: text }),
  }),
} as const;
