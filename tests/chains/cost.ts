/**
 * Measures what chains of a stranger cost the verifier before they are refused:
 * `deno run --allow-read --allow-env tests/chains/cost.ts`
 */
import { parseTrustDomain, verifyPeer } from "../../lib/spiffe/mod.ts";
import { costlyChains } from "./stranger.ts";

const ROUNDS = 9;
const domain = parseTrustDomain("spike.ist");
let worst = { name: "", ms: 0 };
for (const { name, chain, anchors } of costlyChains()) {
  const bundles = new Map([[domain, anchors]]);
  const times: number[] = [];
  let reason = "";
  for (let i = 0; i < ROUNDS; i++) {
    const before = performance.now();
    const verdict = verifyPeer(chain, bundles, Date.now());
    times.push(performance.now() - before);
    reason = verdict.ok ? "ACCEPTED" : verdict.reason;
  }
  const median = times.sort((a, b) => a - b)[ROUNDS >> 1] ?? 0;
  if (median > worst.ms) worst = { name, ms: median };
  console.log(`${median.toFixed(2).padStart(8)} ms  ${reason.padEnd(22)} ${name}`);
}
console.log(`worst: ${worst.ms.toFixed(1)} ms, ${worst.name}`);
