/** A server whose handler never reads its body and never answers. Prints its port; reads its identity from stdin. */
import { createMtlsServer } from "../../lib/mtls/mod.ts";
import { MemorySource, parseSvid, parseTrustDomain } from "../../lib/spiffe/mod.ts";

const given = JSON.parse(await new Response(Deno.stdin.readable).text()) as {
  certificates: string[];
  privateKey: string;
  anchors: string[];
};
const bytes = (text: string) => Uint8Array.fromBase64(text);
const svid = parseSvid({
  certificates: given.certificates.map(bytes),
  privateKey: bytes(given.privateKey),
});
const trustDomain = parseTrustDomain("spike.ist");
const silent = () => {};
const server = createMtlsServer({
  source: new MemorySource({
    svid,
    bundles: new Map([[trustDomain, given.anchors.map(bytes)]]),
  }),
  admit: () => true,
  fetch: () => new Promise<Response>(() => {}),
  log: { debug: silent, info: silent, warn: silent, error: silent },
});
console.log(await server.listen({ host: "127.0.0.1", port: 0 }));
