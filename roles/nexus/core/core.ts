import type { Auditing } from "../../../lib/audit_store/auditing.ts";
import type { KeyControl } from "../../../lib/root_key/key_control.ts";
import { watchState } from "../../../lib/root_key/watch_state.ts";
import { createLogger } from "../../../lib/telemetry/mod.ts";
import type { CorePort } from "./core_port.ts";
import { startLoops } from "./loops.ts";
import { type CoreOptions, type CoreParts, createParts } from "./parts.ts";
import { createPort } from "./port.ts";

export type { CoreOptions } from "./parts.ts";

/** The one holder of the root key and the one writer of the store of a Nexus. */
export interface Core {
  /** What requests call. */
  readonly port: CorePort;
  readonly control: KeyControl;
  /** Ends the loops, waits for queued writes and zeroes all keys. */
  stop(): Promise<void>;
}

/**
 * Starts the core: recovery from keepers until there is a root key, then the watch over the keepers. Does not wait for
 * the key; until the page says `ready`, requests are answered with `state_not_ready`.
 */
export async function startCore(options: CoreOptions): Promise<Core> {
  const { settings, page, auditing } = options;
  const log = createLogger("nexus");
  const stopping = new AbortController();
  const parts = createParts(options, stopping.signal, log);
  const { control, sync, isExported } = parts;
  const threshold = () => control.threshold ?? settings.threshold;
  watchState({ page, settings, sync, threshold, isExported });
  const running = await startLoops(parts, {
    settings,
    page,
    auditing,
    stopping: stopping.signal,
    log,
  });
  return {
    control,
    port: createPort({ ...options, ...parts, log, startedAtMs: Date.now() }),
    stop: async () => {
      stopping.abort();
      sync.stop();
      await Promise.all(running);
      await close(parts, auditing);
    },
  };
}

async function close(
  { store, control, restore, transport }: CoreParts,
  auditing: Auditing,
): Promise<void> {
  restore.clear();
  await transport.close();
  try {
    await auditing.close();
  } finally {
    await store.close();
    control.wipe();
  }
}
