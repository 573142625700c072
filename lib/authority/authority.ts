import { SpikeError } from "../error/error.ts";
import { osRandom } from "../seal/os_random.ts";
import {
  buildAnchor,
  buildLeaf,
  drawSerial,
  type LeafOverrides,
  loadX509,
  type X509Library,
} from "./certificate.ts";
import { KEY_ALGORITHM, makeKeys } from "./key.ts";
import { isMemberOf, parseTrustDomain, type SpiffeId, type TrustDomain } from "../spiffe/id.ts";
import type { X509Svid } from "../spiffe/source.ts";

export type { KeyUsageName, LeafOverrides } from "./certificate.ts";

/** What an authority is made from. */
export interface AuthorityOptions {
  readonly trustDomain: TrustDomain;
  /** Milliseconds since the epoch. */
  readonly clock?: () => number;
  /** Source of keys and serial numbers. */
  readonly random?: (length: number) => Uint8Array;
  /** Life of an anchor; no leaf outlives the anchor it was signed under. */
  readonly anchorTtlMs?: number;
}

/** Everything that makes an authority, as JSON; holds its private key. */
export interface AuthorityState {
  readonly trustDomain: string;
  /** Base64 of the unencrypted PKCS#8 of the signing key. */
  readonly privateKey: string;
  /** Base64 DER; the first belongs to the key, the others are of former keys. */
  readonly anchors: readonly string[];
}

interface Signer {
  readonly keys: CryptoKeyPair;
  readonly anchor: Anchor;
}

interface Anchor {
  readonly der: Uint8Array;
  readonly subject: string;
  readonly notAfterMs: number;
}

const DAY_MS = 86_400_000;
const DEFAULT_ANCHOR_TTL_MS = 30 * DAY_MS;
/** Peers whose clocks are a little behind must take a fresh certificate too. */
const BACKDATE_MS = 10_000;
const LEAF_SUBJECT = "C=US, O=SPIKE development";

/**
 * A certificate authority for development and tests: one trust domain, keys in memory only.
 *
 * Life: {@link createAuthority} or {@link importState}, any number of `issue`; `prepare` makes the anchor of a
 * new key known, `rotate` signs with it while the anchors of former keys stay until `retire`.
 */
export class Authority {
  readonly #listeners = new Set<() => void>();
  /** Trusted already, and not yet in use. */
  #next: Signer | undefined;

  private constructor(
    private readonly x509: X509Library,
    private readonly options: Required<AuthorityOptions>,
    private signer: Signer,
    private former: readonly Anchor[],
  ) {}

  /** The trust domain it signs for. */
  get trustDomain(): TrustDomain {
    return this.options.trustDomain;
  }

  /** Makes an authority with a new key. */
  static async create(options: AuthorityOptions): Promise<Authority> {
    const x509 = await loadX509();
    const all = withDefaults(options);
    return new Authority(x509, all, await makeSigner(x509, all), []);
  }

  /** Makes the authority that `state` was taken from. Throws `data_invalid_input` when it is not one. */
  static async restore(
    state: AuthorityState,
    options: Omit<AuthorityOptions, "trustDomain">,
  ): Promise<Authority> {
    const x509 = await loadX509();
    const [current, ...former] = state.anchors.map((text) => readAnchor(x509, text));
    if (current === undefined) {
      throw new SpikeError(
        "data_invalid_input",
        "Authority state has no anchor, expected at least one",
      );
    }
    const all = withDefaults({ ...options, trustDomain: parseTrustDomain(state.trustDomain) });
    const keys = await readKeys(state.privateKey, x509, current);
    return new Authority(x509, all, { keys, anchor: current }, former);
  }

  /**
   * Signs an SVID with a new P-256 key, valid from ten seconds ago until `ttlMs` from now.
   *
   * Throws `data_invalid_input` for an ID of another trust domain. `overrides` are for tests of what must
   * be refused; they can make certificates that are no SVIDs.
   */
  async issue(id: SpiffeId, ttlMs: number, overrides: LeafOverrides = {}): Promise<X509Svid> {
    if (!isMemberOf(id, this.trustDomain)) {
      throw new SpikeError(
        "data_invalid_input",
        `SPIFFE ID ${id} cannot be issued here, expected one of trust domain ${this.trustDomain}`,
      );
    }
    const now = this.options.clock();
    const { keys: ca, anchor } = this.signer;
    const notBeforeMs = wholeSeconds(overrides.notBeforeMs ?? now - BACKDATE_MS);
    const notAfterMs = wholeSeconds(
      overrides.notAfterMs ?? Math.min(now + ttlMs, anchor.notAfterMs),
    );
    const keys = await makeKeys(this.options.random);
    const leaf = await buildLeaf(
      this.x509,
      {
        subject: overrides.subject ?? LEAF_SUBJECT,
        issuer: anchor.subject,
        publicKey: keys.publicKey,
        issuerPublicKey: ca.publicKey,
        issuerPrivateKey: ca.privateKey,
        serial: drawSerial(this.options.random),
        notBeforeMs,
        notAfterMs,
      },
      id,
      overrides,
    );
    const privateKey = await exportKey(keys.privateKey);
    const hint = overrides.hint ?? "";
    return { id, certificates: [leaf], privateKey, notBeforeMs, notAfterMs, hint };
  }

