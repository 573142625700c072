import { denied } from "../../lib/api/authorize.ts";
import { type Route, routeOf } from "../../lib/api/mod.ts";
import { decide, type PolicySet, RESERVED, type Sight, sightOf } from "../../lib/policy/mod.ts";
import type { SpiffeId, TrustRoots } from "../../lib/spiffe/mod.ts";
import { judgeByRole } from "./authorize.ts";

/** Who may do what, by roles first and then by policies. */
export interface Access {
  /** `path` is the request's own, as received, valid or not. Rejects with `access_unauthorized`. */
  authorize(id: SpiffeId, route: Route, path: string): Promise<void>;
  /** What a caller may see of the list of secrets. Rejects with `access_unauthorized` when nothing. */
  sight(id: SpiffeId): Promise<Sight | "everything">;
}

/** What access rests on. */
export interface AccessOptions {
  readonly roots: TrustRoots;
  /** The policies as of now; absent where there are none. */
  readonly policies?: () => Promise<PolicySet>;
}

/** Makes the rules of one listener. A failure to read the policies is no denial: it rejects with what failed. */
export function createAccess({ roots, policies }: AccessOptions): Access {
  const sight = async (id: SpiffeId): Promise<Sight | "everything"> => {
    const judgement = judgeByRole(id, routeOf("secret.list"), roots);
    if (judgement === "granted") return "everything";
    if (judgement === "denied" || !policies) throw denied(id);
    const set = await policies();
    const whole = decide(set, { id, path: RESERVED.secret, wanted: ["list"] });
    if (whole.allowed) return "everything";
    const part = sightOf(set, id);
    if (!part) throw denied(id);
    return part;
  };
  return {
    sight,
    async authorize(id, route, path) {
      const { want } = route;
      const judgement = judgeByRole(id, route, roots);
      if (judgement === "granted") return;
      if (judgement === "denied" || !policies || want.by === "role") throw denied(id);
      if (want.orPartly) return void await sight(id);
      const question = {
        id,
        path: want.on === "request.path" ? path : want.on,
        wanted: [want.permission],
      };
      if (!decide(await policies(), question).allowed) throw denied(id);
    },
  };
}
