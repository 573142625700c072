import type { KeyObject } from "node:crypto";
import { SpikeError } from "../error/error.ts";
import { parseAnyBundle, parseJwtBundle } from "../spiffe/bundle.ts";
import { parseTrustDomain, type TrustDomain } from "../spiffe/id.ts";
import type { JwtKeySet } from "./jwt_svid.ts";

/** JWT bundles as they came, so that they can go from thread to thread. */
export type JwtDocuments =
  /** JWK sets by trust domain, of an agent. */
  | { readonly form: "agent"; readonly byDomain: ReadonlyMap<string, Uint8Array> }
  /** A SPIFFE bundle document of `own`, or a map of several. */
  | { readonly form: "file"; readonly own: TrustDomain; readonly document: Uint8Array };

type Keys = ReadonlyMap<string, KeyObject>;

/** The keys of the newest bundles. */
export class JwtKeys implements JwtKeySet {
  #domains: ReadonlyMap<TrustDomain, Keys> = new Map();

  /** `report` hears of documents that cannot be used; what such a domain had before stays. */
  constructor(private readonly report: (reason: string) => void) {}

  /** Whether there is any key. */
  get isEmpty(): boolean {
    return [...this.#domains.values()].every((keys) => keys.size === 0);
  }

  keysOf(domain: TrustDomain): Keys | undefined {
    return this.#domains.get(domain);
  }

  /** Takes the place of all that was there: a domain that is not named is not trusted any more. */
  update(documents: JwtDocuments): void {
    try {
      this.#domains = documents.form === "file"
        ? authoritiesOf(parseAnyBundle(documents.document, documents.own))
        : this.#read(documents.byDomain);
    } catch (error) {
      if (!(error instanceof SpikeError)) throw error;
      this.report(error.message);
    }
  }

  #read(byDomain: ReadonlyMap<string, Uint8Array>): ReadonlyMap<TrustDomain, Keys> {
    const domains = new Map<TrustDomain, Keys>();
    for (const [name, document] of byDomain) {
      const domain = parseTrustDomain(name);
      const keys = this.#keysIn(domain, document) ?? this.#domains.get(domain);
      if (keys) domains.set(domain, keys);
    }
    return domains;
  }

  #keysIn(domain: TrustDomain, document: Uint8Array): Keys | undefined {
    try {
      return parseJwtBundle(document).jwtAuthorities;
    } catch (error) {
      if (!(error instanceof SpikeError)) throw error;
      this.report(`${domain}: ${error.message}`);
      return undefined;
    }
  }
}

function authoritiesOf(
  bundles: ReturnType<typeof parseAnyBundle>,
): ReadonlyMap<TrustDomain, Keys> {
  return new Map([...bundles].map(([domain, { jwtAuthorities }]) => [domain, jwtAuthorities]));
}
