/** Bootstrap's working thread. It reaches Nexus, the keepers and its agent's socket, and can write nothing. */
import { decodeAnswer, type NexusStatus, routeUrl } from "../../lib/api/mod.ts";
import { SpikeError } from "../../lib/error/mod.ts";
import type { BootstrapSettings } from "../../lib/config/mod.ts";
import { createMtlsClient, type MtlsClient } from "../../lib/mtls/mod.ts";
import { assertConfined, runJob, sayLines } from "../../lib/process/mod.ts";
import { createKeeperClient, watchPosition } from "../../lib/recovery/mod.ts";
import { attachLocked, osRandom, type SlotLayout } from "../../lib/seal/mod.ts";
import { hasRole, type SvidSource } from "../../lib/spiffe/mod.ts";
import { openSource } from "../../lib/workload_api/open_source.ts";
import { configureLogging, createLogger } from "../../lib/telemetry/mod.ts";
import { type NexusClient, runBootstrap } from "./run.ts";

/** What the main thread hands over. */
export interface BootstrapStart {
  readonly settings: BootstrapSettings;
  /** One slot for the root key. */
  readonly memory: { readonly buffer: SharedArrayBuffer; readonly layout: SlotLayout };
}

runJob(bootstrap);

async function bootstrap({ settings, memory }: BootstrapStart): Promise<number> {
  configureLogging({ level: settings.logLevel });
  await assertConfined(["write", "read", "net", "env", "run", "ffi", "sys"]);
  const log = createLogger("bootstrap");
  const source = openSource(settings, (reason) => log.warn("identity_awaited", { reason }));
  const { svid } = await source.ready(settings.sourceTimeoutMs);
  if (!hasRole(svid.id, "bootstrap", settings.trustRoots)) {
    throw new SpikeError(
      "access_unauthorized",
      `The identity of this process is ${svid.id}, not that of Bootstrap`,
      { hint: "Check its registration entry and SPIKE_TRUST_ROOT_BOOTSTRAP" },
    );
  }
  const toKeepers = clientOf("keeper", "a SPIKE Keeper", settings, source);
  const toNexus = clientOf("nexus", "a SPIKE Nexus", settings, source);
  await runBootstrap({
    settings,
    keepers: settings.keeperPeers.map((url, i) =>
      createKeeperClient(toKeepers, i + 1, url, { onPeer: watchPosition(i + 1, url, log) })
    ),
    nexus: nexusClient(toNexus, settings.nexusUrl),
    rootKey: attachLocked(memory.buffer, memory.layout).slot(0),
    random: osRandom,
    clock: Date.now,
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    say,
  });
  await Promise.all([toKeepers.close(), toNexus.close(), source.close()]);
  return 0;
}

function clientOf(
  role: "nexus" | "keeper",
  peerName: string,
  settings: BootstrapSettings,
  source: SvidSource,
): MtlsClient {
  return createMtlsClient({
    source,
    isExpectedPeer: (id) => hasRole(id, role, settings.trustRoots),
    peerName,
    timeouts: settings.callTimeouts,
  });
}

function nexusClient(transport: MtlsClient, baseUrl: string): NexusClient {
  return {
    status: async () => {
      const answer = await transport.post(routeUrl(baseUrl, "status"), "{}");
      if (answer.status !== 200) throw refusal(answer.status);
      // Decoded by its schema; the words in it are for decisions that know what to do with an unknown one.
      return decoded(() => decodeAnswer("status", answer.body)) as NexusStatus;
    },
    verify: async ({ nonce, ciphertext }) => {
      const message = { nonce: nonce.toBase64(), ciphertext: ciphertext.toBase64() };
      const url = routeUrl(baseUrl, "bootstrap.verify");
      const answer = await transport.post(url, JSON.stringify(message));
      if (answer.status !== 200) throw refusal(answer.status);
      return decoded(() => decodeAnswer("bootstrap.verify", answer.body)).hash;
    },
  };
}

/** What decodes as a caller's mistake in a request is a broken peer in an answer. */
function decoded<T>(decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    throw new SpikeError(
      "data_unmarshal_failure",
      "The answer of Nexus does not follow the protocol",
      { hint: "Check that SPIKE_NEXUS_API_URL points at a SPIKE Nexus", cause },
    );
  }
}

function refusal(status: number): SpikeError {
  switch (status) {
    case 400:
      return new SpikeError("api_bad_request", "Nexus does not support this request");
    case 401:
      return new SpikeError("access_unauthorized", "Nexus refused this identity");
    case 503:
      return new SpikeError("state_not_ready", "Nexus has no root key yet");
    default:
      return new SpikeError("api_internal_error", `Nexus answered ${status}`);
  }
}

function say(line: string): void {
  sayLines(line);
}
