import { bounded, boundedList, type Hash, LIST_LIMIT, TEXT_BYTES } from "./bounded.ts";
import type { Subject } from "./entry.ts";

/** Members that name things, in any request. Nothing that may hold a value is ever listed here. */
const NAMES = [
  "id",
  "name",
  "key",
  "prefix",
  "from",
  "to",
  "source",
  "destination",
  "paths",
  "spiffeidPattern",
  "pathPattern",
] as const;

/** The names in a decoded request, of bounded length. */
export function subjectOf(request: unknown, hash?: Hash): Subject {
  const members: Readonly<Record<string, unknown>> = Object(request);
  const { path, version, versions } = members;
  const names = Object.fromEntries(NAMES.flatMap((name) => {
    const named = nameOf(members[name], hash);
    return named === undefined ? [] : [[name, named]];
  }));
  return {
    ...(typeof path === "string" && path !== "" ? { path: bounded(path, TEXT_BYTES, hash) } : {}),
    ...(isNumber(version) && version !== 0 ? { version } : {}),
    ...(isNumbers(versions) ? { versions: versions.slice(0, LIST_LIMIT) } : {}),
    ...(Object.keys(names).length > 0 ? { names } : {}),
  };
}

/**
 * Adds what the answer shows: the version that the request left open, the denied paths of a batch, and whether the
 * caller of a copy may not read it.
 */
export function withAnswer(subject: Subject, answer: unknown, hash?: Hash): Subject {
  const { version, secrets, blind }: Readonly<Record<string, unknown>> = Object(answer);
  const refused = Array.isArray(secrets)
    ? nameOf(secrets.filter(({ err }) => err !== undefined).map(({ path }) => path), hash)
    : undefined;
  const names = {
    ...(refused === undefined ? {} : { refused }),
    ...(blind === true ? { blind: "true" } : {}),
  };
  return {
    ...subject,
    ...(isNumber(version) ? { version } : {}),
    ...(Object.keys(names).length > 0 ? { names: { ...subject.names, ...names } } : {}),
  };
}

/** With more names. */
export function withNames(subject: Subject, names: Subject["names"] = {}): Subject {
  return Object.keys(names).length === 0
    ? subject
    : { ...subject, names: { ...subject.names, ...names } };
}

function nameOf(value: unknown, hash?: Hash): string | readonly string[] | undefined {
  if (typeof value === "string" && value !== "") return bounded(value, TEXT_BYTES, hash);
  if (typeof value === "number" && value !== 0) return String(value);
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const texts = value.slice(0, LIST_LIMIT).filter((one) => typeof one === "string");
  return texts.length > 0 ? boundedList(texts, hash) : undefined;
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value);
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.every(isNumber);
}
