import { quoteText } from "../text/quote.ts";
import { SpikeError } from "../error/error.ts";
import { parseSpiffeId, parseTrustDomain, type TrustDomain, trustDomainOf } from "../spiffe/id.ts";
import type { BundleMap, X509Svid } from "../spiffe/source.ts";
import { parseSvid, splitDer } from "../spiffe/svid.ts";
import type { X509SvidMessage, X509SvidResponse } from "./message.ts";

/** An identity and the anchors that came with it. */
export interface Identity {
  readonly svid: X509Svid;
  readonly bundles: BundleMap;
}

/** Thrown when a usable message does not have the identity that was asked for by its hint. */
export class HintMissingError extends SpikeError {
  constructor(hint: string, offered: readonly string[]) {
    const list = offered.length === 0 ? "none with a hint" : offered.map(quote).join(", ");
    super(
      "spiffe_unable_to_fetch_x509_source",
      `Workload API has no identity with the hint ${quote(hint)}, it offers ${list}`,
      { hint: "Set the hint to one of those on the registration entry, or leave it out" },
    );
  }
}

/**
 * Makes the identity out of a message: that with `hint`, or the first when `hint` is empty, with its own
 * and the federated bundles in one map.
 *
 * Throws when a mandatory field of any identity is empty, or when the chosen one or a bundle does not hold
 * up: the whole message is then to be thrown away (SPIFFE Workload API section 5.2.1). Nothing in the
 * result shares memory with the message.
 */
export function toIdentity(response: X509SvidResponse, hint: string): Identity {
  const [first] = response.svids;
  if (first === undefined) throw unusable("it has no identity");
  for (const svid of response.svids) checkMandatory(svid);
  const chosen = hint === "" ? first : response.svids.find((svid) => svid.hint === hint);
  if (chosen === undefined) throw new HintMissingError(hint, hintsOf(response));
  return { svid: toSvid(chosen), bundles: toBundles(response) };
}

function toSvid(message: X509SvidMessage): X509Svid {
  return parseSvid({
    spiffeId: message.spiffeId,
    certificates: message.x509Svid,
    privateKey: message.x509SvidKey,
    hint: message.hint,
  });
}

/** One map for all: own bundles, then federated ones, a later entry in place of an earlier one. */
function toBundles(response: X509SvidResponse): BundleMap {
  const bundles = new Map<TrustDomain, readonly Uint8Array[]>();
  for (const svid of response.svids) {
    bundles.set(trustDomainOf(parseSpiffeId(svid.spiffeId)), splitDer(svid.bundle.slice()));
  }
  for (const [domainId, anchors] of response.federatedBundles) {
    bundles.set(parseTrustDomain(domainId), splitDer(anchors.slice()));
  }
  return bundles;
}

function checkMandatory(svid: X509SvidMessage): void {
  if (svid.spiffeId === "") throw unusable("an identity has no spiffe_id");
  const about = `the identity ${quote(svid.spiffeId)} has no`;
  if (svid.x509Svid.length === 0) throw unusable(`${about} x509_svid`);
  if (svid.x509SvidKey.length === 0) throw unusable(`${about} x509_svid_key`);
  if (svid.bundle.length === 0) throw unusable(`${about} bundle`);
}

function hintsOf(response: X509SvidResponse): string[] {
  return [...new Set(response.svids.map((svid) => svid.hint))].filter((hint) => hint !== "");
}

function unusable(why: string): SpikeError {
  return new SpikeError("data_unmarshal_failure", `Workload API answer is not usable: ${why}`);
}

function quote(text: string): string {
  return quoteText(text);
}
