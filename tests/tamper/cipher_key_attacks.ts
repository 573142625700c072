import { all, type Attack, exchanged, flipped, only, type Outcome } from "./attack.ts";
import { CIPHER_KEYS, type CipherKeyName } from "./plan.ts";

const REFUSED = "whoever uses that key is refused, and so are changes of it";
const BOTH_REFUSED = "whoever uses either key is refused, and so are changes of them";
const row = (name: CipherKeyName) => `name = '${name}'`;
const version = (name: CipherKeyName, number: number) =>
  `name = 'cipher/key/${name}' AND version = ${number}`;
const replay = (name: CipherKeyName) => `
  DELETE FROM key_heads WHERE ${row(name)};
  INSERT INTO key_heads SELECT * FROM earlier.key_heads WHERE ${row(name)}`;

const damage = (name: CipherKeyName) =>
  `state_integrity_check: Cipher key ${name} is not what was stored`;

/** Nothing can be done with the key. It is left out of listings, and told in the log. */
function headLost(...names: CipherKeyName[]): Outcome {
  const left = CIPHER_KEYS.filter((name) => !names.includes(name));
  return all(
    only({ "cipher keys": left.join(" ") }),
    ...names.map((name) =>
      only({ [`key ${name}`]: damage(name), [`rotate ${name}`]: damage(name) })
    ),
  );
}

/** One version of the key cannot be used. */
function versionLost(name: CipherKeyName, text: string): Outcome {
  return only({ [`key ${name}`]: text });
}

/** Attacks on named cipher keys: their heads in `key_heads`, their versions in `keys`. */
export const CIPHER_KEY_ATTACKS: readonly Attack[] = [
  {
    name: "the head of a cipher key edited",
    detector: "read",
    seen: REFUSED,
    attack: `UPDATE key_heads SET sealed = ${flipped("sealed")} WHERE ${row("mail")}`,
    stopped: headLost("mail"),
  },
  {
    name: "heads of two cipher keys exchanged",
    detector: "read",
    seen: BOTH_REFUSED,
    attack: exchanged("key_heads", "sealed", row("mail"), row("pay")),
    stopped: headLost("mail", "pay"),
  },
  {
    name: "revision of the head of a cipher key edited",
    detector: "read",
    seen: REFUSED,
    attack: `UPDATE key_heads SET revision = revision + 1 WHERE ${row("mail")}`,
    stopped: headLost("mail"),
  },
  {
    name: "the head of a cipher key removed",
    detector: "verify",
    seen: "the key is gone; making one of its name again is refused",
    attack: `DELETE FROM key_heads WHERE ${row("mail")}`,
    stopped: only({
      "cipher keys": "old pay",
      "key mail": 'api_not_found: Cipher key "mail" does not exist',
      "rotate mail": 'api_not_found: Cipher key "mail" does not exist',
    }),
  },
  {
    name: "the head of a cipher key replayed, from before its retirement",
    detector: "verify",
    seen: "the key is in use again",
    attack: replay("old"),
    stopped: only({ "key old": "1 from 1: whole" }),
  },
  {
    name: "the head of a cipher key replayed, from before its newest version",
    detector: "write",
    seen: "the older version encrypts; a new version is refused; `verify` names it",
    attack: replay("pay"),
    stopped: only({
      "key pay": "1 from 1: whole",
      "rotate pay":
        "state_integrity_check: Version 2 of cipher key pay is already stored, but its head does not list it",
    }),
  },
  {
    name: "the bytes of a version of a cipher key edited",
    detector: "read",
    seen: "whoever uses that version is refused",
    attack: `UPDATE keys SET wrapped = ${flipped("wrapped")} WHERE ${version("pay", 2)}`,
    stopped: versionLost("pay", damage("pay")),
  },
  {
    name: "versions of a cipher key exchanged",
    detector: "read",
    seen: "whoever uses either version is refused",
    attack: exchanged("keys", "wrapped", version("pay", 1), version("pay", 2)),
    stopped: versionLost("pay", damage("pay")),
  },
  {
    name: "versions of two cipher keys exchanged",
    detector: "read",
    seen: "whoever uses either key is refused",
    attack: exchanged("keys", "wrapped", version("pay", 2), version("mail", 1)),
    stopped: all(versionLost("pay", damage("pay")), versionLost("mail", damage("mail"))),
  },
  {
    name: "a version of a cipher key removed",
    detector: "read",
    seen: "whoever uses that version is refused; `verify` names it",
    attack: `DELETE FROM keys WHERE ${version("pay", 2)}`,
    stopped: versionLost("pay", damage("pay")),
  },
];
