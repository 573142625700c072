import type { Certificate } from "../x509/certificate.ts";
import { parseSpiffeId, pathOf, type SpiffeId, SpiffeIdError } from "./id.ts";

/** Why a certificate may not stand as the leaf of an X.509-SVID. */
export type LeafFault =
  | "no-uri-san"
  | "many-uri-sans"
  | "bad-id"
  | "no-path"
  | "leaf-is-ca"
  | "leaf-cert-sign"
  | "leaf-crl-sign"
  | "leaf-key-usage";

/** The identity of a leaf, or why it has none. */
export type LeafVerdict =
  | { readonly ok: true; readonly id: SpiffeId }
  | { readonly ok: false; readonly reason: LeafFault; readonly message: string; id?: SpiffeId };

/**
 * Checks a leaf alone (X509-SVID sections 2, 4 and 5.2): one URI SAN, an ID with a path, no signing rights.
 * Of a peer, digitalSignature is not asked for, since the handshake itself has shown that the key signs.
 */
export function judgeLeaf(leaf: Certificate): LeafVerdict {
  const named = readIdentity(leaf);
  if (!named.ok) return named;
  const { id } = named;
  const refuse = (
    reason: LeafFault,
    message: string,
  ) => ({ ok: false, reason, message, id } as const);
  if (pathOf(id) === "") return refuse("no-path", `Leaf has the ID ${id}, which has no path`);
  if (leaf.basicConstraints?.ca) return refuse("leaf-is-ca", `Leaf of ${id} is a CA certificate`);
  if (leaf.keyUsage === undefined) {
    return refuse("leaf-key-usage", `Leaf of ${id} has no keyUsage extension`);
  }
  if (leaf.keyUsage.keyCertSign) {
    return refuse("leaf-cert-sign", `Leaf of ${id} has keyUsage keyCertSign`);
  }
  if (leaf.keyUsage.crlSign) return refuse("leaf-crl-sign", `Leaf of ${id} has keyUsage cRLSign`);
  return named;
}

function readIdentity(leaf: Certificate): LeafVerdict {
  const [uri, ...others] = leaf.subjectAltName?.uris ?? [];
  if (uri === undefined) {
    return { ok: false, reason: "no-uri-san", message: "Leaf has no URI in its subjectAltName" };
  }
  if (others.length > 0) {
    const message = `Leaf has ${
      others.length + 1
    } URIs in its subjectAltName, exactly one is allowed`;
    return { ok: false, reason: "many-uri-sans", message };
  }
  try {
    return { ok: true, id: parseSpiffeId(uri) };
  } catch (error) {
    if (!(error instanceof SpiffeIdError)) throw error;
    return { ok: false, reason: "bad-id", message: error.message };
  }
}
