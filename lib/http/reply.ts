/** Answers of a handler besides JSON values, and what it gets of a request besides the body. */

/** Conditions that came with a request. */
export interface Conditions {
  /** Whether the caller has this state already, by its If-None-Match (RFC 9110 section 13.1.2). */
  isKnown(tag: string): boolean;
  /** Whether the caller has disconnected, so that the answer is of no use. */
  hasLeft?(): boolean;
}

/** A JSON value with the tag of the state that it was read from. */
export class Tagged {
  /** `tag` names the state that `value` was read from. */
  constructor(readonly tag: string, readonly value: unknown) {}
}

/** The caller has this state already, and gets nothing. */
export class NotModified {
  /** `tag` names the state that the client knows already. */
  constructor(readonly tag: string) {}
}

/** The header that names a state. */
export function entityTag(tag: string): { etag: string } {
  return { etag: `"${tag}"` };
}

/** Reads the conditions of a request. */
export function conditionsOf(headers: Headers, hasLeft: () => boolean = () => false): Conditions {
  const given = headers.get("if-none-match");
  if (given === null) return { isKnown: () => false, hasLeft };
  // For reads the weak comparison is the right one (section 8.8.3.2).
  // A list and not a set, since the runtime hashes numbers that a caller chooses without a secret.
  const tags = given.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return { isKnown: (tag) => tags.includes("*") || tags.includes(entityTag(tag).etag), hasLeft };
}
