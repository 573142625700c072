/** Every row of the wire API, with its exact answer, over mutual TLS against real processes. */
import { ADDITION_PAIRS } from "./addition_pairs.ts";
import { cipherPairs } from "./cipher_pairs.ts";
import {
  KEEPER_PAIRS,
  RECOVER_PAIRS,
  RESTORE_PAIRS,
  restorePairs,
  SHARD_PAIRS,
  STATUS_PAIRS,
  verifyPairs,
} from "./operator_pairs.ts";
import { checkPair, type Pair } from "./pair.ts";
import { POLICY_PAIRS } from "./policy_pairs.ts";
import { RULE_PAIRS } from "./rule_pairs.ts";
import { WORKERS } from "../e2e/harness.ts";
import { type Scene, startScene } from "./scene.ts";
import { SECRET_PAIRS } from "./secret_pairs.ts";

/** The rows by subject. Within a subject they count on one another; subjects do not. */
const SUBJECTS: Readonly<Record<string, (scene: Scene) => Promise<readonly Pair[]>>> = {
  "secrets": () => Promise.resolve(SECRET_PAIRS),
  "additions to secrets": () => Promise.resolve(ADDITION_PAIRS),
  "policies": () => Promise.resolve(POLICY_PAIRS),
  "encryption": cipherPairs,
  "all routes": () => Promise.resolve(RULE_PAIRS),
  "status": () => Promise.resolve(STATUS_PAIRS),
  "recover": () => Promise.resolve(RECOVER_PAIRS),
  "restore": () => Promise.resolve(RESTORE_PAIRS),
  "shards": () => Promise.resolve(SHARD_PAIRS),
  "verify": verifyPairs,
  "keeper": () => Promise.resolve(KEEPER_PAIRS),
  "restore after a loss": restorePairs,
};

Deno.test(`each request has its one answer, on ${WORKERS} workers`, async (t) => {
  await using scene = await startScene(WORKERS);
  for (const [subject, pairs] of Object.entries(SUBJECTS)) {
    await t.step(subject, async (t) => {
      for (const pair of await pairs(scene)) {
        await t.step(pair.that, () => checkPair(scene, pair));
      }
    });
  }
});
