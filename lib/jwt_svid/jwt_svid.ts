import type { KeyObject } from "node:crypto";
import { SpikeError } from "../error/error.ts";
import { type Json, type JsonObject, NumberText, parseJson } from "../json/json.ts";
import { parseSpiffeId, type SpiffeId, type TrustDomain, trustDomainOf } from "../spiffe/id.ts";

/** Why a token was refused: one word of a closed list, for logs. */
export type JwtRefusal =
  | "too-long"
  | "malformed"
  | "bad-header"
  | "bad-algorithm"
  | "no-key-id"
  | "bad-subject"
  | "wrong-audience"
  | "no-expiry"
  | "expired"
  | "not-yet-valid"
  | "bad-time"
  | "no-bundle"
  | "unknown-key"
  | "wrong-key-kind"
  | "bad-signature";

/** What is known after a token was checked. */
export type JwtVerdict =
  | {
    readonly ok: true;
    readonly id: SpiffeId;
    readonly trustDomain: TrustDomain;
    readonly expiresAtMs: number;
  }
  | { readonly ok: false; readonly reason: JwtRefusal; readonly message: string };

/** The JWT authorities of trust domains. */
export interface JwtKeySet {
  /** Undefined when there is no bundle of the domain. */
  keysOf(domain: TrustDomain): ReadonlyMap<string, KeyObject> | undefined;
}

/** What a token is judged by. */
export interface JwtQuestion {
  readonly keys: JwtKeySet;
  /** Who we are to the one that had the token made; one of its audiences must be exactly this. */
  readonly audience: string;
  /** Milliseconds since the epoch. */
  readonly nowMs: number;
}

/** Far longer than any token of an agent, and half of what a header of ours may have. */
const MAX_TOKEN_BYTES = 8_192;
/** Clocks of an agent and ours may differ a little (JWT-SVID section 3.3 allows for a small leeway). */
const LEEWAY_MS = 5_000;
/** An RSA key that is shorter can be factored. */
const MIN_RSA_BITS = 2_048;

interface Algorithm {
  readonly kind: "rsa" | "ec";
  readonly importAs: RsaHashedImportParams | EcKeyImportParams;
  readonly verifyAs: AlgorithmIdentifier | RsaPssParams | EcdsaParams;
}

function rsa(name: "RSASSA-PKCS1-v1_5" | "RSA-PSS", bits: number): Algorithm {
  const importAs = { name, hash: `SHA-${bits}` };
  const verifyAs = name === "RSA-PSS" ? { name, saltLength: bits / 8 } : { name };
  return { kind: "rsa", importAs, verifyAs };
}

/** RFC 7518 section 3.4 binds each hash to one curve. */
function ec(namedCurve: "P-256" | "P-384" | "P-521", bits: number): Algorithm {
  const name = "ECDSA";
  return { kind: "ec", importAs: { name, namedCurve }, verifyAs: { name, hash: `SHA-${bits}` } };
}

/** All that a JWT-SVID may be signed with (JWT-SVID section 2.1): no `none`, no shared secret. */
const ALGORITHMS: ReadonlyMap<string, Algorithm> = new Map([
  ["RS256", rsa("RSASSA-PKCS1-v1_5", 256)],
  ["RS384", rsa("RSASSA-PKCS1-v1_5", 384)],
  ["RS512", rsa("RSASSA-PKCS1-v1_5", 512)],
  ["PS256", rsa("RSA-PSS", 256)],
  ["PS384", rsa("RSA-PSS", 384)],
  ["PS512", rsa("RSA-PSS", 512)],
  ["ES256", ec("P-256", 256)],
  ["ES384", ec("P-384", 384)],
  ["ES512", ec("P-521", 512)],
]);

const CURVES: Readonly<Record<string, string>> = {
  prime256v1: "P-256",
  secp384r1: "P-384",
  secp521r1: "P-521",
};

class Refused extends Error {
  constructor(readonly reason: JwtRefusal, message: string) {
    super(message);
  }
}

