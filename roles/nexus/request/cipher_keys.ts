import type { CipherKeys } from "../../../lib/cipher/mod.ts";
import type { KeySlots } from "../../../lib/seal/mod.ts";
import { wipe } from "../../../lib/bytes/mod.ts";
import type { SharedPage } from "../../../lib/shared_page/page.ts";

/**
 * The default cipher key as the control published it. The control leaves `ready` before it zeroes a key, so a copy
 * that was whole when the state was looked at afterwards is the key, and never half of it or zeros.
 */
export function followCipherKeys(page: SharedPage, slots: KeySlots): CipherKeys {
  return {
    get current() {
      return page.cipherVersion;
    },
    copy(version) {
      if (version < 1 || version > slots.count) return undefined;
      const bytes = slots.slot(version - 1).slice();
      const isKey = bytes.some((byte) => byte !== 0);
      if (isKey && page.state === "ready" && version <= page.cipherVersion) {
        return { version, bytes };
      }
      wipe(bytes);
      return undefined;
    },
  };
}
