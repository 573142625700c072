import { SpikeError } from "../error/error.ts";
import { faultOf, type Pattern, patternOf } from "./pattern.ts";
import { isPermissionWord, PERMISSION_WORDS, type PermissionWord } from "./permission.ts";
import { reservedPathMissed } from "./reserved.ts";
import { isUnanchored } from "./shape.ts";

/** Who may do what, and where. There are no policies that deny. */
export interface Policy {
  readonly name: string;
  /** RE2 expression that has to be found in the caller's SPIFFE ID. */
  readonly spiffeidPattern: string;
  /** RE2 expression that has to be found in the path. */
  readonly pathPattern: string;
  /** At least one, each once. */
  readonly permissions: readonly PermissionWord[];
}

/** A policy as somebody sent it. */
export interface PolicyDraft extends Omit<Policy, "permissions"> {
  readonly permissions: readonly string[];
}

/** A policy that can be asked. */
export interface CompiledPolicy {
  readonly name: string;
  readonly id: Pattern;
  readonly path: Pattern;
  readonly permissions: readonly PermissionWord[];
}

/** A member of a policy that holds a pattern. */
export type PatternMember = "spiffeidPattern" | "pathPattern";

/** Most bytes of a policy's name. */
export const MAX_NAME_BYTES = 250;
/** Most bytes of a path pattern. */
export const MAX_PATH_PATTERN_BYTES = 500;
/** Most bytes of a SPIFFE ID pattern; an ID itself has at most as many. */
export const MAX_ID_PATTERN_BYTES = 2048;

const NAME = /^[a-zA-Z0-9\-_ ]+$/;
/** The original's, with its repeated group written so that it is tested in linear time. */
const ID_PATTERN = /^\^?spiffe:\/\/[\\a-zA-Z0-9.\-*()+?[\]]+(?:\/[\\/a-zA-Z0-9._\-*()+?[\]]+)?\$?$/;
const PATH_PATTERN = /^[a-zA-Z0-9._\-/^$()?+*|[\]{}\\]+$/;
const ID_CHARACTERS =
  "spiffe:// and then letters, digits and . - * ( ) + ? [ ] \\, after a / also _";
const PATH_CHARACTERS = "letters, digits and . _ - / ^ $ ( ) ? + * | [ ] { } \\";
/** Enough of a bad text to recognise it. */
const SHOWN_CHARACTERS = 80;

/** Checks a policy's name. Throws `api_bad_request`. */
export function parsePolicyName(name: string): string {
  requireText("Policy name", name, MAX_NAME_BYTES, NAME, "letters, digits, -, _ and blank");
  return name;
}

/**
 * Checks and compiles what somebody sent. Throws `api_bad_request` for a member that cannot be one, for a
 * pattern that is no RE2 expression or too complex, and for a policy that would hit a reserved path without being
 * fit to count there (see `reserved.ts`).
 */
export function parsePolicy(draft: PolicyDraft): { policy: Policy; compiled: CompiledPolicy } {
  const { name, spiffeidPattern, pathPattern } = draft;
  parsePolicyName(name);
  requireText(
    "SPIFFE ID pattern",
    spiffeidPattern,
    MAX_ID_PATTERN_BYTES,
    ID_PATTERN,
    ID_CHARACTERS,
  );
  requireText("Path pattern", pathPattern, MAX_PATH_PATTERN_BYTES, PATH_PATTERN, PATH_CHARACTERS);
  const permissions = parsePermissions(draft.permissions);
  const policy = { name, spiffeidPattern, pathPattern, permissions };
  requirePattern("SPIFFE ID pattern", spiffeidPattern);
  requirePattern("Path pattern", pathPattern);
  const compiled = compilePolicy(policy);
  const missed = reservedPathMissed(compiled);
  if (missed !== undefined) throw unfitForReserved(compiled, missed);
  return { policy, compiled };
}

/** Makes a policy that was parsed before ready to be asked. */
export function compilePolicy(policy: Policy): CompiledPolicy {
  return {
    name: policy.name,
    id: patternOf(policy.spiffeidPattern),
    path: patternOf(policy.pathPattern),
    permissions: policy.permissions,
  };
}

/** The patterns of a policy that may find more than their author means; see `isUnanchored`. */
export function unanchoredPatterns(policy: Policy): PatternMember[] {
  const members = ["spiffeidPattern", "pathPattern"] as const;
  return members.filter((member) => isUnanchored(policy[member]));
}

function parsePermissions(words: readonly string[]): PermissionWord[] {
  const expected = PERMISSION_WORDS.join(", ");
  if (words.length === 0) {
    throw new SpikeError("api_bad_request", "Policy has no permissions", {
      hint: `Give one or more of ${expected}`,
    });
  }
  const permissions = words.map((word) => {
    if (isPermissionWord(word)) return word;
    throw new SpikeError("api_bad_request", `Permission ${shown(word)} is not known`, {
      hint: `Use ${expected}, in lower case`,
    });
  });
  return [...new Set(permissions)];
}

function requirePattern(what: string, text: string): void {
  const fault = faultOf(text);
  if (!fault) return;
  const why = fault.kind === "syntax"
    ? `is not an RE2 expression: ${fault.detail}`
    : `is too complex: it needs ${fault.size} instructions`;
  throw new SpikeError("api_bad_request", `${what} ${shown(text)} ${why}`, {
    hint: fault.kind === "syntax"
      ? "RE2 has no look-around and no back-references"
      : "Use fewer or smaller counted repetitions",
  });
}

function unfitForReserved(policy: CompiledPolicy, path: string): SpikeError {
  return new SpikeError(
    "api_bad_request",
    `Policy ${shown(policy.name)} reaches the reserved path ${path} without being anchored`,
    {
      hint:
        "Let the path pattern match the whole reserved path or no part of it, and write the SPIFFE ID pattern as ^…$",
    },
  );
}

function requireText(
  what: string,
  text: string,
  maxBytes: number,
  pattern: RegExp,
  characters: string,
): void {
  if (text === "") throw new SpikeError("api_bad_request", `${what} is empty`);
  const size = new TextEncoder().encode(text).length;
  if (size > maxBytes) {
    throw new SpikeError(
      "api_bad_request",
      `${what} ${shown(text)} is ${size} bytes long, at most ${maxBytes} are allowed`,
    );
  }
  if (!pattern.test(text)) {
    throw new SpikeError("api_bad_request", `${what} ${shown(text)} is not valid`, {
      hint: `Use ${characters}`,
    });
  }
}

/** In quotes and escaped, so that no control character reaches a terminal or a log. */
function shown(text: string): string {
  return JSON.stringify(
    text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text,
  );
}
