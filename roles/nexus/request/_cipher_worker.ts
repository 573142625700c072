/** Encrypts with the key that another thread published: for the test of the boundary between threads. */
import { SpikeError } from "../../../lib/error/error.ts";
import { createCipherService } from "../../../lib/cipher/mod.ts";
import { attachLocked, type Encrypted, osRandom } from "../../../lib/seal/mod.ts";
import { followCipherKeys } from "./cipher_keys.ts";
import { SharedPage } from "../../../lib/shared_page/page.ts";
import type { SharedSlots } from "../main/start.ts";

declare const self: {
  onmessage: (event: MessageEvent<CipherTask>) => void;
  postMessage(outcome: Encrypted | string): void;
};

/** What the worker is given for each encryption; it answers the result, or the code of the refusal. */
export interface CipherTask {
  readonly page: SharedArrayBuffer;
  readonly slots: SharedSlots;
  readonly plaintext: Uint8Array;
}

self.onmessage = async ({ data }) => {
  const { page, slots, plaintext } = data;
  const service = createCipherService({
    keys: followCipherKeys(new SharedPage(page), attachLocked(slots.buffer, slots.layout)),
    spend: () => Promise.resolve(),
    limitBytes: 1024,
    random: osRandom,
  });
  try {
    self.postMessage(await service.encrypt(plaintext));
  } catch (error) {
    self.postMessage(error instanceof SpikeError ? error.code : String(error));
  }
};
