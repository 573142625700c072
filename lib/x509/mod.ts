/**
 * X.509 certificates: strict DER and PEM parsing, path validation (RFC 5280) and private key files. It never uses the
 * certificate checks of the TLS runtime and never shows key material in an error.
 *
 * Start reading at `certificate.ts` (parsing), then `path.ts` (validation); `pem.ts` and `private_key.ts` read files.
 *
 * @example Read the blocks of a PEM text
 * ```ts
 * import { pemDecodeAll, pemEncode } from "./mod.ts";
 *
 * const [block] = pemDecodeAll(pemEncode("CERTIFICATE", Uint8Array.of(0x30, 0x00)));
 * if (block?.label !== "CERTIFICATE") throw new Error("the label is CERTIFICATE");
 * ```
 *
 * @module
 */
export { type Certificate, parseCertificate } from "./certificate.ts";
export { DerError } from "./der.ts";
export type { DistinguishedName } from "./distinguished_name.ts";
export type { Extensions, KeyUsage } from "./extension.ts";
export type { GeneralName } from "./general_name.ts";
export type { Fit, NameConstraints, Subtree } from "./name_constraints.ts";
export { type PathFault, type PathQuestion, type PathVerdict, validatePath } from "./path.ts";
export type { PathRefusal } from "./path_rules.ts";
export * from "./pem.ts";
export { conversionOf, readPrivateKey } from "./private_key.ts";
