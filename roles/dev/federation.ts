import type { Authority } from "../../lib/authority/authority.ts";
import { createJwtAuthority, type JwtAuthority } from "../../lib/authority/jwt_authority.ts";
import type { BundleMap, TrustDomain } from "../../lib/spiffe/mod.ts";
import type { Issuer } from "../../lib/authority/issuer.ts";
import type { WorkloadIdentity } from "../../lib/workload_api/answer.ts";

/** Authorities that trust one another; a new one is made known to every identity at once. */
export class Federation {
  readonly #make: (domain: TrustDomain) => Promise<Authority>;
  readonly #making = new Map<TrustDomain, Promise<Authority>>();
  readonly #members = new Map<TrustDomain, Authority>();
  readonly #tokens = new Map<TrustDomain, JwtAuthority>();
  readonly #listeners = new Set<() => void>();

  constructor(make: (domain: TrustDomain) => Promise<Authority>) {
    this.#make = make;
  }

  /** The authority of a trust domain, made when it is asked for the first time. */
  authority(domain: TrustDomain): Promise<Authority> {
    const known = this.#making.get(domain);
    if (known !== undefined) return known;
    const making = Promise.all([this.#make(domain), createJwtAuthority()]).then((made) => {
      const [authority, tokens] = made;
      this.#members.set(domain, authority);
      this.#tokens.set(domain, tokens);
      for (const listener of [...this.#listeners]) listener();
      return authority;
    });
    this.#making.set(domain, making);
    return making;
  }

  /** What signs the tokens of a trust domain. */
  async tokens(domain: TrustDomain): Promise<JwtAuthority> {
    await this.authority(domain);
    const tokens = this.#tokens.get(domain);
    if (!tokens) throw new Error(`${domain} has an authority that signs no tokens`);
    return tokens;
  }

  /** Anchors of all members. */
  bundles(): BundleMap {
    return new Map([...this.#members].map(([domain, authority]) => [domain, authority.anchors()]));
  }

  /** An identity whose callers learn the anchors of all members, those of later ones too. */
  identity(issuer: Issuer): WorkloadIdentity {
    return {
      current: () => {
        const answer = issuer.current();
        const jwtBundles = new Map(
          [...this.#tokens].map(([domain, tokens]) => [domain, tokens.jwks()]),
        );
        return answer && { svids: answer.svids, bundles: this.bundles(), jwtBundles };
      },
      subscribe: (listener) => {
        const own = () => listener();
        this.#listeners.add(own);
        const unsubscribe = issuer.subscribe(own);
        return () => {
          this.#listeners.delete(own);
          unsubscribe();
        };
      },
    };
  }
}
