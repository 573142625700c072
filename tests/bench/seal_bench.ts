import {
  encodeTuple,
  open as openSealed,
  openBulk,
  osRandom,
  seal,
  sealBulk,
} from "../../lib/seal/mod.ts";

const key = osRandom(32);
const aad = encodeTuple([1, "bench", "tenants/acme/db", 7]);
const small = osRandom(256);
const large = osRandom(65_536);
const sealedSmall = seal(key, small, aad, osRandom);
const sealedLarge = seal(key, large, aad, osRandom);

Deno.bench("seal 256 B", { group: "seal" }, () => void seal(key, small, aad, osRandom));
Deno.bench("open 256 B", { group: "seal" }, () => void openSealed(key, sealedSmall, aad));
Deno.bench("seal 64 KiB in bulk", { group: "bulk" }, async () => {
  await sealBulk(key, large, aad, osRandom);
});
Deno.bench("open 64 KiB in bulk", { group: "bulk" }, async () => {
  await openBulk(key, sealedLarge, aad);
});
