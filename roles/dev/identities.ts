import { SpikeError } from "../../lib/error/error.ts";
import { type Authority, createAuthority } from "../../lib/authority/authority.ts";
import type { JwtRequest } from "../../lib/authority/jwt_authority.ts";
import { createIssuer, type Issuer } from "../../lib/authority/issuer.ts";
import {
  isMemberOf,
  MemorySource,
  parseTrustDomain,
  type SpiffeId,
  type SvidSource,
  type TrustDomain,
  trustDomainOf,
  type X509Svid,
} from "../../lib/spiffe/mod.ts";
import { pemEncode } from "../../lib/x509/mod.ts";
import { serveWorkloadApi, type WorkloadServer } from "../../lib/workload_api/server.ts";
import type { AuthorityAction, IdentityAction, SvidFiles } from "./control.ts";
import { Federation } from "./federation.ts";
import type { Say } from "./say.ts";
import { TRUST_DOMAIN } from "./plan.ts";

/** What a new SVID is to be. */
export interface SvidRequest {
  readonly id: SpiffeId;
  readonly ttlMs: number;
  /** Whose authority signs; the ID's own trust domain unless a forgery is wanted. */
  readonly signer?: TrustDomain;
}

/** All identities of one system, and the sockets that hand them out. Keys live in memory only. */
export class Identities implements AsyncDisposable {
  readonly #ttlMs: number;
  readonly #say: Say;
  readonly #federation = new Federation((trustDomain) => createAuthority({ trustDomain }));
  readonly #issuers = new Map<string, { id: SpiffeId; issuer: Promise<Issuer> }>();
  readonly #servers = new Map<string, Promise<WorkloadServer>>();

  /** SVIDs live for `ttlMs` unless asked otherwise. */
  constructor(ttlMs: number, say: Say) {
    this.#ttlMs = ttlMs;
    this.#say = say;
  }

  /** Serves an identity on a socket; asked again for the same socket it answers the same address. */
  async serve(id: SpiffeId, path: string, ttlMs = this.#ttlMs): Promise<string> {
    let server = this.#servers.get(path);
    if (server === undefined) {
      server = this.#issuer(id, ttlMs).then((issuer) =>
        serveWorkloadApi({ listen: { path }, identity: this.#federation.identity(issuer) })
      );
      this.#servers.set(path, server);
    }
    return (await server).address;
  }

  /** The identity as the supervisor itself uses it. */
  async source(id: SpiffeId): Promise<SvidSource> {
    const identity = this.#federation.identity(await this.#issuer(id, this.#ttlMs));
    const source = new MemorySource(undefined, { place: "the development authority" });
    const follow = () => {
      const answer = identity.current();
      const svid = answer?.svids[0];
      if (answer && svid) source.set(svid, answer.bundles);
      else source.withdraw("no identity issued");
    };
    follow();
    const unsubscribe = identity.subscribe(follow);
    const close = source.close.bind(source);
    source.close = () => {
      unsubscribe();
      return close();
    };
    return source;
  }

  /** One SVID that is not renewed. */
  async issue(request: SvidRequest): Promise<{ svid: X509Svid; files: SvidFiles }> {
    const domain = request.signer ?? trustDomainOf(request.id);
    const svid = await sign(await this.#federation.authority(domain), request);
    const bundles = this.#federation.bundles();
    const domains = new Set([parseTrustDomain(TRUST_DOMAIN), domain]);
    const anchors = [...domains].flatMap((name) => bundles.get(name) ?? []);
    const files = {
      certificates: pemOf(svid.certificates),
      privateKey: pemEncode("PRIVATE KEY", svid.privateKey),
      bundle: pemOf(anchors),
      notAfterMs: svid.notAfterMs,
    };
    return { svid, files };
  }

  /**
   * Takes an identity away from all who have it, or gives it back.
   *
   * @throws SpikeError `api_not_found` when nobody ever had it
   */
  async change(id: SpiffeId, action: IdentityAction): Promise<void> {
    const issuers = await this.#issuersOf((one) => one === id);
    if (issuers.length === 0) {
      throw new SpikeError("api_not_found", `No process has the identity ${id}`);
    }
    for (const issuer of issuers) {
      if (action === "withdraw") issuer.withdraw();
      else await issuer.renew();
    }
  }

  /** Does that to the authority of a trust domain, and answers how many anchors it has then. */
  async changeAuthority(domain: TrustDomain, action: AuthorityAction): Promise<number> {
    const authority = await this.#federation.authority(domain);
    if (action === "prepare") await authority.prepare();
    if (action === "retire") authority.retire();
    if (action === "rotate") {
      await authority.rotate();
      const issuers = await this.#issuersOf((id) => trustDomainOf(id) === domain);
      // What was withdrawn stays so.
      const held = issuers.filter((issuer) => issuer.current() !== undefined);
      await Promise.all(held.map((issuer) => issuer.renew()));
    }
    return authority.anchors().length;
  }

  /** A JWT-SVID. */
  async token(request: JwtRequest): Promise<string> {
    return await (await this.#federation.tokens(trustDomainOf(request.id))).issue(request);
  }

  /** Anchors of all trust domains. */
  bundles() {
    return this.#federation.bundles();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const servers = await Promise.allSettled(this.#servers.values());
    const issuers = [...this.#issuers.values()].map(({ issuer }) => issuer);
    for (const issuer of await Promise.allSettled(issuers)) {
      if (issuer.status === "fulfilled") issuer.value.close();
    }
    await Promise.all(
      servers.map((server) => server.status === "fulfilled" ? server.value.close() : undefined),
    );
  }

  async #issuersOf(isMeant: (id: SpiffeId) => boolean): Promise<Issuer[]> {
    const meant = [...this.#issuers.values()].filter(({ id }) => isMeant(id));
    return await Promise.all(meant.map(({ issuer }) => issuer));
  }

  #issuer(id: SpiffeId, ttlMs: number): Promise<Issuer> {
    const key = `${ttlMs} ${id}`;
    const known = this.#issuers.get(key)?.issuer;
    if (known !== undefined) return known;
    const issuer = this.#federation.authority(trustDomainOf(id)).then((authority) =>
      createIssuer({ authority, id, ttlMs, log: this.#say })
    );
    this.#issuers.set(key, { id, issuer });
    return issuer;
  }
}

/** An authority signs IDs of its own domain only; for another one the name has to be forced upon it. */
async function sign(authority: Authority, { id, ttlMs }: SvidRequest): Promise<X509Svid> {
  if (isMemberOf(id, authority.trustDomain)) return await authority.issue(id, ttlMs);
  const placeholder = `spiffe://${authority.trustDomain}` as SpiffeId;
  const svid = await authority.issue(placeholder, ttlMs, { uriSans: [id] });
  return { ...svid, id };
}

function pemOf(certificates: readonly Uint8Array[]): string {
  return certificates.map((der) => pemEncode("CERTIFICATE", der)).join("");
}
