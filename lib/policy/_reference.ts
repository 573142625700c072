/** For tests: the rules once more, as simply as they can be said, and random questions to hold against them. */
import fc from "fast-check";
import { RE2JS } from "re2js";
import { policies, subject } from "./_sample.ts";
import type { Question } from "./decide.ts";
import { faultOf } from "./pattern.ts";
import { PERMISSIONS } from "./permission.ts";
import type { Policy } from "./policy.ts";

/** A caller that many random policies are about. */
export const WEB = "spiffe://example.org/web";

const COMPILED = new Map<string, RE2JS>();

/** The engine's own verdict; what was compiled is kept, since a few patterns are asked again and again. */
function isFound(pattern: string, text: string): boolean {
  let compiled = COMPILED.get(pattern);
  if (!compiled) COMPILED.set(pattern, compiled = RE2JS.compile(pattern));
  if (COMPILED.size > 10_000) COMPILED.clear();
  return compiled.test(text);
}

/** The name of the policy that grants it, the first if several do. */
export function naive(
  given: readonly Policy[],
  { id, path, wanted }: Question,
): string | undefined {
  const isReserved = path.startsWith("spike/system/");
  const names = given.filter(({ spiffeidPattern, pathPattern, permissions }) => {
    if (!isFound(spiffeidPattern, id) || !isFound(pathPattern, path)) return false;
    if (isReserved) {
      if (!isFound(`^(?:${pathPattern})$`, path)) return false;
      if (!/^\^.*\$$/s.test(spiffeidPattern)) return false;
    }
    const hasAll = permissions.includes("super") || (permissions.includes("admin") && !isReserved);
    return hasAll || wanted.every((one) => permissions.includes(one));
  }).map(({ name }) => name);
  return names.sort()[0];
}

/** The last of each name, since names are unique in a store, and only what compiles. */
export function storable(given: readonly Policy[]): Policy[] {
  const unique = [...new Map(given.map((policy) => [policy.name, policy])).values()];
  return unique.filter(({ spiffeidPattern, pathPattern }) =>
    !faultOf(spiffeidPattern) && !faultOf(pathPattern)
  );
}

/** IDs that random policies often find; most are no SPIFFE IDs. */
export const id = fc.oneof(
  subject,
  fc.constantFrom(WEB, `${WEB}/1`, "spiffe://example.org"),
);

/** Paths that random policies often find, reserved ones among them. */
export const path = fc.oneof(
  subject,
  fc.constantFrom("spike/system/acl", "spike/system/x", "a/b", "a/", "spike/system/cipher/key/k"),
);

/** One or more permissions. */
export const wanted = fc.uniqueArray(fc.constantFrom(...PERMISSIONS), { minLength: 1 });

/** Questions to policies. */
export const questions: fc.Arbitrary<Question[]> = fc.array(
  fc.record({ id, path, wanted }),
  { maxLength: 12 },
);

/** What can be stored together, and what is asked of it. */
export const world: fc.Arbitrary<{ readonly known: Policy[]; readonly asked: Question[] }> = fc
  .record({ known: policies.map(storable), asked: questions });
