import { SpikeError } from "../error/error.ts";
import type { Permission } from "../policy/permission.ts";
import { isPermission, PERMISSIONS } from "../policy/mod.ts";
import { parseSecretPath } from "../secret/name.ts";
import { parseSpiffeId, type SpiffeId, SpiffeIdError } from "../spiffe/id.ts";
import type { AccessQuestion } from "./explain.ts";

/** What a question about access says, before it is checked. */
export interface QuestionDraft {
  /** SPIFFE ID as text. */
  readonly spiffeid: string;
  /** Secret path as text. */
  readonly path: string;
  /** Names of single permissions such as `read`. */
  readonly permissions: readonly string[];
}

/** Checks a question. @throws SpikeError `api_bad_request` */
export function parseQuestion({ spiffeid, path, permissions }: QuestionDraft): AccessQuestion {
  return {
    id: parseAskedId(spiffeid),
    path: parseSecretPath(path),
    wanted: parseWanted(permissions),
  };
}

/** Checks a SPIFFE ID that is asked about. @throws SpikeError `api_bad_request` */
export function parseAskedId(text: string): SpiffeId {
  try {
    return parseSpiffeId(text);
  } catch (error) {
    if (!(error instanceof SpiffeIdError)) throw error;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    throw new SpikeError("api_bad_request", error.message, { ...hint, cause: error });
  }
}

/** Checks what is wanted; words that stand for several permissions are none. @throws SpikeError `api_bad_request` */
export function parseWanted(words: readonly string[]): readonly Permission[] {
  const hint = `Give one or more of ${PERMISSIONS.join(", ")}`;
  if (words.length === 0) {
    throw new SpikeError("api_bad_request", "No permission is asked about", { hint });
  }
  const wanted = words.map((word) => {
    if (isPermission(word)) return word;
    const shown = JSON.stringify(word.slice(0, 80));
    throw new SpikeError("api_bad_request", `Permission ${shown} cannot be asked about`, { hint });
  });
  return [...new Set(wanted)];
}
