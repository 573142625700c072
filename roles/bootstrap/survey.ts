import { SpikeError } from "../../lib/error/error.ts";
import type { NexusStatus } from "../../lib/api/mod.ts";
import type { KeeperProbe } from "../../lib/recovery/mod.ts";

/**
 * What a keeper says that it holds; `silent` when it answers but cannot say, as those do that know no probes;
 * `unreachable` when it does not answer.
 */
export type KeeperFinding = KeeperProbe | "silent" | "unreachable";

/** What Bootstrap finds before it acts. */
export interface Survey {
  /** Undefined when Nexus does not answer or cannot say: distributing does not need it. */
  readonly nexus: Pick<NexusStatus, "state" | "initialized"> | undefined;
  /** By position. */
  readonly keepers: readonly KeeperFinding[];
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
      "Nexus has a database and waits for its root key; a new key cannot open it",
      "Start the keepers, or run `spike operator restore`; for a new system, move the database away",
    );
  }
  if (isForced) return { kind: "go" };
  const confirmed = positions(
    keepers,
    (found) => typeof found === "object" && found.state === "confirmed",
  );
  const silent = positions(keepers, (found) => found === "silent");
  if (confirmed.length === 0 && silent.length > 0 && !nexus) {
    return refuse(
      `Keepers ${
        silent.join(", ")
      } do not report whether they hold shards, and Nexus does not answer`,
      "Start Nexus first, which knows whether the system is bootstrapped, or pass --force",
    );
  }
  if (confirmed.length === 0) return { kind: "go" };
  if (nexus?.state === "database_lost") {
    return refuse(
      `Keepers ${confirmed.join(", ")} hold shards of a database that Nexus does not have`,
      "Restore the database; to abandon it and create a new root key, pass --force",
    );
  }
  return {
    kind: "done",
    why: `Keepers ${
      confirmed.join(", ")
    } hold confirmed shards: the system is already bootstrapped, nothing was changed`,
  };
}

function positions(
  keepers: readonly KeeperFinding[],
  isMeant: (found: KeeperFinding) => boolean,
): number[] {
  return keepers.flatMap((found, i) => isMeant(found) ? [i + 1] : []);
}

function refuse(message: string, hint: string): Decision {
  return { kind: "refuse", error: new SpikeError("state_already_initialized", message, { hint }) };
}