  /** DER anchors of the trust domain, that of the signing key first. */
  anchors(): readonly Uint8Array[] {
    const others = [...this.#next ? [this.#next.anchor] : [], ...this.former];
    return [this.signer.anchor.der, ...others.map((anchor) => anchor.der)];
  }

  /** Makes a new key and its anchor, so that every bundle has it before anything is signed with it. */
  async prepare(): Promise<void> {
    this.#next = await makeSigner(this.x509, this.options);
    this.#notify();
  }

  /** Signs with the prepared or a new key from now on; the anchors of former keys stay trusted until they end. */
  async rotate(): Promise<void> {
    const now = this.options.clock();
    const signer = this.#next ?? await makeSigner(this.x509, this.options);
    this.#next = undefined;
    this.former = [this.signer.anchor, ...this.former].filter((anchor) => anchor.notAfterMs >= now);
    this.signer = signer;
    this.#notify();
  }

  /** Drops the anchors of all former keys, and with them every SVID signed by those. */
  retire(): void {
    if (this.former.length === 0) return;
    this.former = [];
    this.#notify();
  }

  /** Calls `listener` when the anchors change. Returns the unsubscription. */
  subscribe(listener: () => void): () => void {
    const own = () => listener();
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  /** What {@link importState} takes. It holds the signing key: nothing here writes it anywhere. */
  async exportState(): Promise<AuthorityState> {
    const privateKey = await exportKey(this.signer.keys.privateKey);
    const state = {
      trustDomain: this.trustDomain,
      privateKey: privateKey.toBase64(),
      anchors: this.anchors().map((der) => der.toBase64()),
    };
    privateKey.fill(0);
    return state;
  }

  #notify(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}

/**
 * Makes a development authority with a new key.
 *
 * @example
 * ```ts
 * import { createAuthority } from "./authority.ts";
 * import { parseSpiffeId, parseTrustDomain } from "./id.ts";
 *
 * const authority = await createAuthority({ trustDomain: parseTrustDomain("spike.ist") });
 * const svid = await authority.issue(parseSpiffeId("spiffe://spike.ist/spike/nexus"), 3_600_000);
 * ```
 */
export function createAuthority(options: AuthorityOptions): Promise<Authority> {
  return Authority.create(options);
}

/** Makes the authority that {@link Authority.exportState} was taken from. */
export function importState(
  state: AuthorityState,
  options: Omit<AuthorityOptions, "trustDomain"> = {},
): Promise<Authority> {
  return Authority.restore(state, options);
}

function withDefaults(options: AuthorityOptions): Required<AuthorityOptions> {
  return {
    clock: Date.now,
    random: osRandom,
    anchorTtlMs: DEFAULT_ANCHOR_TTL_MS,
    ...options,
  };
}

/** X.509 times have no fraction of a second (RFC 5280 section 4.1.2.5). */
function wholeSeconds(timeMs: number): number {
  return Math.floor(timeMs / 1000) * 1000;
}

async function makeSigner(x509: X509Library, options: Required<AuthorityOptions>): Promise<Signer> {
  const now = options.clock();
  const keys = await makeKeys(options.random);
  const serial = drawSerial(options.random);
  // Each key has a name of its own, so that a path builder never has to try two keys of one name.
  const subject = `C=US, O=SPIKE development, CN=${options.trustDomain} ${
    serial.toHex().slice(0, 8)
  }`;
  const notAfterMs = wholeSeconds(now + options.anchorTtlMs);
  const der = await buildAnchor(x509, {
    subject,
    issuer: subject,
    publicKey: keys.publicKey,
    issuerPublicKey: keys.publicKey,
    issuerPrivateKey: keys.privateKey,
    serial,
    notBeforeMs: wholeSeconds(now - BACKDATE_MS),
    notAfterMs,
  }, `spiffe://${options.trustDomain}`);
  return { keys, anchor: { der, subject, notAfterMs } };
}

function readAnchor(x509: X509Library, base64: string): Anchor {
  const der = Uint8Array.fromBase64(base64);
  const certificate = new x509.X509Certificate(der);
  return { der, subject: certificate.subject, notAfterMs: certificate.notAfter.getTime() };
}

async function readKeys(
  base64: string,
  x509: X509Library,
  anchor: Anchor,
): Promise<CryptoKeyPair> {
  const pkcs8 = Uint8Array.fromBase64(base64);
  const privateKey = await crypto.subtle.importKey("pkcs8", pkcs8, KEY_ALGORITHM, true, ["sign"]);
  pkcs8.fill(0);
  const certificate = new x509.X509Certificate(Uint8Array.from(anchor.der));
  const publicKey = await certificate.publicKey.export(KEY_ALGORITHM, ["verify"]);
  await assertSameKey(privateKey, publicKey);
  return { privateKey, publicKey };
}

/** A state put together from two authorities would sign what nobody can verify. */
async function assertSameKey(privateKey: CryptoKey, publicKey: CryptoKey): Promise<void> {
  const algorithm = { name: "ECDSA", hash: "SHA-256" };
  const probe = new Uint8Array(32);
  const signature = await crypto.subtle.sign(algorithm, privateKey, probe);
  if (await crypto.subtle.verify(algorithm, publicKey, signature, probe)) return;
  throw new SpikeError(
    "data_invalid_input",
    "Authority state has a key that is not the first anchor's",
  );
}

async function exportKey(key: CryptoKey): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.exportKey("pkcs8", key));
}
