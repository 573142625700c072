import type { Attack } from "./attack.ts";
import { FILE_ATTACKS } from "./file_attacks.ts";
import { HEAD_ATTACKS } from "./head_attacks.ts";
import { KEY_ATTACKS } from "./key_attacks.ts";
import { META_ATTACKS } from "./meta_attacks.ts";
import { POLICY_ATTACKS } from "./policy_attacks.ts";
import { VERSION_ATTACKS } from "./version_attacks.ts";

/** All attacks, by what they are on: tests run them, and the documentation is written from them. */
export const ATTACKS: Readonly<Record<string, readonly Attack[]>> = {
  "Versions": VERSION_ATTACKS,
  "Heads, and whole paths": HEAD_ATTACKS,
  "Policies": POLICY_ATTACKS,
  "Keys": KEY_ATTACKS,
  "The store's own description": META_ATTACKS,
  "The whole file": FILE_ATTACKS,
};
