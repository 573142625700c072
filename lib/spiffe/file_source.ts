import { SpikeError } from "../error/error.ts";
import { parseAnyBundle } from "./bundle.ts";
import { parseTrustDomain, type TrustDomain, trustDomainOf } from "./id.ts";
import { pemDecodeAll } from "../x509/pem.ts";
import { inFile, lookAtFile, readTextOf } from "../x509/pem_file.ts";
import { readPrivateKey } from "../x509/private_key.ts";
import type { BundleMap, IdentitySnapshot, SvidSource, X509Svid } from "./source.ts";
import { SourceState } from "./source_state.ts";
import { parseSvid, splitDer } from "./svid.ts";
import { startRealTimer, type StartTimer } from "./timer.ts";

/** The files of an identity, as spiffe-helper and its like write them: PEM, bundles also as SPIFFE documents. */
export interface IdentityFiles {
  /** Certificates, leaf first. */
  readonly svid: string;
  /** Unencrypted: PKCS#8, SEC1 or PKCS#1. */
  readonly key: string;
  /**
   * Anchors of the SVID's own trust domain: PEM, a SPIFFE bundle document, or a map of several documents by
   * trust domain, which then is also where federated anchors come from.
   */
  readonly bundle: string;
  /** By name of a trust domain: a file with its anchors. Each wins over the map in `bundle`. */
  readonly federated?: Readonly<Record<string, string>>;
}

/** What {@link openFileSource} takes from its surroundings; everything has a default. */
export interface FileSourceDeps {
  /** Called once per change of the reason why there is no identity, or no newer one. */
  readonly log?: (reason: string) => void;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  readonly startTimer?: StartTimer;
  readonly pollMs?: number;
}

const DEFAULT_POLL_MS = 1_000;

/**
 * Identities from files that something else keeps fresh.
 *
 * The files are looked at every second rather than watched: a watch sees neither the swap of a directory
 * behind a symbolic link, which is how Kubernetes updates volumes, nor writes on network file systems. A set
 * that does not fit together, such as a new certificate beside the old key, keeps the former state until the
 * rest is written. Throws `spiffe_invalid_spiffe_id` when a name in `federated` is not that of a trust domain.
 *
 * @example
 * ```ts
 * import { openFileSource } from "./file_source.ts";
 *
 * const source = openFileSource({
 *   svid: "/run/svid/svid.pem",
 *   key: "/run/svid/svid_key.pem",
 *   bundle: "/run/svid/svid_bundle.pem",
 * });
 * const { svid } = await source.ready(30_000);
 * ```
 */
export function openFileSource(files: IdentityFiles, deps: FileSourceDeps = {}): SvidSource {
  return new FileSource(files, {
    log: () => {},
    now: Date.now,
    startTimer: startRealTimer,
    pollMs: DEFAULT_POLL_MS,
    ...deps,
  });
}

class FileSource implements SvidSource {
  readonly #state: SourceState;
  readonly #federated: ReadonlyMap<TrustDomain, string>;
  /** What the files looked like when they were last read completely. */
  #seen = "";
  #isClosed = false;
  #stopTimer: () => void = () => {};
  #poll: Promise<void>;

  constructor(
    private readonly files: IdentityFiles,
    private readonly deps: Required<FileSourceDeps>,
  ) {
    const { now, startTimer, log } = deps;
    const place = `files ${[files.svid, files.key, files.bundle].join(", ")}`;
    const hint = "Check that what writes these files runs, and that this process may read them";
    this.#state = new SourceState({ place, hint, now, startTimer, log });
    this.#federated = new Map(
      Object.entries(files.federated ?? {}).map(([name, path]) => [parseTrustDomain(name), path]),
    );
    this.#poll = this.#look();
  }

  current(): IdentitySnapshot {
    return this.#state.current();
  }

  subscribe(listener: () => void): () => void {
    return this.#state.subscribe(listener);
  }

  ready(timeoutMs: number): Promise<IdentitySnapshot> {
    return this.#state.ready(timeoutMs);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#stopTimer();
    this.#state.close();
    await this.#poll;
  }

  async #look(): Promise<void> {
    try {
      await this.#readWhenChanged();
    } catch (error) {
      if (!(error instanceof SpikeError)) throw error;
      this.#state.report(error.message, error.hint);
    }
    if (this.#isClosed) return;
    this.#stopTimer = this.deps.startTimer(() => {
      this.#poll = this.#look();
    }, this.deps.pollMs);
  }

  async #readWhenChanged(): Promise<void> {
    const { svid, key, bundle } = this.files;
    const paths = [svid, key, bundle, ...this.#federated.values()];
    const before = await appearanceOf(paths);
    if (before === this.#seen) return;
    const texts = new Map<string, string>();
    for (const path of paths) texts.set(path, await readTextOf(path));
    // Written while they were read: the next look will find them at rest.
    if (before !== await appearanceOf(paths)) return;
    this.#seen = before;
    const identity = readSvid(this.files, texts);
    const own = trustDomainOf(identity.id);
    const bundles = new Map(readBundles(bundle, own, texts));
    if (!bundles.has(own)) anchorsFor(own, bundle, texts);
    for (const [domain, path] of this.#federated) {
      if (domain !== own) bundles.set(domain, anchorsFor(domain, path, texts));
    }
    this.#state.publish(identity, bundles);
  }
}

/** What all files look like together. */
async function appearanceOf(paths: readonly string[]): Promise<string> {
  const parts: string[] = [];
  // One after the other, so that of several missing files the same one is named every time.
  for (const path of paths) parts.push((await lookAtFile(path)).appearance);
  return parts.join(" ");
}

function readSvid(files: IdentityFiles, texts: ReadonlyMap<string, string>): X509Svid {
  const privateKey = readPrivateKey(texts.get(files.key) ?? "", files.key);
  try {
    const certificates = readCertificates(files.svid, texts);
    return inFile(files.svid, () => parseSvid({ certificates, privateKey }));
  } finally {
    privateKey.fill(0);
  }
}

function readCertificates(path: string, texts: ReadonlyMap<string, string>): Uint8Array[] {
  const blocks = inFile(path, () => pemDecodeAll(texts.get(path) ?? ""));
  const certificates = blocks.filter((block) => block.label === "CERTIFICATE");
  if (certificates.length === 0) {
    throw new SpikeError(
      "data_invalid_input",
      `File ${path} has no CERTIFICATE, expected at least one`,
    );
  }
  return inFile(path, () => certificates.flatMap((block) => splitDer(block.der)));
}

/** Anchors by trust domain. A SPIFFE bundle document begins with a brace, which no PEM text does. */
function readBundles(
  path: string,
  domain: TrustDomain,
  texts: ReadonlyMap<string, string>,
): BundleMap {
  const text = texts.get(path) ?? "";
  if (!text.trimStart().startsWith("{")) return new Map([[domain, readCertificates(path, texts)]]);
  const parsed = inFile(path, () => parseAnyBundle(new TextEncoder().encode(text), domain));
  return new Map([...parsed].map(([name, { x509Authorities }]) => [name, x509Authorities]));
}

function anchorsFor(
  domain: TrustDomain,
  path: string,
  texts: ReadonlyMap<string, string>,
): readonly Uint8Array[] {
  const anchors = readBundles(path, domain, texts).get(domain);
  if (anchors !== undefined) return anchors;
  throw new SpikeError("data_invalid_input", `File ${path} has no bundle of ${domain}`);
}
