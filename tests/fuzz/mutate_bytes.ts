import type { Random } from "./random.ts";

/** Values at which lengths and counts go wrong. */
const EDGES = [0, 1, 0x7f, 0x80, 0x81, 0x82, 0x83, 0x84, 0xfe, 0xff];

type Edit = (bytes: number[], random: Random) => void;

const EDITS: readonly Edit[] = [
  (bytes, random) => void bytes.splice(random.below(bytes.length), 1 + random.below(4)),
  (bytes, random) => void bytes.splice(random.below(bytes.length + 1), 0, random.below(256)),
  (bytes, random) => {
    const at = random.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
  },
  (bytes, random) => bytes[random.below(bytes.length)] = random.pick(EDGES),
  (bytes, random) => void bytes.splice(random.below(bytes.length)),
  (bytes, random) => {
    const from = random.below(bytes.length);
    const piece = bytes.slice(from, from + random.below(40));
    bytes.splice(random.below(bytes.length + 1), 0, ...piece);
  },
  (bytes, random) => {
    const from = random.below(bytes.length);
    bytes.fill(random.pick(EDGES), from, from + random.below(8));
  },
];

/** Damages bytes without a notion of what they mean. */
export function mutateBytes(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = [...bytes];
  for (let edits = 1 + random.below(3); edits > 0; edits--) random.pick(EDITS)(copy, random);
  return new Uint8Array(copy);
}
