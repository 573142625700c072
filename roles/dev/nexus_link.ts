import { SpikeError } from "../../lib/error/error.ts";
import type { NexusStatus } from "../../lib/api/status.ts";
import { type Client, createClient } from "../../lib/client/mod.ts";
import { createMtlsClient } from "../../lib/mtls/mod.ts";
import {
  DEFAULT_TRUST_ROOTS,
  hasRole,
  parseSpiffeId,
  type SpiffeId,
} from "../../lib/spiffe/mod.ts";
import { MemorySource, type SvidSource } from "../../lib/spiffe/mod.ts";
import type { Identities } from "./identities.ts";
import { TRUST_DOMAIN } from "./plan.ts";

/** A role of the command line that the supervisor takes upon itself. */
export type PilotRole = "superuser" | "recover" | "restore";

/** The ID of a role of the command line. */
export function pilotId(role: PilotRole): SpiffeId {
  return parseSpiffeId(`spiffe://${TRUST_DOMAIN}/spike/pilot/role/${role}`);
}

/** Short, since Nexus is on this machine and may be killed any time. */
const TIMEOUTS = { connectMs: 2_000, headersMs: 5_000, totalMs: 10_000 };

function transportOf(source: SvidSource) {
  return createMtlsClient({
    source,
    isExpectedPeer: (id) => hasRole(id, "nexus", DEFAULT_TRUST_ROOTS),
    peerName: "a SPIKE Nexus",
    timeouts: TIMEOUTS,
  });
}

/** A client of Nexus with an identity of the command line; closing it ends its identity, too. */
export async function openClient(
  identities: Identities,
  role: PilotRole,
  nexusUrl: string,
): Promise<Client> {
  const source = await identities.source(pilotId(role));
  const client = createClient({
    nexusUrl,
    transport: transportOf(source),
    identity: pilotId(role),
  });
  return {
    ...client,
    close: async () => {
      await client.close();
      await source.close();
    },
  };
}

/** The status of Nexus, or why there is none. */
export async function askStatus(client: Client): Promise<NexusStatus | string> {
  try {
    return await client.status();
  } catch (error) {
    if (error instanceof SpikeError) return error.message;
    throw error;
  }
}

/**
 * Whether Nexus already accepts connections of an identity, whatever it then answers: bundles take a moment
 * from the authority to every listener.
 */
export async function isAccepted(
  identities: Identities,
  id: SpiffeId,
  nexusUrl: string,
): Promise<boolean> {
  const { svid } = await identities.issue({ id, ttlMs: 60_000 });
  const source = new MemorySource({ svid, bundles: identities.bundles() });
  const transport = transportOf(source);
  try {
    await transport.post(`${nexusUrl}/v1/status`, "{}");
    return true;
  } catch (error) {
    if (error instanceof SpikeError) return false;
    throw error;
  } finally {
    await transport.close();
    await source.close();
  }
}
