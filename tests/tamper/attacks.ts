import type { Attack } from "./attack.ts";
import { CIPHER_KEY_ATTACKS } from "./cipher_key_attacks.ts";
import { FILE_ATTACKS } from "./file_attacks.ts";
import { HEAD_ATTACKS } from "./head_attacks.ts";
import { KEY_ATTACKS } from "./key_attacks.ts";
import { META_ATTACKS } from "./meta_attacks.ts";
import { POLICY_ATTACKS } from "./policy_attacks.ts";
import { VERSION_ATTACKS } from "./version_attacks.ts";

/** Attacks whose outcome is told by `observe`, by what they are on. */
export const ATTACKS: Readonly<Record<string, readonly Attack[]>> = {
  "Versions": VERSION_ATTACKS,
  "Heads, and whole paths": HEAD_ATTACKS,
  "Policies": POLICY_ATTACKS,
  "Keys": KEY_ATTACKS,
  "The store's own description": META_ATTACKS,
  "The whole file": FILE_ATTACKS,
};

/** All attacks, by what they are on, for the documentation. */
export const ALL_ATTACKS: Readonly<Record<string, readonly Attack[]>> = {
  ...ATTACKS,
  "Named cipher keys": CIPHER_KEY_ATTACKS,
};
