import {
  type KeyChange,
  type KeyHead,
  newestVersion,
  RENEWED,
  reserveEncryptions,
  rotateDefaultKey,
} from "../../../lib/cipher/mod.ts";
import { type KeySlots, osRandom } from "../../../lib/seal/mod.ts";
import type { Store } from "../../../lib/store/mod.ts";
import type { Logger } from "../../../lib/telemetry/mod.ts";
import type { CorePort } from "./core_port.ts";
import type { KeyControl } from "../../../lib/root_key/key_control.ts";
import { onBehalf } from "../../../lib/audit_store/on_behalf.ts";
import type { SharedPage } from "../../../lib/shared_page/page.ts";
import type { Writers } from "../../../lib/root_key/writers.ts";

/** The part of the core's port that is about cipher keys. */
export type CipherPort = Pick<
  CorePort,
  | "createCipherKey"
  | "rotateCipherKey"
  | "setCipherKey"
  | "rotateDefaultKey"
  | "reserveEncryptions"
>;

/** Options of the port. */
export interface CipherPortOptions {
  readonly store: Store;
  readonly control: Pick<KeyControl, "keyring">;
  readonly page: SharedPage;
  readonly cipherSlots: KeySlots;
  readonly writers: () => Writers;
  readonly log: Logger;
}

/** Changes of cipher keys, each published to all threads before it is answered, and rotation of keys at their limit. */
export function createCipherPort(options: CipherPortOptions): CipherPort {
  const { store, page, writers, log } = options;
  const changing = async (action: string, author: string, change: () => Promise<KeyHead>) => {
    try {
      const head = await change();
      const { name: key, minVersion, isRetired: retired } = head;
      log.info(action, { key, version: newestVersion(head), minVersion, retired, author });
      return head;
    } finally {
      // After a failure as well: the outcome of a failed commit is unknown.
      page.publishCipherKeys();
    }
  };
  const rotate = (change: KeyChange) =>
    changing("cipher_key_rotated", change.author, () => writers().cipherKeys.rotate(change));
  const rotateDefault = (author: string) => renewDefault(options, author);
  const renewal = createRenewal(log);
  return {
    createCipherKey: onBehalf((change) =>
      changing("cipher_key_created", change.author, () => writers().cipherKeys.create(change))
    ),
    rotateCipherKey: onBehalf(rotate),
    setCipherKey: onBehalf((settings) =>
      changing("cipher_key_set", settings.author, () => writers().cipherKeys.set(settings))
    ),
    rotateDefaultKey: onBehalf(({ author }) => rotateDefault(author)),
    reserveEncryptions: async (version, name) => {
      const { count, isRenewalDue } = name === undefined
        ? await reserveEncryptions(store, version)
        : await writers().cipherKeys.reserve(name, version);
      if (isRenewalDue) {
        await renewal(`${version}/${name ?? ""}`, async () => {
          if (name === undefined) await rotateDefault(RENEWED);
          else await rotate({ name, author: RENEWED });
        });
      }
      return count;
    },
  };
}

/** Several threads find a version worn at the same time; it is renewed once. A failure is logged, and tried again. */
function createRenewal(log: Logger): (id: string, renew: () => Promise<void>) => Promise<void> {
  const renewed = new Set<string>();
  return async (id, renew) => {
    if (renewed.has(id)) return;
    renewed.add(id);
    try {
      await renew();
    } catch (error) {
      renewed.delete(id);
      const detail = error instanceof Error ? error.message : "not an error";
      log.error("cipher_key_not_renewed", { detail });
    }
  };
}

async function renewDefault(options: CipherPortOptions, author: string): Promise<number> {
  const { store, control, page, cipherSlots: slots, writers, log } = options;
  const { budget } = writers();
  const { keyring } = control;
  const parts = { store, keyring, budget, slots, random: osRandom, clock: Date.now };
  const version = await rotateDefaultKey(parts);
  // A key that was dropped meanwhile must not come back by its slot.
  if (page.state === "ready") page.cipherVersion = Math.max(page.cipherVersion, version);
  else slots.wipe();
  log.info("cipher_key_rotated", { key: "default", version, author });
  return version;
}
