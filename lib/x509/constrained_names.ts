import type { Certificate } from "./certificate.ts";
import { type GeneralName, kindOfName, NAME } from "./general_name.ts";
import type { NameConstraints } from "./name_constraints.ts";

/** Bounds the name comparisons of one path search, because an authority can list thousands of names. */
export interface ComparisonBudget {
  /** Comparisons left. */
  left: number;
}

/** Why the name constraints of a path are violated. */
export type ConstraintFault =
  | { readonly kind: "name-constraints"; readonly message: string }
  | { readonly kind: "too-costly"; readonly message: string };

const EMAIL_ADDRESS = "1.2.840.113549.1.9.1=";

/**
 * Checks the name constraints of every authority of a path (leaf first, anchor included), critical or not, against the
 * names of all certificates below it. A self-issued certificate other than the leaf is skipped (RFC 5280 section 6.1.3
 * (b) and (c)).
 */
export function constraintFault(
  path: readonly Certificate[],
  budget: ComparisonBudget,
): ConstraintFault | undefined {
  for (const [i, issuer] of path.entries()) {
    const constraints = issuer.nameConstraints;
    if (i === 0 || constraints === undefined) continue;
    if (constraints.unusable !== undefined) return fault(`An issuer ${constraints.unusable}`);
    for (const [j, below] of path.slice(0, i).entries()) {
      if (j > 0 && below.subject.comparable === below.issuer.comparable) continue;
      for (const name of namesOf(below)) {
        budget.left -= constraints.permitted.length + constraints.excluded.length;
        if (budget.left < 0) return { kind: "too-costly", message: "Too many names to compare" };
        const what = nameFault(name, constraints);
        if (what !== undefined) return fault(`${j === 0 ? "Leaf" : "An issuer"} has ${what}`);
      }
    }
  }
  return undefined;
}

function nameFault(
  { tag, content }: GeneralName,
  constraints: NameConstraints,
): string | undefined {
  const about = (["excluded", "permitted"] as const).map((list) =>
    constraints[list].filter((each) => each.tag === tag).map((each) => each.fit(content, list))
  );
  const [excluded = [], permitted = []] = about;
  const kind = kindOfName(tag);
  if ([...excluded, ...permitted].includes("unclear")) {
    return `a name of kind ${kind} that cannot be compared with the nameConstraints above it`;
  }
  if (excluded.includes("inside")) return `a name of kind ${kind} that an authority above excludes`;
  if (permitted.length > 0 && !permitted.includes("inside")) {
    return `a name of kind ${kind} that an authority above does not permit`;
  }
  return undefined;
}

/** Names that constraints apply to: subjectAltName, the subject, and its mailboxes if subjectAltName has none. */
function namesOf(certificate: Certificate): GeneralName[] {
  const names = [...certificate.generalNames ?? []];
  const parts: string[][] = JSON.parse(certificate.subject.comparable);
  if (parts.length > 0) names.push({ tag: NAME.directory, content: certificate.subject.der });
  if (names.some(({ tag }) => tag === NAME.email)) return names;
  const mailboxes = parts.flat().filter((each) => each.startsWith(EMAIL_ADDRESS));
  for (const mailbox of mailboxes) {
    const content = new TextEncoder().encode(mailbox.slice(EMAIL_ADDRESS.length));
    names.push({ tag: NAME.email, content });
  }
  return names;
}

function fault(message: string): ConstraintFault {
  return { kind: "name-constraints", message };
}
