import { quoteValue } from "../text/quote.ts";
import { createPublicKey, type JsonWebKey, type KeyObject } from "node:crypto";
import { SpikeError } from "../error/error.ts";
import { ANSWER_LIMITS, type Json, type JsonObject, NumberText, parseJson } from "../json/json.ts";
import { parseCertificate } from "../x509/certificate.ts";
import { DerError } from "../x509/der.ts";
import { parseTrustDomain, type TrustDomain } from "./id.ts";

/** What a trust domain publishes of itself. It does not name its domain: keep the pair. */
export interface SpiffeBundle {
  /** DER CA certificates, each once; none trusts nothing. */
  readonly x509Authorities: readonly Uint8Array[];
  /** Public keys of JWT-SVIDs by key ID. */
  readonly jwtAuthorities: ReadonlyMap<string, KeyObject>;
  /** Grows with every change; needs 64 bits. */
  readonly sequence?: bigint;
  /** Seconds between polls that the publisher asks for. */
  readonly refreshHintS?: number;
}

/** Ten times what a busy domain in the middle of rotations has. */
const MAX_KEYS = 1_000;
const MAX_SEQUENCE = 2n ** 64n - 1n;
const KNOWN_KTY: ReadonlySet<Json | undefined> = new Set<Json>(["EC", "RSA", "OKP"]);
/** Algorithms of JWT-SVIDs sign with these only (JWT-SVID section 2.1). */
const PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  EC: ["crv", "x", "y"],
  RSA: ["n", "e"],
};

/**
 * Reads a SPIFFE bundle document (Trust Domain and Bundle section 4), a JWK set of one trust domain.
 *
 * An entry of an unknown kind or use is ignored and the rest stands; an entry of a known one that cannot be read
 * makes the document unusable, since what it was to trust or no longer to trust is not known.
 *
 * @throws {SpikeError} `data_invalid_input` saying what does not fit.
 */
export function parseBundle(document: Uint8Array): SpiffeBundle {
  return readBundle(parse(document), { isPlainJwks: false });
}

/**
 * Reads a JWK set as the Workload API's `FetchJWTBundles` hands it out: agents leave `use` away there, so every
 * key without one counts as a JWT authority.
 *
 * @throws {SpikeError} `data_invalid_input` saying what does not fit.
 */
export function parseJwtBundle(document: Uint8Array): SpiffeBundle {
  return readBundle(parse(document), { isPlainJwks: true });
}

/**
 * Reads a bundle map, `{"trust_domains": {"name": bundle}}`. A name that comes twice is refused, as is every
 * other repeated name.
 *
 * @throws {SpikeError} `data_invalid_input` or `spiffe_invalid_spiffe_id` saying what does not fit.
 */
export function parseBundleMap(document: Uint8Array): ReadonlyMap<TrustDomain, SpiffeBundle> {
  return readBundleMap(parse(document));
}

/**
 * Reads either form. A bundle that does not name its domain is taken for that of `domain`.
 *
 * @throws {SpikeError} as the readers of both forms do.
 */
export function parseAnyBundle(
  document: Uint8Array,
  domain: TrustDomain,
): ReadonlyMap<TrustDomain, SpiffeBundle> {
  const json = parse(document);
  if (isObject(json) && json.has("trust_domains")) return readBundleMap(json);
  return new Map([[domain, readBundle(json, { isPlainJwks: false })]]);
}

function readBundleMap(json: Json): ReadonlyMap<TrustDomain, SpiffeBundle> {
  const domains = isObject(json) ? json.get("trust_domains") : undefined;
  if (!isObject(domains)) throw unusable("it has no object trust_domains");
  const bundles = new Map<TrustDomain, SpiffeBundle>();
  for (const [name, bundle] of domains) {
    // An ID in place of a name would be a second way to write the same domain.
    if (name.includes(":/")) throw unusable(`${quoteValue(name)} is an ID, expected a name`);
    bundles.set(parseTrustDomain(name), readBundle(bundle, { isPlainJwks: false }));
  }
  return bundles;
}

