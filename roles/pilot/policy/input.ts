import { SpikeError } from "../../../lib/error/error.ts";
import { quoteValue } from "../../../lib/text/quote.ts";
import {
  parsePolicy,
  parsePolicyName,
  type PatternMember,
  type Policy,
  unanchoredPatterns,
} from "../../../lib/policy/policy.ts";
import type { PolicyDraft } from "../../../lib/policy/policy.ts";
import type { TextSink } from "../io.ts";
import { asInputError } from "../terminal/report.ts";

/** The four flags that say what a policy is. */
export interface PolicyFlags {
  readonly name?: string;
  readonly pathPattern?: string;
  readonly spiffeidPattern?: string;
  readonly permissions?: string;
}

const FLAGS = [
  ["name", "--name"],
  ["pathPattern", "--path-pattern"],
  ["spiffeidPattern", "--spiffeid-pattern"],
  ["permissions", "--permissions"],
] as const;

/** Those of the four flags that were given. */
export function givenFlags(flags: PolicyFlags): string[] {
  return FLAGS.filter(([member]) => flags[member] !== undefined).map(([, flag]) => flag);
}

/** What the flags say, not yet checked. @throws SpikeError `usage` that names every flag that is missing */
export function draftOf({ name, pathPattern, spiffeidPattern, permissions }: PolicyFlags) {
  if (name && pathPattern && spiffeidPattern && permissions) {
    const words = permissions.split(",").map((word) => word.trim()).filter((word) => word !== "");
    return { name, pathPattern, spiffeidPattern, permissions: words };
  }
  const given = { name, pathPattern, spiffeidPattern, permissions };
  const missing = FLAGS.filter(([member]) => !given[member]).map(([, flag]) => flag);
  throw new SpikeError("usage", "Flags are missing", {
    details: missing,
    hint: "A policy requires all four; see the example in --help",
  });
}

/** Checks a policy as Nexus will, with reasons that Nexus does not tell. @throws SpikeError `data_invalid_input` */
export function checkPolicy(draft: PolicyDraft, stderr: TextSink): Policy {
  const { policy } = asInputError(() => parsePolicy(draft));
  for (const member of unanchoredPatterns(policy)) warnUnanchored(stderr, policy, member);
  return policy;
}

/** Tells of a pattern that is not anchored; `place` says where it stands. */
export function warnUnanchored(
  stderr: TextSink,
  policy: Policy,
  member: PatternMember,
  place = "",
): void {
  stderr.print(
    `Warning: ${place}${member} '${policy[member]}' is not anchored: ` +
      "it may match more than you mean; write ^…$",
  );
}

/** The name of a policy, from an argument or a flag. @throws SpikeError `usage` or `data_invalid_input` */
export function requireName(given: string | undefined): string {
  if (given === undefined) {
    throw new SpikeError("usage", "Missing required argument 'name'", {
      hint: "Pass the name as argument or with --name",
    });
  }
  return asInputError(() => parsePolicyName(given));
}

/** Runs a call about one policy; what is not there is named. */
export async function namingPolicy<T>(name: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof SpikeError) || error.code !== "api_not_found") throw error;
    throw new SpikeError("api_not_found", `Policy not found: ${quoteValue(name)}`, {
      hint: "See `spike policy list`",
      cause: error,
    });
  }
}
