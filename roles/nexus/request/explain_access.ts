/** Handlers that explain access: why a caller has a permission or lacks it, and which callers have it. */
import {
  type AccessExplanation,
  explainAccess,
  parseAskedId,
  parseQuestion,
  parseWanted,
  whoCan,
} from "../../../lib/access/mod.ts";
import { type RequestOf } from "../../../lib/api/mod.ts";
import { SpikeError } from "../../../lib/error/mod.ts";
import type { PolicySet } from "../../../lib/policy/mod.ts";
import { parseSecretPath } from "../../../lib/secret/mod.ts";
import type { TrustRoots } from "../../../lib/spiffe/mod.ts";

/** How many of the closest policies are listed; further ones are counted. */
const MAX_MISSES = 20;
/** Most IDs that one question may be about. */
const MAX_IDS = 100;

/** Answers `policy.explain`. */
export function answerExplanation(
  set: PolicySet,
  request: RequestOf<"policy.explain">,
  roots: TrustRoots,
): unknown {
  const { misses, policies, missing, reason, ...decision } = explainAccess(
    set,
    parseQuestion(request),
    roots,
  );
  return {
    ...decision,
    policies,
    missing,
    misses: misses.slice(0, MAX_MISSES),
    omitted: Math.max(0, misses.length - MAX_MISSES),
    reason,
  };
}

/** Answers `policy.whoCan`. */
export function answerWhoCan(
  set: PolicySet,
  { path, permissions, spiffeids }: RequestOf<"policy.whoCan">,
  roots: TrustRoots,
): unknown {
  const question = { path: parseSecretPath(path), wanted: parseWanted(permissions) };
  if (spiffeids.length > MAX_IDS) {
    throw new SpikeError(
      "api_bad_request",
      `${spiffeids.length} SPIFFE IDs were given, at most ${MAX_IDS} are allowed`,
    );
  }
  const asked = spiffeids.map(parseAskedId);
  const { policies, roles } = whoCan(set, question, roots);
  return {
    policies,
    roles: roles.map(({ role, ids }) => ({ role, spiffeids: ids })),
    spiffeids: asked.map((id) => ({
      spiffeid: id,
      ...decisionOf(explainAccess(set, { id, ...question }, roots)),
    })),
  };
}

function decisionOf({ allowed, by, role, policy }: AccessExplanation) {
  return {
    allowed,
    by,
    ...(role === undefined ? {} : { role }),
    ...(policy === undefined ? {} : { policy }),
  };
}
