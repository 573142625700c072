import {
  parseSpiffeId,
  parseTrustDomain,
  type TrustDomain,
  trustDomainOf,
} from "../../lib/spiffe/mod.ts";
import type { ControlHandlers } from "./control.ts";
import type { Identities } from "./identities.ts";
import { type Layout, shortHash, socketPath } from "./layout.ts";
import { isAccepted } from "./nexus_link.ts";
import { TRUST_DOMAIN } from "./plan.ts";
import { about, type Say } from "./say.ts";
import type { DevSystem } from "./system.ts";

export interface HandlerDeps {
  readonly system: DevSystem;
  readonly identities: Identities;
  readonly layout: Layout;
  readonly nexusUrl: string;
  readonly ttlMs: number;
  readonly say: Say;
}

/** What the supervisor does for each command. */
export function createHandlers(deps: HandlerDeps): ControlHandlers {
  const { system, identities, layout, ttlMs, say } = deps;
  const known = new Set<TrustDomain>([parseTrustDomain(TRUST_DOMAIN)]);
  const introduce = async (domain: TrustDomain) => {
    if (known.has(domain)) return;
    if (await isKnownToNexus(deps, domain)) known.add(domain);
    else say(`Nexus has not taken over the bundle of ${domain} yet`);
  };
  return {
    svid: async (request) => {
      const id = parseSpiffeId(request.id);
      const signer = request.signer === undefined
        ? trustDomainOf(id)
        : parseTrustDomain(request.signer);
      if (signer !== trustDomainOf(id)) say(`The authority of ${signer} forges ${id}`);
      const { files } = await identities.issue({ id, signer, ttlMs: request.ttlMs ?? ttlMs });
      await introduce(signer);
      return files;
    },
    token: async ({ id, audience, ttlMs: lifeMs = TOKEN_TTL_MS }) => {
      const parsed = parseSpiffeId(id);
      const token = await identities.token({ id: parsed, audience, ttlMs: lifeMs });
      await introduce(trustDomainOf(parsed));
      return { token };
    },
    socket: async (request) => {
      const id = parseSpiffeId(request.id);
      const lifeMs = request.ttlMs ?? ttlMs;
      const path = socketPath(layout, `extra-${shortHash(`${lifeMs} ${id}`)}`);
      const address = await identities.serve(id, path, lifeMs);
      await introduce(trustDomainOf(id));
      return { address };
    },
    kill: async ({ name }) => {
      const wasRunning = await system.kill(name);
      if (wasRunning) say(about(name, "killed"));
      return { wasRunning };
    },
    start: async ({ name, timeoutMs }) => {
      const beganMs = performance.now();
      await system.start(name, timeoutMs);
      const tookMs = Math.round(performance.now() - beganMs);
      say(about(name, `ready after ${tookMs} ms`));
      return { tookMs };
    },
    identity: async ({ action, name }) => {
      const id = parseSpiffeId(system.idOf(name) ?? name);
      await identities.change(id, action);
      say(`Identity ${id} is ${action === "withdraw" ? "withdrawn" : "back"}`);
      return { id };
    },
    authority: async ({ action, domain }) => {
      const name = parseTrustDomain(domain ?? TRUST_DOMAIN);
      const anchors = await identities.changeAuthority(name, action);
      say(`Authority of ${name}: ${action}, it has ${anchors} anchors now`);
      return { anchors };
    },
  };
}

/** As agents do: a token can be used by whoever sees it. */
const TOKEN_TTL_MS = 300_000;
const ATTEMPTS = 100;
const PAUSE_MS = 20;
/** In a row, since each request worker of Nexus takes a new bundle over by itself. */
const ENOUGH = 4;

/** Waits until connections with identities of a new trust domain get through, if Nexus runs. */
async function isKnownToNexus(deps: HandlerDeps, domain: TrustDomain): Promise<boolean> {
  const id = parseSpiffeId(`spiffe://${domain}/spike-dev-probe`);
  let inRow = 0;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (!deps.system.isRunning("nexus")) return false;
    if (inRow === 0) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    inRow = await isAccepted(deps.identities, id, deps.nexusUrl) ? inRow + 1 : 0;
    if (inRow === ENOUGH) return true;
  }
  return false;
}