/**
 * Judges a JWT-SVID (SPIFFE JWT-SVID sections 2 to 4): compact form only, signed by a key of the trust domain that
 * its own subject names, for our audience, now. Malformed input is a refusal and does not throw. No message quotes
 * the token.
 */
export async function verifyJwtSvid(token: string, question: JwtQuestion): Promise<JwtVerdict> {
  try {
    return await judge(token, question);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { ok: false, reason: error.reason, message: error.message };
  }
}

async function judge(token: string, question: JwtQuestion): Promise<JwtVerdict> {
  if (token.length > MAX_TOKEN_BYTES) {
    throw new Refused(
      "too-long",
      `The token has ${token.length} bytes, at most ${MAX_TOKEN_BYTES} are read`,
    );
  }
  const parts = token.split(".");
  const [header = "", claims = "", signature = ""] = parts;
  if (parts.length !== 3) throw new Refused("malformed", "The token has not three parts");
  const { algorithm, name, kid } = readHeader(objectOf(header, "header"));
  const subject = readClaims(objectOf(claims, "claims"), question);
  const key = keyOf(subject, kid, question.keys);
  const verifier = await verifierOf(key, algorithm, name);
  const signed = new TextEncoder().encode(`${header}.${claims}`);
  const bytes = bytesOf(signature, "signature");
  if (!await crypto.subtle.verify(algorithm.verifyAs, verifier, bytes, signed)) {
    throw new Refused("bad-signature", `The signature does not hold (${subject.id})`);
  }
  return { ok: true, ...subject };
}

/** Base64url without padding, in its one canonical spelling (RFC 7515 section 2). */
function bytesOf(text: string, what: string): Uint8Array<ArrayBuffer> {
  try {
    if (text === "" || text.includes("=")) throw new SyntaxError("empty or padded");
    const bytes = Uint8Array.fromBase64(text, { alphabet: "base64url" });
    if (bytes.toBase64({ alphabet: "base64url", omitPadding: true }) !== text) {
      throw new SyntaxError("another spelling");
    }
    return bytes;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new Refused("malformed", `The ${what} is not base64url`);
  }
}

function objectOf(text: string, what: string): JsonObject {
  const bytes = bytesOf(text, what);
  let json: Json;
  try {
    json = parseJson(bytes, { what, isStrictAboutNames: true });
  } catch (error) {
    if (!(error instanceof SpikeError)) throw error;
    throw new Refused("malformed", `The ${what} cannot be read: ${error.message}`);
  }
  if (json instanceof Map) return json;
  throw new Refused("malformed", `The ${what} is no object`);
}

/** Any further member could change the meaning (`crit`, `jwk`, `jku`, `x5c`), so there is none. */
const HEADER_MEMBERS: ReadonlySet<string> = new Set(["alg", "kid", "typ"]);
const TYPES: ReadonlySet<Json | undefined> = new Set<Json | undefined>([undefined, "JWT", "JOSE"]);

function readHeader(
  header: JsonObject,
): { algorithm: Algorithm; name: string; kid: string } {
  const other = [...header.keys()].find((member) => !HEADER_MEMBERS.has(member));
  if (other !== undefined) {
    throw new Refused("bad-header", "The header has other members than alg, kid and typ");
  }
  if (!TYPES.has(header.get("typ"))) throw new Refused("bad-header", "The type is not JWT or JOSE");
  const name = header.get("alg");
  const algorithm = typeof name === "string" ? ALGORITHMS.get(name) : undefined;
  if (typeof name !== "string" || algorithm === undefined) {
    throw new Refused("bad-algorithm", "The algorithm is none that a JWT-SVID may be signed with");
  }
  const kid = header.get("kid");
  if (typeof kid !== "string" || kid === "") {
    throw new Refused("no-key-id", "The header names no key");
  }
  return { algorithm, name, kid };
}

interface Subject {
  readonly id: SpiffeId;
  readonly trustDomain: TrustDomain;
  readonly expiresAtMs: number;
}

