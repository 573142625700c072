import { type Client, createClient } from "../../lib/client/mod.ts";
import { loadSettings, type PilotSettings, readSettingsFile } from "../../lib/config/mod.ts";
import { hasRole, type Role } from "../../lib/spiffe/role.ts";
import type { PilotIo } from "./io.ts";

/** A client of Nexus in the name of this process's identity. */
export interface Session {
  readonly client: Client;
  readonly settings: PilotSettings;
}

/** What is said before a call that the server is going to refuse. The server decides, not we. */
function warnWithoutRole(id: Parameters<typeof hasRole>[0], role: Role, session: {
  settings: PilotSettings;
  deps: PilotIo;
}): void {
  const { settings, deps } = session;
  if (hasRole(id, role, settings.trustRoots)) return;
  const wanted = settings.trustRoots.pilot.map((root) =>
    `spiffe://${root}/spike/pilot/role/${role}`
  );
  deps.stderr.print(`Note: this identity is ${id}, but ${wanted.join(" or ")} is needed`);
}

/** The settings of the command line. @throws SpikeError `config_invalid` */
export async function readSettings({ env }: PilotIo): Promise<PilotSettings> {
  const file = await readSettingsFile("pilot", { env });
  return loadSettings({ role: "pilot", env, ...(file && { file }) });
}

/**
 * Waits for an identity, opens a client, uses it and closes both, whatever happens. `role` is the one without
 * which Nexus refuses.
 */
export async function withNexus<T>(
  deps: PilotIo,
  use: (session: Session) => Promise<T>,
  role?: Role,
): Promise<T> {
  const settings = await readSettings(deps);
  const source = await deps.openSource(settings);
  try {
    const { svid } = await source.ready(settings.sourceTimeoutMs);
    if (role !== undefined) warnWithoutRole(svid.id, role, { settings, deps });
    const transport = await deps.createTransport(source, settings);
    const client = createClient({ nexusUrl: settings.nexusUrl, transport, identity: svid.id });
    try {
      return await use({ client, settings });
    } finally {
      await client.close();
    }
  } finally {
    await source.close();
  }
}
