import {
  all,
  type Attack,
  exchanged,
  flipped,
  nothing,
  only,
  type Outcome,
  policyLost,
  withDecisionsAsBefore,
} from "./attack.ts";

const REFUSED = "that policy is refused to whoever asks for it, and grants nothing";
const BOTH_REFUSED = "both policies are refused to whoever asks for them, and grant nothing";
const LATER = "; a system that runs decides as before until a policy is changed";

function replay(name: string): string {
  return `
    DELETE FROM policies WHERE name = '${name}';
    INSERT INTO policies SELECT * FROM earlier.policies WHERE name = '${name}'`;
}

/** The policy is not there any more; a put makes it anew. */
function gone(names: string): Outcome {
  return only({ policies: names, "policy apps": "none", "read at a": "no" });
}

const ON_STOPPED: readonly Omit<Attack, "running">[] = [
  {
    name: "a policy edited",
    detector: "read",
    seen: REFUSED + LATER,
    attack: `UPDATE policies SET sealed = ${flipped("sealed")} WHERE name = 'apps'`,
    stopped: policyLost("apps"),
  },
  {
    name: "sealed policies of two names exchanged",
    detector: "read",
    seen: BOTH_REFUSED + LATER,
    attack: exchanged("policies", "sealed", "name = 'apps'", "name = 'teams'"),
    stopped: all(policyLost("apps"), policyLost("teams")),
  },
  {
    name: "revision of a policy edited",
    detector: "read",
    seen: REFUSED + LATER,
    attack: "UPDATE policies SET revision = revision - 1 WHERE name = 'apps'",
    stopped: policyLost("apps"),
  },
  {
    name: "key generation of a policy edited",
    detector: "read",
    seen: REFUSED + LATER,
    attack: "UPDATE policies SET kek_generation = 2 WHERE name = 'apps'",
    stopped: policyLost("apps"),
  },
  {
    name: "a policy taken from another store",
    detector: "read",
    seen: REFUSED + LATER,
    attack: `
      DELETE FROM policies WHERE name = 'apps';
      INSERT INTO policies SELECT * FROM other.policies WHERE name = 'apps'`,
    stopped: policyLost("apps"),
  },
  {
    name: "a policy renamed",
    detector: "verify",
    seen: `the policy is gone; the new name is listed, refused, and grants nothing${LATER}`,
    attack: "UPDATE policies SET name = 'admins' WHERE name = 'apps'",
    stopped: gone("admins narrowed teams"),
  },
  {
    name: "a policy removed",
    detector: "verify",
    seen: `the policy is gone, as if it had never been put${LATER}`,
    attack: "DELETE FROM policies WHERE name = 'apps'",
    stopped: gone("narrowed teams"),
  },
  {
    name: "a policy replayed, from before a permission was taken away",
    detector: "verify",
    seen: `the permission is back${LATER}`,
    attack: replay("narrowed"),
    stopped: only({
      "policy narrowed": "read write at ^grown$",
      "write at grown": "by narrowed",
    }),
  },
  {
    name: "a deleted policy put back",
    detector: "verify",
    seen: `the policy is back${LATER}`,
    attack: replay("dropped"),
    stopped: only({
      policies: "apps dropped narrowed teams",
      "policy dropped": "read at ^hidden$",
      "read at hidden": "by dropped",
    }),
  },
  {
    name: "revision of the policies edited in the counter",
    detector: "harmless",
    seen: "nothing",
    attack: "UPDATE counter SET policy_revision = 0",
    stopped: nothing,
  },
];

/** Attacks on rows of `policies`. */
export const POLICY_ATTACKS: readonly Attack[] = ON_STOPPED.map((attack) => ({
  ...attack,
  running: withDecisionsAsBefore(attack.stopped),
}));
