import assert from "node:assert/strict";
import { SpikeError } from "../../lib/error/error.ts";
import { nativeVerifier } from "../../lib/audit/mod.ts";
import { openManifest } from "../../lib/backup/manifest.ts";
import { mutateBytes } from "./mutate_bytes.ts";
import { mutateJson } from "./mutate_text.ts";
import type { Target } from "./target.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const good: string = JSON.parse(
  Deno.readTextFileSync(new URL("../golden/backup.json", import.meta.url)),
).manifest;
const verify = nativeVerifier();

/** Manifests of backups: nothing counts as signed but what was. */
export const MANIFEST: Target = {
  name: "manifest",
  share: 25,
  makeInput: (random) => {
    const whole = encoder.encode(good);
    switch (random.below(3)) {
      case 0:
        return mutateBytes(whole, random);
      case 1:
        return encoder.encode(mutateJson(good, random));
      default: {
        // A character of its own, most often one that is another spelling of what was there.
        const at = random.below(good.length);
        const other = random.pick([...' \n\t{}",:0123456789abcdefABCDEF+/=']);
        return encoder.encode(good.slice(0, at) + other + good.slice(at + random.below(2)));
      }
    }
  },
  run: (input) => {
    const text = decoder.decode(input);
    try {
      const { isSigned } = openManifest(text, verify);
      assert.ok(!isSigned || text === good, "a changed manifest counts as signed");
      return isSigned ? "accepted" : "refused";
    } catch (error) {
      if (error instanceof SpikeError && error.code === "data_invalid_input") return "refused";
      throw error;
    }
  },
};
