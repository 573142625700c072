import { SpikeError } from "../error/error.ts";
import type { Permission } from "../policy/permission.ts";
import { isPermission, PERMISSIONS } from "../policy/mod.ts";
import { parseSecretPath } from "../secret/name.ts";
import { parseSpiffeId, type SpiffeId, SpiffeIdError } from "../spiffe/id.ts";
import type { AccessQuestion } from "./explain.ts";

/** A question about access before it is validated. */
export interface QuestionDraft {
  /** SPIFFE ID as text. */
  readonly spiffeid: string;
  /** Secret path as text. */
  readonly path: string;
  /** Names of single permissions such as `read`. */
  readonly permissions: readonly string[];
}

/**
 * Validates a question.
 *
 * @throws {SpikeError} `api_bad_request`
 */
export function parseQuestion({ spiffeid, path, permissions }: QuestionDraft): AccessQuestion {
  return {
    id: parseAskedId(spiffeid),
    path: parseSecretPath(path),
    wanted: parseWanted(permissions),
  };
}

/**
 * Validates the SPIFFE ID of a question.
 *
 * @throws {SpikeError} `api_bad_request`
 */
export function parseAskedId(text: string): SpiffeId {
  try {
    return parseSpiffeId(text);
  } catch (error) {
    if (!(error instanceof SpiffeIdError)) throw error;
    const hint = error.hint === undefined ? {} : { hint: error.hint };
    throw new SpikeError("api_bad_request", error.message, { ...hint, cause: error });
  }
}

/**
 * Validates the wanted permissions. A word that stands for several permissions, such as `super`, is rejected.
 *
 * @throws {SpikeError} `api_bad_request`
 */
export function parseWanted(words: readonly string[]): readonly Permission[] {
  const hint = `Give one or more of ${PERMISSIONS.join(", ")}`;
  if (words.length === 0) {
    throw new SpikeError("api_bad_request", "No permission is given", { hint });
  }
  const wanted = words.map((word) => {
    if (isPermission(word)) return word;
    const shown = JSON.stringify(word.slice(0, 80));
    throw new SpikeError("api_bad_request", `${shown} is not a permission that can be queried`, {
      hint,
    });
  });
  return [...new Set(wanted)];
}
