import { SpikeError } from "../../lib/api/error.ts";
import type { NexusStatus } from "../../lib/api/mod.ts";
import type { KeeperProbe } from "../../lib/recovery/mod.ts";

/** What Bootstrap finds before it acts. */
export interface Survey {
  /** Undefined when Nexus does not answer: distributing does not need it. */
  readonly nexus: NexusStatus | undefined;
  /** By position; undefined for a keeper that cannot say (none that runs unmodified original code can). */
  readonly keepers: readonly (KeeperProbe | undefined)[];
  readonly isForced: boolean;
}

/** What to do about it. */
export type Decision =
  | { readonly kind: "go" }
  | { readonly kind: "done"; readonly why: string }
  | { readonly kind: "refuse"; readonly error: SpikeError };

/**
 * Whether a new root key may be made. A second run changes nothing and says so; a run that was killed
 * half-way left unconfirmed shards, which the next one replaces.
 */
export function decide({ nexus, keepers, isForced }: Survey): Decision {
  if (nexus?.state === "ready") {
    return {
      kind: "done",
      why: "Nexus is ready: the system is already bootstrapped, nothing was changed",
    };
  }
  if (nexus?.initialized) {
    return refuse(
      "Nexus has a database and waits for its root key: a new key could not open it",
      "Bring the keepers back, or restore the key with spike operator restore; for a new system move the database away",
    );
  }
  const confirmed = keepers.flatMap((probe, i) => probe?.state === "confirmed" ? [i + 1] : []);
  if (confirmed.length === 0 || isForced) return { kind: "go" };
  if (nexus?.state === "database_lost") {
    return refuse(
      `Keepers ${confirmed.join(", ")} hold shards of a database that Nexus does not have`,
      "Put the database back; to give it up and make a new root key, run again with --force",
    );
  }
  return {
    kind: "done",
    why: `Keepers ${
      confirmed.join(", ")
    } hold confirmed shards: the system is already bootstrapped, nothing was changed`,
  };
}

function refuse(message: string, hint: string): Decision {
  return { kind: "refuse", error: new SpikeError("state_already_initialized", message, { hint }) };
}
