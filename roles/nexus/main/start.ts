import type { NexusSettings } from "../../../lib/config/mod.ts";
import type { SlotLayout } from "../../../lib/seal/mod.ts";

/** Slots of locked memory on their way to a thread. */
export interface SharedSlots {
  readonly buffer: SharedArrayBuffer;
  readonly layout: SlotLayout;
}

/** What the main thread hands to the core. Only the core gets the root key's memory. */
export interface CoreStart {
  readonly settings: NexusSettings;
  readonly page: SharedArrayBuffer;
  readonly rootSlots: SharedSlots;
  readonly kekSlots: SharedSlots;
  readonly cipherSlots: SharedSlots;
  /** Whether the root key's memory is kept out of swap: `ok`, or why not. */
  readonly locked: string;
  /** Connections that it may have, where it serves itself. */
  readonly connections: number;
  /** User of this process; null where there are none. Workers may not ask. */
  readonly uid: number | null;
  /** One per request worker; none means that the core serves itself. */
  readonly workers: readonly WorkerPorts[];
}

/** What the main thread hands to a request worker. */
export interface RequestStart {
  readonly settings: NexusSettings;
  readonly page: SharedArrayBuffer;
  /** Connections that it may have. */
  readonly connections: number;
  /** Absent where there are no secrets to open. */
  readonly kekSlots?: SharedSlots;
  readonly cipherSlots: SharedSlots;
  readonly ports: WorkerPorts;
}

/** The ends of the channels between the core and one request worker. */
export interface WorkerPorts {
  /** Calls of `CorePort`. */
  readonly calls: MessagePort;
  /** Calls of `StoreReader`, where the store lives in the core alone. */
  readonly reads: MessagePort;
  /** Identity, from the core to the worker. */
  readonly identity: MessagePort;
}