function readClaims(claims: JsonObject, { audience, nowMs }: JwtQuestion): Subject {
  const id = readSubject(claims.get("sub"));
  if (!audiencesOf(claims.get("aud")).includes(audience)) {
    throw new Refused("wrong-audience", `The token is not meant for ${audience} (${id})`);
  }
  const expiresAtMs = timeOf(claims, "exp");
  if (expiresAtMs === undefined) throw new Refused("no-expiry", `The token never expires (${id})`);
  const beganMs = timeOf(claims, "nbf");
  const now = new Date(nowMs).toISOString();
  if (nowMs - LEEWAY_MS >= expiresAtMs) {
    throw new Refused(
      "expired",
      `The token expired at ${dateOf(expiresAtMs)}, here it is ${now} (${id})`,
    );
  }
  if (beganMs !== undefined && nowMs + LEEWAY_MS < beganMs) {
    throw new Refused(
      "not-yet-valid",
      `The token holds from ${dateOf(beganMs)}, here it is ${now} (${id})`,
    );
  }
  return { id, trustDomain: trustDomainOf(id), expiresAtMs };
}

function readSubject(sub: Json | undefined): SpiffeId {
  try {
    return parseSpiffeId(typeof sub === "string" ? sub : "");
  } catch (error) {
    if (!(error instanceof SpikeError)) throw error;
    throw new Refused("bad-subject", error.message);
  }
}

function audiencesOf(aud: Json | undefined): readonly (Json | undefined)[] {
  return Array.isArray(aud) ? aud : [aud];
}

/** Seconds since the epoch, fractions allowed (RFC 7519 section 2, NumericDate), as milliseconds. */
function timeOf(claims: JsonObject, name: string): number | undefined {
  const value = claims.get(name);
  if (value === undefined) return undefined;
  const seconds = value instanceof NumberText
    ? Number(value.text)
    : typeof value === "number"
    ? value
    : Number.NaN;
  if (Number.isFinite(seconds)) return seconds * 1000;
  throw new Refused("bad-time", `The claim ${name} is no time`);
}

/** A time for a message; far ones have no date. */
function dateOf(ms: number): string {
  return Math.abs(ms) < 8.64e15 ? new Date(ms).toISOString() : `${ms} ms`;
}

/** Only the trust domain that the subject names can vouch for it. */
function keyOf({ id, trustDomain }: Subject, kid: string, keys: JwtKeySet): KeyObject {
  const known = keys.keysOf(trustDomain);
  if (known === undefined) {
    throw new Refused("no-bundle", `There is no JWT bundle of ${trustDomain} (${id})`);
  }
  const key = known.get(kid);
  if (key !== undefined) return key;
  throw new Refused("unknown-key", `The bundle of ${trustDomain} has no key of this name (${id})`);
}

const verifiers = new WeakMap<KeyObject, Map<string, Promise<CryptoKey>>>();

/** The key for one algorithm. A key of another kind or curve than the header says is refused. */
function verifierOf(key: KeyObject, algorithm: Algorithm, name: string): Promise<CryptoKey> {
  const { asymmetricKeyType: kind, asymmetricKeyDetails: details = {} } = key;
  const curve = CURVES[details.namedCurve ?? ""];
  const fits = kind === algorithm.kind &&
    (kind === "rsa"
      ? (details.modulusLength ?? 0) >= MIN_RSA_BITS
      : curve === (algorithm.importAs as EcKeyImportParams).namedCurve);
  if (!fits) throw new Refused("wrong-key-kind", `The key of this name is none for ${name}`);
  let known = verifiers.get(key);
  if (known === undefined) verifiers.set(key, known = new Map());
  let verifier = known.get(name);
  if (verifier === undefined) {
    const jwk = key.export({ format: "jwk" }) as JsonWebKey;
    verifier = crypto.subtle.importKey("jwk", jwk, algorithm.importAs, false, ["verify"]);
    known.set(name, verifier);
  }
  return verifier;
}
