import { SpikeError } from "../../../lib/error/error.ts";
import type { NexusStatus } from "../../../lib/api/status.ts";
import { createClient, type Transport } from "../../../lib/client/mod.ts";
import type { PilotSettings } from "../../../lib/config/mod.ts";
import type { SvidSource } from "../../../lib/spiffe/source.ts";
import type { PilotIo } from "../io.ts";
import { type Diagnosis, failure, ok, unchecked } from "./diagnosis.ts";
import { IDENTITY_CHECKS, judgeIdentity } from "./identity.ts";
import {
  type CheckedPaths,
  checkFiles,
  checkLocking,
  checkSocket,
  type Machine,
} from "./machine.ts";
import { judgeClock, judgeKeyExchange, judgeNexus, NEXUS_CHECKS, STATUS_CHECKS } from "./nexus.ts";

/** No wait for an agent or for Nexus is longer. */
const PATIENCE_MS = 5_000;

/** What is examined, and with what. */
export interface Examination {
  readonly deps: Pick<PilotIo, "openSource" | "createTransport">;
  readonly settings: PilotSettings;
  readonly paths: CheckedPaths;
  readonly machine: Machine;
  /** Which group Nexus would choose; undefined when it does not say. */
  readonly askKeyExchange: (url: string) => Promise<string | undefined>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** Every check, in the order in which one depends on another. Never throws for what it finds. */
export async function examine(examination: Examination): Promise<Diagnosis[]> {
  const { settings, paths, machine } = examination;
  const [socket, identity, files, locking] = await Promise.all([
    checkSocket(machine, settings),
    checkIdentity(examination),
    checkFiles(machine, paths),
    checkLocking(machine),
  ]);
  return [socket, ...identity, ...files, locking];
}

async function checkIdentity(examination: Examination): Promise<Diagnosis[]> {
  const { deps, settings, clock } = examination;
  let source: SvidSource | undefined;
  try {
    source = await deps.openSource(settings);
    const snapshot = await source.ready(Math.min(settings.sourceTimeoutMs, PATIENCE_MS));
    const own = [ok("svid", snapshot.svid.id), ...judgeIdentity(snapshot, settings, clock())];
    return [...own, ...await checkNexus(examination, source)];
  } catch (error) {
    if (!(error instanceof SpikeError)) throw error;
    const advice = error.hint ?? "Check the agent and the registration entry of this process";
    const rest = [...IDENTITY_CHECKS, "nexus", "key exchange", ...NEXUS_CHECKS];
    return [failure("svid", error.message, advice), ...unchecked(rest, "there is no identity")];
  } finally {
    await source?.close();
  }
}

async function checkNexus(examination: Examination, source: SvidSource): Promise<Diagnosis[]> {
  const { deps, settings, clock, askKeyExchange } = examination;
  const { nexusUrl, callTimeouts } = settings;
  const within = (ms: number) => Math.min(ms, PATIENCE_MS);
  const transport = await deps.createTransport(source, {
    ...settings,
    callTimeouts: {
      connectMs: within(callTimeouts.connectMs),
      headersMs: within(callTimeouts.headersMs),
      totalMs: within(callTimeouts.totalMs),
    },
  });
  try {
    const { status, date } = await askStatus(transport, nexusUrl, source.current().svid.id);
    const group = await askKeyExchange(nexusUrl);
    const told = status ? judgeNexus(status, nexusUrl) : [
      silent(nexusUrl),
      ...unchecked(STATUS_CHECKS, "Nexus does not report this to the identity"),
    ];
    return [...told, judgeClock(date, clock()), judgeKeyExchange(group)];
  } catch (error) {
    if (!(error instanceof SpikeError)) throw error;
    const advice = error.hint ?? "Check that Nexus runs and SPIKE_NEXUS_API_URL is correct";
    const why = "Nexus did not answer";
    return [
      failure("nexus", error.message, advice),
      ...unchecked([...NEXUS_CHECKS, "key exchange"], why),
    ];
  } finally {
    await transport.close();
  }
}

/** It serves those whom policies let in; how it is it tells those with a role. */
function silent(url: string): Diagnosis {
  return ok("nexus", `answers at ${url}, and reports its state to Pilot roles only`);
}

/** The status; undefined of a Nexus that does not tell it to this identity. */
async function askStatus(
  transport: Transport,
  nexusUrl: string,
  identity: string,
): Promise<{ status: NexusStatus | undefined; date: string | undefined }> {
  let date: string | undefined;
  const watching: Transport = {
    ...transport,
    post: async (url, body, options) => {
      const answer = await transport.post(url, body, options);
      date = answer.headers?.["date"];
      return answer;
    },
  };
  try {
    const status = await createClient({ nexusUrl, transport: watching, identity }).status();
    return { status, date };
  } catch (error) {
    const isDenied = error instanceof SpikeError && error.code === "access_unauthorized";
    // A connection that Nexus does not take is a denial too, but one without an answer.
    if (!isDenied || date === undefined) throw error;
    return { status: undefined, date };
  }
}
