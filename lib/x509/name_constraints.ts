import { Der, DerError, type DerItems, TAG } from "./der.ts";
import { readName } from "./distinguished_name.ts";
import { asciiOf, hostOfUri, isKindOfName, kindOfName, labelsOf, NAME } from "./general_name.ts";

/** Relation of a name to a subtree; `unclear` if the name cannot be compared. */
export type Fit = "inside" | "outside" | "unclear";

/** One subtree of permitted or excluded names. */
export interface Subtree {
  /** Kind of name, one of `NAME`. */
  readonly tag: number;
  /** Compares the content of a GeneralName of this kind. */
  readonly fit: (name: Uint8Array, list: "permitted" | "excluded") => Fit;
}

/** The nameConstraints of an authority (RFC 5280 section 4.2.1.10). */
export interface NameConstraints {
  /** Whether the extension is critical. */
  readonly critical: boolean;
  /** Every name of a listed kind must be inside one of these. */
  readonly permitted: readonly Subtree[];
  /** No name may be inside one of these. */
  readonly excluded: readonly Subtree[];
  /** Why they cannot be enforced for any name; a path must not contain such an authority. */
  readonly unusable?: string;
}

/** Internal: a constraint that cannot be compared with any name. */
class Unusable extends Error {}

/**
 * Reads the value of the extension. A constraint that cannot be enforced makes the authority unusable but not the
 * certificate unreadable, so that the rejection can be explained.
 *
 * @throws {DerError} if the value is malformed
 */
export function readNameConstraints(value: Der, critical: boolean): NameConstraints {
  const items = value.items(TAG.sequence, "nameConstraints");
  const lists = [items.takeIf(0xa0), items.takeIf(0xa1)].map((list) =>
    list?.items(list.tag, "nameConstraints").all.map((each) =>
      each.items(TAG.sequence, "nameConstraints")
    ) ?? []
  );
  items.end();
  try {
    if (lists.every((list) => list.length === 0)) throw new Unusable("has empty nameConstraints");
    const [permitted = [], excluded = []] = lists.map((list) =>
      list.map((subtree) => readSubtree(subtree, critical))
    );
    return { critical, permitted, excluded };
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    return { critical, permitted: [], excluded: [], unusable: error.message };
  }
}

function readSubtree(items: DerItems, critical: boolean): Subtree {
  const base = items.take();
  const { tag, content } = base;
  // Minimum and maximum are not used with any kind of name, and DER omits a minimum of 0.
  if (items.all.length > 1) throw new Unusable("has nameConstraints with minimum or maximum");
  if (!isKindOfName(tag)) {
    throw new DerError("nameConstraints has an unknown kind of name");
  }
  const fit = FITS.get(tag)?.(content);
  if (fit === undefined) {
    const what = `nameConstraints of kind ${kindOfName(tag)}`;
    if (FITS.has(tag)) throw new Unusable(`has malformed ${what}`);
    if (critical) throw new Unusable(`has critical ${what}, which are not supported`);
    return { tag, fit: () => "unclear" };
  }
  return { tag, fit };
}

/** Creates the comparison with a base; undefined for a malformed base. */
type FitMaker = (base: Uint8Array) => Subtree["fit"] | undefined;

const FITS: ReadonlyMap<number, FitMaker> = new Map<number, FitMaker>([
  [NAME.uri, fitUri],
  [NAME.dns, fitDns],
  [NAME.email, fitEmail],
  [NAME.ip, fitIp],
  [NAME.directory, fitDirectory],
]);

function fitUri(base: Uint8Array): Subtree["fit"] | undefined {
  const isBelow = fitHost(asciiOf(base), "only itself");
  return isBelow && ((name) => {
    const host = hostOfUri(asciiOf(name) ?? "");
    return host === undefined ? "unclear" : isBelow(host);
  });
}

function fitDns(base: Uint8Array): Subtree["fit"] | undefined {
  const rule = fitHost(asciiOf(base), "itself and below");
  const own = labelsOf(asciiOf(base) ?? "");
  return rule && ((name, list) => {
    const text = asciiOf(name) ?? "";
    const isWild = text.startsWith("*.");
    const labels = labelsOf(isWild ? text.slice(2) : text);
    if (labels === undefined) return "unclear";
    if (!isWild) return rule(labels);
    // The wildcard matches any one label, so it also matches the first label of an excluded name.
    const covers = own?.length === labels.length + 1 && startsWith(own, labels);
    return list === "excluded" && covers ? "inside" : rule([...labels, "*"]);
  });
}

/** A mailbox, a host, or the hosts below one (RFC 5280 section 4.2.1.10). */
function fitEmail(base: Uint8Array): Subtree["fit"] | undefined {
  const text = asciiOf(base);
  const mailbox = text?.includes("@") ? splitMailbox(text) : undefined;
  const rule = text?.includes("@")
    ? mailbox && fitHost(mailbox.host, "only itself")
    : fitHost(text, "only itself");
  return rule && ((name) => {
    const given = splitMailbox(asciiOf(name) ?? "");
    const labels = labelsOf(given?.host ?? "");
    if (given === undefined || labels === undefined) return "unclear";
    return mailbox && mailbox.local !== given.local ? "outside" : rule(labels);
  });
}

function splitMailbox(text: string): { local: string; host: string } | undefined {
  const [, local = "", host = ""] = /^([A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+)@([^@]+)$/.exec(text) ?? [];
  return host === "" ? undefined : { local, host };
}

/** An empty text matches every host; a leading period means the hosts below it. */
function fitHost(
  text: string | undefined,
  without: "only itself" | "itself and below",
): ((labels: readonly string[]) => Fit) | undefined {
  if (text === undefined) return undefined;
  if (text === "") return () => "inside";
  const isPeriod = text.startsWith(".");
  const base = labelsOf(isPeriod ? text.slice(1) : text);
  if (base === undefined) return undefined;
  const least = base.length + (isPeriod ? 1 : 0);
  const most = isPeriod || without === "itself and below" ? Infinity : base.length;
  return (labels) => {
    const isInside = labels.length >= least && labels.length <= most && startsWith(labels, base);
    return isInside ? "inside" : "outside";
  };
}

/** An address and a contiguous mask of the same length. */
function fitIp(base: Uint8Array): Subtree["fit"] | undefined {
  if (base.length !== 8 && base.length !== 32) return undefined;
  const [network, mask] = [base.subarray(0, base.length / 2), base.subarray(base.length / 2)];
  const bits = [...mask].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  if (!/^1*0*$/.test(bits)) return undefined;
  return (name) => {
    if (name.length !== 4 && name.length !== 16) return "unclear";
    const isInside = name.length === network.length &&
      network.every((byte, i) => ((byte ^ (name[i] ?? 0)) & (mask[i] ?? 0)) === 0);
    return isInside ? "inside" : "outside";
  };
}

/** A name is inside another one if it begins with all of its parts. */
function fitDirectory(base: Uint8Array): Subtree["fit"] | undefined {
  const parts = partsOf(base);
  return parts && ((name) => {
    const given = partsOf(name);
    if (given === undefined) return "unclear";
    return startsWith(given, parts) ? "inside" : "outside";
  });
}

function partsOf(name: Uint8Array): string[] | undefined {
  try {
    const parts: unknown[] = JSON.parse(readName(Der.parse(name), "name").comparable);
    return parts.map((part) => JSON.stringify(part));
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}

function startsWith(list: readonly string[], beginning: readonly string[]): boolean {
  return list.length >= beginning.length && beginning.every((each, i) => each === list[i]);
}
