import { quoteText } from "../text/quote.ts";
import { Buffer } from "node:buffer";
import { createPrivateKey, createPublicKey } from "node:crypto";
import { SpikeError } from "../error/error.ts";
import { type Certificate, parseCertificate } from "../x509/certificate.ts";
import { Der, DerError, readSmallInteger, TAG } from "../x509/der.ts";
import { judgeLeaf } from "./leaf.ts";
import { toKeyObject } from "../x509/signature.ts";
import type { X509Svid } from "./source.ts";

/** One SVID as the Workload API or a set of files gives it. */
export interface SvidMaterial {
  /** The ID that goes with it, where the source names one; it has to be the leaf's own. */
  readonly spiffeId?: string;
  /** DER, leaf first: joined end to end, or one by one. */
  readonly certificates: Uint8Array | readonly Uint8Array[];
  /** PKCS#8, DER, unencrypted. */
  readonly privateKey: Uint8Array;
  readonly hint?: string;
}

/** Our peers refuse more than this. */
const MAX_CERTIFICATES = 10;

/**
 * Checks one's own SVID: the rules of a leaf, digitalSignature, signing rights of every further certificate, and
 * that the key belongs to the leaf. Neither time nor path is checked, since the agent is trusted; the validity
 * is in the result. Everything is copied, so the caller may wipe what it received.
 *
 * @throws {SpikeError} `data_invalid_input` saying what does not fit.
 */
export function parseSvid(material: SvidMaterial): X509Svid {
  const { spiffeId, certificates: received, privateKey, hint = "" } = material;
  const list = received instanceof Uint8Array ? splitDer(received) : received;
  const [leaf, ...signers] = parseAll(list);
  if (leaf === undefined) throw unusable("it has no certificate");
  const verdict = judgeLeaf(leaf);
  if (!verdict.ok) throw unusable(verdict.message);
  const { id } = verdict;
  if (!leaf.keyUsage?.digitalSignature) {
    throw unusable(`leaf of ${id} has no keyUsage digitalSignature`);
  }
  if (spiffeId !== undefined && spiffeId !== id) {
    throw unusable(`it is announced as ${quoteText(spiffeId)}, its leaf says ${id}`);
  }
  for (const [i, signer] of signers.entries()) {
    if (signer.basicConstraints?.ca && signer.keyUsage?.keyCertSign) continue;
    throw unusable(`certificate ${i + 2} of ${id} may not sign certificates`);
  }
  checkKey(leaf, privateKey, id);
  return {
    id,
    certificates: list.map((der) => der.slice()),
    privateKey: privateKey.slice(),
    notBeforeMs: leaf.notBeforeMs,
    notAfterMs: leaf.notAfterMs,
    hint,
  };
}

/**
 * Splits DER elements that were joined end to end; nothing gives an empty list.
 *
 * @throws {SpikeError} `data_invalid_input` when bytes are left over or the last one is cut short.
 */
export function splitDer(concatenated: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let rest = concatenated; rest.length > 0;) {
    try {
      const { raw } = Der.first(rest).expect(TAG.sequence, "certificate");
      parts.push(raw);
      rest = rest.subarray(raw.length);
    } catch (cause) {
      throw malformed(parts.length, rest, cause);
    }
  }
  return parts;
}

function parseAll(list: readonly Uint8Array[]): Certificate[] {
  if (list.length > MAX_CERTIFICATES) {
    throw unusable(`it has ${list.length} certificates, at most ${MAX_CERTIFICATES} are allowed`);
  }
  return list.map((der, i) => {
    try {
      return parseCertificate(der);
    } catch (cause) {
      throw malformed(i, der, cause);
    }
  });
}

function malformed(index: number, bytes: Uint8Array, cause: unknown): unknown {
  if (!(cause instanceof DerError)) return cause;
  const isPem = bytes[0] === "-".charCodeAt(0);
  const why = isPem ? "it looks like PEM where DER is expected" : cause.message;
  return new SpikeError("data_invalid_input", `Certificate ${index + 1} is malformed: ${why}`, {
    cause,
  });
}

function checkKey(leaf: Certificate, privateKey: Uint8Array, id: string): void {
  if (!isPkcs8(privateKey)) throw unusable(`private key of ${id} is not unencrypted PKCS#8 in DER`);
  if (!belongsTo(leaf, privateKey)) {
    throw unusable(`private key does not belong to the leaf of ${id}`);
  }
}

/** The outline of RFC 5958 section 2; it tells PKCS#1, SEC 1 and encrypted keys apart from the real thing. */
function isPkcs8(privateKey: Uint8Array): boolean {
  try {
    const items = Der.parse(privateKey).items(TAG.sequence, "key");
    const version = readSmallInteger(items.take(), "version");
    items.take().expect(TAG.sequence, "algorithm");
    items.take().expect(TAG.octetString, "key");
    items.takeIf(0xa0);
    items.takeIf(0x81);
    items.end();
    return version <= 1;
  } catch (error) {
    if (error instanceof DerError) return false;
    throw error;
  }
}

function belongsTo(leaf: Certificate, privateKey: Uint8Array): boolean {
  const copy = Buffer.from(privateKey);
  try {
    const key = createPrivateKey({ key: copy, format: "der", type: "pkcs8" });
    const form = { format: "der", type: "spki" } as const;
    const own = createPublicKey(key).export(form);
    return Buffer.compare(own, toKeyObject(leaf.publicKey).export(form)) === 0;
  } catch {
    // The runtime's words about a key it cannot read might describe the key; the answer is the same.
    return false;
  } finally {
    copy.fill(0);
  }
}

function unusable(why: string): SpikeError {
  return new SpikeError("data_invalid_input", `X.509-SVID is not usable: ${why}`, {
    hint: "Check what the SPIFFE agent or the configured files deliver",
  });
}
