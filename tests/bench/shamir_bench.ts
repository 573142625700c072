import { osRandom } from "../../lib/seal/os_random.ts";
import { combine, randomCoefficients, split } from "../../lib/shamir/mod.ts";

const secret = osRandom(32);
const coefficients = randomCoefficients(osRandom);

for (const [threshold, shares] of [[2, 3], [5, 9]] as const) {
  const group = `${threshold} of ${shares}`;
  const shards = split({ secret, threshold, shares, coefficients }).slice(0, threshold);
  Deno.bench(`split ${group}`, { group }, () => {
    split({ secret, threshold, shares, coefficients });
  });
  Deno.bench(`combine ${group}`, { group }, () => void combine(shards, threshold));
}
