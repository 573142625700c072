import { SpikeError } from "../error/error.ts";
import { faultOf, type Pattern, patternOf } from "./pattern.ts";
import { isPermissionWord, PERMISSION_WORDS, type PermissionWord } from "./permission.ts";
import { reservedPathMissed } from "./reserved.ts";
import { isUnanchored } from "./shape.ts";

/** Grants permissions on paths to SPIFFE IDs. Policies only allow; there are no deny policies. */
export interface Policy {
  /** Unique; 1 to 250 bytes. */
  readonly name: string;
  /** RE2 expression that must match somewhere in the caller's SPIFFE ID. */
  readonly spiffeidPattern: string;
  /** RE2 expression that must match somewhere in the path. */
  readonly pathPattern: string;
  /** At least one, each once. */
  readonly permissions: readonly PermissionWord[];
}

/** A policy as received, before validation. */
export interface PolicyDraft extends Omit<Policy, "permissions"> {
  /** Not yet checked. */
  readonly permissions: readonly string[];
}

/** A policy ready to be evaluated. */
export interface CompiledPolicy {
  /** As in {@linkcode Policy}. */
  readonly name: string;
  /** Matches SPIFFE IDs. */
  readonly id: Pattern;
  /** Matches paths. */
  readonly path: Pattern;
  /** As in {@linkcode Policy}. */
  readonly permissions: readonly PermissionWord[];
}

/** A member of a policy that holds a pattern. */
export type PatternMember = "spiffeidPattern" | "pathPattern";

/** Most bytes of a policy's name. */
export const MAX_NAME_BYTES = 250;
/** Most bytes of a path pattern. */
export const MAX_PATH_PATTERN_BYTES = 500;
/** Most bytes of a SPIFFE ID pattern, the same as of a SPIFFE ID. */
export const MAX_ID_PATTERN_BYTES = 2048;

const NAME = /^[a-zA-Z0-9\-_ ]+$/;
/** The expression of SPIKE in Go, with its repeated group written so that it matches in linear time. */
const ID_PATTERN = /^\^?spiffe:\/\/[\\a-zA-Z0-9.\-*()+?[\]]+(?:\/[\\/a-zA-Z0-9._\-*()+?[\]]+)?\$?$/;
const PATH_PATTERN = /^[a-zA-Z0-9._\-/^$()?+*|[\]{}\\]+$/;
const ID_CHARACTERS =
  "spiffe:// and then letters, digits and . - * ( ) + ? [ ] \\, after a / also _";
const PATH_CHARACTERS = "letters, digits and . _ - / ^ $ ( ) ? + * | [ ] { } \\";
/** Enough of an invalid text to recognize it. */
const SHOWN_CHARACTERS = 80;

/**
 * Validates a policy's name.
 *
 * @throws {SpikeError} api_bad_request
 */
export function parsePolicyName(name: string): string {
  requireText("Policy name", name, MAX_NAME_BYTES, NAME, "letters, digits, -, _ and blank");
  return name;
}

/**
 * Validates and compiles a policy.
 *
 * @throws {SpikeError} api_bad_request for an invalid member, for a pattern that is not an RE2 expression or too complex,
 * and for a policy that matches a reserved path without being anchored (see `reserved.ts`)
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

/** Compiles a policy that was validated before. */
export function compilePolicy(policy: Policy): CompiledPolicy {
  return {
    name: policy.name,
    id: patternOf(policy.spiffeidPattern),
    path: patternOf(policy.pathPattern),
    permissions: policy.permissions,
  };
}

/** Patterns of a policy that may match more than intended; see `isUnanchored`. */
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

/** Quoted and escaped, so that no control character reaches a terminal or a log. */
function shown(text: string): string {
  return JSON.stringify(
    text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text,
  );
}
