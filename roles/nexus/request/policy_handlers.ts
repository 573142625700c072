import type { Handlers } from "../../../lib/http/app.ts";
import { formatTime, type Operation } from "../../../lib/api/mod.ts";
import { SpikeError } from "../../../lib/error/mod.ts";
import { parsePolicy } from "../../../lib/policy/mod.ts";
import type { TrustRoots } from "../../../lib/spiffe/mod.ts";
import type { PolicyReader, PolicyRecord } from "../../../lib/policy_store/mod.ts";
import type { CorePort } from "../core/core_port.ts";
import { answerExplanation, answerWhoCan } from "./explain_access.ts";

/** The operations on policies. */
export type PolicyOperation = Extract<Operation, `policy.${string}`>;

/** Every operation on policies, on a reader of this thread and the port to the one writer. */
export function createPolicyHandlers(
  core: Pick<CorePort, "putPolicy" | "deletePolicy">,
  policies: () => PolicyReader,
  roots: TrustRoots,
): Handlers<PolicyOperation> {
  return {
    "policy.put": async (draft, call) => {
      // Here already, so that no pattern keeps the writer from its work for longer than a good one does.
      const { policy } = parsePolicy(draft);
      const { unanchored } = await core.putPolicy({ ...policy, call });
      const warnings = unanchored.map((member) => `${member} is not anchored`);
      return { id: policy.name, ...(warnings.length > 0 ? { warnings } : {}) };
    },
    // The member `id` of requests holds the name: policies have no id of their own.
    "policy.get": async ({ id: name }) => {
      const record = await policies().get(name);
      if (!record) throw notFound(name);
      return encodePolicy(record);
    },
    "policy.delete": async ({ id: name }, call) => {
      if (!await core.deletePolicy({ name, call })) throw notFound(name);
      return {};
    },
    "policy.list": async (filter) => {
      const names = await policies().list(filter);
      return { policies: names.map((name) => ({ id: name, name })) };
    },
    "policy.explain": async (request) => answerExplanation(await policies().set(), request, roots),
    "policy.whoCan": async (request) => answerWhoCan(await policies().set(), request, roots),
  };
}

function encodePolicy(record: PolicyRecord): unknown {
  const { name, spiffeidPattern, pathPattern, permissions, createdMs, updatedMs } = record;
  return {
    id: name,
    name,
    // Clients of the original read the first spelling, which is theirs.
    spiffiedPattern: spiffeidPattern,
    spiffeidPattern,
    pathPattern,
    permissions,
    createdAt: formatTime(createdMs),
    updatedAt: formatTime(updatedMs),
  };
}

function notFound(name: string): SpikeError {
  return new SpikeError("api_not_found", `There is no policy ${JSON.stringify(name)}`);
}
