import { judgeByRole, targetOf } from "../../../lib/access/mod.ts";
import { denied } from "../../../lib/access/authorize.ts";
import { type Route, routeOf } from "../../../lib/api/mod.ts";
import type { Grant } from "../../../lib/audit/mod.ts";
import { decide, type PolicySet, RESERVED, type Sight, sightOf } from "../../../lib/policy/mod.ts";
import type { Role, SpiffeId, TrustRoots } from "../../../lib/spiffe/mod.ts";

/** Access control: roles first, then policies. */
export interface Access {
  /**
   * The grant that authorizes the caller. `subject` is the path or the key that the request names, as received, valid
   * or not. Rejects with `access_unauthorized`.
   */
  authorize(id: SpiffeId, route: Route, subject: string): Promise<Grant>;
  /** Whether a caller has the permission of a route on another path. */
  allows(id: SpiffeId, route: Route, path: string): Promise<boolean>;
  /**
   * The paths that a caller may see in listings, and the grant. Rejects with `access_unauthorized` when there are
   * none.
   */
  sight(id: SpiffeId): Promise<Seen>;
}

/** The paths that a caller may see in listings. */
export interface Seen {
  readonly sight: Sight | "everything";
  /** The role, or of several policies the first by name. */
  readonly grant: Grant;
}

/** Options of access control. */
export interface AccessOptions {
  readonly roots: TrustRoots;
  /** The policies as of now; absent where there are none. */
  readonly policies?: () => Promise<PolicySet>;
}

/** Makes the access control of one listener. A failure to read policies is not a denial: it rejects with that error. */
export function createAccess({ roots, policies }: AccessOptions): Access {
  const sight = async (id: SpiffeId): Promise<Seen> => {
    const judgement = judgeByRole(id, routeOf("secret.list"), roots);
    if (typeof judgement === "object") return { sight: "everything", grant: byRole(judgement) };
    if (judgement === "denied" || !policies) throw denied(id);
    const set = await policies();
    const whole = decide(set, { id, path: RESERVED.secret, wanted: ["list"] });
    if (whole.allowed) return { sight: "everything", grant: byPolicy(whole.policy) };
    const part = sightOf(set, id);
    if (!part) throw denied(id);
    return { sight: part, grant: byPolicy(part.policy) };
  };
  const grantOf = async (
    id: SpiffeId,
    route: Route,
    subject: string,
  ): Promise<Grant | undefined> => {
    const { want } = route;
    const judgement = judgeByRole(id, route, roots, subject);
    if (typeof judgement === "object") return byRole(judgement);
    if (judgement === "denied" || !policies || want.by === "role") return undefined;
    const question = { id, path: targetOf(want, subject), wanted: [want.permission] };
    const decision = decide(await policies(), question);
    return decision.allowed ? byPolicy(decision.policy) : undefined;
  };
  return {
    sight,
    allows: async (id, route, path) => await grantOf(id, route, path) !== undefined,
    async authorize(id, route, subject) {
      const { want } = route;
      if (want.by === "permission" && want.orPartly) return (await sight(id)).grant;
      if (want.by === "permission" && want.on === "request.paths") return eachPath(id, route);
      const grant = await grantOf(id, route, subject);
      if (!grant) throw denied(id);
      return grant;
    },
  };

  /** The operation authorizes each path; a caller without any matching policy is denied as a whole. */
  function eachPath(id: SpiffeId, route: Route): Grant {
    const judgement = judgeByRole(id, route, roots);
    if (judgement === "denied" || !policies && judgement === "open") throw denied(id);
    return judgement === "open" ? byPolicy(EACH_PATH) : byRole(judgement);
  }
}

/** Stands for a policy where each path of a request was authorized separately; no policy can have this name. */
const EACH_PATH = "*";

function byRole({ granted }: { readonly granted: Role }): Grant {
  return { by: "role", name: granted };
}

function byPolicy(name: string): Grant {
  return { by: "policy", name };
}