function readBundle(json: Json, { isPlainJwks }: { isPlainJwks: boolean }): SpiffeBundle {
  if (!isObject(json)) throw unusable("it is no JSON object");
  const keys = json.get("keys");
  if (!isArray(keys)) throw unusable("its keys are no array");
  if (keys.length > MAX_KEYS) {
    throw unusable(`it has ${keys.length} keys, at most ${MAX_KEYS} are read`);
  }
  const x509 = new Map<string, Uint8Array>();
  const jwt = new Map<string, KeyObject>();
  for (const [i, entry] of keys.entries()) {
    const what = `key ${i + 1}`;
    if (!isObject(entry)) throw unusable(`${what} is no object`);
    if (!KNOWN_KTY.has(entry.get("kty"))) continue;
    const use = entry.get("use") ?? (isPlainJwks ? "jwt-svid" : undefined);
    if (use === "x509-svid") readX509(entry, what, x509);
    if (use === "jwt-svid") readJwt(entry, what, jwt);
  }
  return { x509Authorities: [...x509.values()], jwtAuthorities: jwt, ...readHints(json) };
}

/** Only the first of `x5c` counts; without one there is nothing to trust (section 4.2.3). */
function readX509(entry: JsonObject, what: string, into: Map<string, Uint8Array>): void {
  const x5c = entry.get("x5c") ?? [];
  if (!isArray(x5c)) throw unusable(`x5c of ${what} is no array`);
  const [first] = x5c;
  if (first === undefined) return;
  if (typeof first !== "string") throw unusable(`x5c of ${what} holds no text`);
  const der = decodeCertificate(first, what);
  into.set(der.toHex(), der);
}

function decodeCertificate(base64: string, what: string): Uint8Array {
  let der: Uint8Array;
  try {
    der = Uint8Array.fromBase64(base64, { lastChunkHandling: "strict" });
  } catch (cause) {
    throw unusable(`x5c of ${what} is not base64`, cause);
  }
  try {
    parseCertificate(der);
  } catch (cause) {
    if (!(cause instanceof DerError)) throw cause;
    throw unusable(`certificate of ${what} is malformed: ${cause.message}`, cause);
  }
  return der;
}

function readJwt(entry: JsonObject, what: string, into: Map<string, KeyObject>): void {
  const kid = entry.get("kid");
  if (typeof kid !== "string" || kid === "") throw unusable(`${what} has no kid`);
  const names = PARAMETERS[String(entry.get("kty"))];
  // Ed25519 and the like sign no JWT-SVID, so such a key is of no use.
  if (names === undefined) return;
  const jwk: JsonWebKey = { kty: String(entry.get("kty")) };
  for (const name of names) {
    const value = entry.get(name);
    if (typeof value !== "string") throw unusable(`${what} has no ${name}`);
    jwk[name] = value;
  }
  const key = importKey(jwk, what);
  const known = into.get(kid);
  if (known !== undefined && !known.equals(key)) {
    throw unusable(`kid of ${what} stands for two keys`);
  }
  into.set(kid, key);
}

function importKey(jwk: JsonWebKey, what: string): KeyObject {
  try {
    return createPublicKey({ key: jwk, format: "jwk" });
  } catch (cause) {
    throw unusable(`${what} is no usable public key`, cause);
  }
}

function readHints(json: JsonObject): Pick<SpiffeBundle, "sequence" | "refreshHintS"> {
  const sequence = readWhole(json, "spiffe_sequence");
  const hint = readWhole(json, "spiffe_refresh_hint");
  return {
    ...(sequence !== undefined && { sequence }),
    ...(hint !== undefined && { refreshHintS: Number(hint) }),
  };
}

/** JSON numbers of 64 bits: a double would round them. */
function readWhole(json: JsonObject, name: string): bigint | undefined {
  const value = json.get(name);
  if (value === undefined) return undefined;
  const text = value instanceof NumberText ? value.text : String(value);
  const isNumber = typeof value === "number" || value instanceof NumberText;
  if (!isNumber || !/^\d{1,20}$/.test(text) || BigInt(text) > MAX_SEQUENCE) {
    throw unusable(`${name} is no whole number of 64 bits`);
  }
  return BigInt(text);
}

function parse(document: Uint8Array): Json {
  try {
    return parseJson(document, { what: "it", isStrictAboutNames: true, limits: ANSWER_LIMITS });
  } catch (cause) {
    if (!(cause instanceof SpikeError)) throw cause;
    throw unusable(cause.message, cause);
  }
}

function isObject(json: Json | undefined): json is JsonObject {
  return json instanceof Map;
}

function isArray(json: Json | undefined): json is readonly Json[] {
  return Array.isArray(json);
}

function unusable(why: string, cause?: unknown): SpikeError {
  return new SpikeError("data_invalid_input", `Trust bundle is not usable: ${why}`, { cause });
}
