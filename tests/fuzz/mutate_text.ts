/** Damages text by its tokens: the characters of IDs, the punctuation of JSON. */
import type { Random } from "./random.ts";

/** Cuts `text` with `token`, then drops, doubles, moves or replaces some of the pieces. */
export function mutateTokens(
  text: string,
  token: RegExp,
  spare: readonly string[],
  random: Random,
): string {
  const pieces = text.match(token) ?? [];
  for (let edits = 1 + random.below(3); edits > 0; edits--) {
    const at = random.below(pieces.length);
    switch (random.below(5)) {
      case 0:
        pieces.splice(at, 1 + random.below(3));
        break;
      case 1:
        pieces.splice(at, 0, random.pick(spare));
        break;
      case 2:
        pieces[at] = random.pick(spare);
        break;
      case 3:
        pieces.splice(at, 0, ...pieces.slice(at, at + 1 + random.below(12)));
        break;
      default:
        pieces.splice(random.below(pieces.length + 1), 0, ...pieces.splice(at, 1));
    }
  }
  return pieces.join("");
}

const ID_TOKEN = /spiffe|:\/\/|[a-z]+|[^a-z]/gs;
const ID_SPARE = [
  ..."/.-_:@?#%~ \0\n\u00e9\ud800Az09".split(""),
  "//",
  "..",
  "...",
  "/./",
  "%2F",
  "spiffe://",
  "SPIFFE://",
  "xn--",
  "[::1]",
  "a".repeat(256),
  "/b".repeat(900),
  "\u202e",
  "\u{1f600}",
];

/** An ID with characters and segments out of place. */
export function mutateId(text: string, random: Random): string {
  return mutateTokens(text, ID_TOKEN, ID_SPARE, random);
}

const JSON_TOKEN = /"(?:[^"\\]|\\.)*"|[-+.\deE]+|[a-z]+|\s+|./gs;
const JSON_SPARE = [
  ...'{}[],:"0'.split(""),
  "null",
  "true",
  "-1",
  "1e9",
  "18446744073709551615",
  "18446744073709551616",
  "0.5",
  '""',
  '"\\ud800"',
  '"\\u0000"',
  '"keys"',
  '"use"',
  '"kty"',
  '"x5c"',
  '"kid"',
  '"jwt-svid"',
  '"x509-svid"',
  '"RSA"',
  '"OKP"',
  '"__proto__"',
  '"spiffe_sequence"',
  '"trust_domains"',
  "[".repeat(40),
  '{"a":'.repeat(40),
  "\ufeff",
];

/** A JSON text with values and punctuation out of place. */
export function mutateJson(text: string, random: Random): string {
  return mutateTokens(text, JSON_TOKEN, JSON_SPARE, random);
}
