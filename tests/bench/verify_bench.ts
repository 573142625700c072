import { parseTrustDomain } from "../../lib/spiffe/id.ts";
import { verifyPeer } from "../../lib/spiffe/verify.ts";

interface Case {
  readonly id: string;
  readonly at: string;
  readonly chain: readonly string[];
  readonly bundles: Readonly<Record<string, readonly string[]>>;
}

const { cases }: { cases: Case[] } = JSON.parse(
  Deno.readTextFileSync(new URL("../vectors/x509-svid.json", import.meta.url)),
);

for (const id of ["accept/leaf-under-root", "accept/one-intermediate", "reject/cross-domain"]) {
  const found = cases.find((one) => one.id === id);
  if (!found) throw new Error(`No vector ${id}`);
  const chain = found.chain.map((der) => Uint8Array.fromBase64(der));
  const bundles = new Map(
    Object.entries(found.bundles).map(([name, anchors]) => [
      parseTrustDomain(name),
      anchors.map((der) => Uint8Array.fromBase64(der)),
    ]),
  );
  const instantMs = Date.parse(found.at);
  Deno.bench(`verify ${id}`, () => void verifyPeer(chain, bundles, instantMs));
}
