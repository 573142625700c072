import { decodeMessage, message } from "../api/decode.ts";
import {
  type ErrorCode,
  isErrorCode,
  type Reason,
  reasonIn,
  SpikeError,
  statusOf,
} from "../error/error.ts";
import { text } from "../api/member.ts";

/** What a status says by itself, when the body adds nothing. */
const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: "api_bad_request",
  401: "access_unauthorized",
  404: "api_not_found",
  429: "overloaded",
  500: "api_internal_error",
  503: "state_not_ready",
};

/** Public texts of the codes that Nexus answers with; every other code is named as it is. */
const TEXT: { readonly [C in ErrorCode]?: { message: string; hint?: string } } = {
  api_bad_request: {
    message: "Nexus refused the request as invalid",
    hint: "Check the arguments; an operation that this Nexus does not offer is refused so too",
  },
  access_unauthorized: {
    message: "Nexus denied access to {identity}",
    hint: "Ask for a policy that grants it, or use an identity with the role that is needed",
  },
  api_not_found: { message: "Nexus has nothing at this place" },
  api_internal_error: {
    message: "Nexus failed to carry out the request",
    hint: "Its log says why",
  },
  state_not_ready: {
    message: "Nexus is not ready: it has no root key yet",
    hint:
      "Wait for its keepers, or see `spike status`; after a loss of keepers use `spike operator restore`",
  },
  state_already_initialized: {
    message: "Nexus already has its root key and did not take another",
  },
  state_integrity_check: {
    message: "Nexus found stored data that were changed behind its back",
    hint: "Its log says which; nothing of it was handed out",
  },
  recovery_failed: {
    message: "Nexus has no recovery shards to give: it has no root key yet",
    hint: "Wait for its keepers, or see `spike status`",
  },
  database_lost: {
    message: "Nexus has an empty database, but its keepers belong to another one",
    hint: "Put the database back, or start Nexus with --accept-empty-store to give it up",
  },
  crypto_cipher_not_available: {
    message: "Nexus has no key to encrypt with",
    hint: "See `spike status`",
  },
  crypto_decryption_failed: {
    message: "Nexus could not decrypt the ciphertext",
    hint: "It was changed, or it was encrypted with another key",
  },
  crypto_failed_to_read_nonce: {
    message: "The ciphertext is too short, expected a version, a nonce and a tag",
  },
  crypto_failed_to_read_version: { message: "The ciphertext is empty" },
  crypto_random_generation_failed: {
    message: "Nexus could not read random bytes from its operating system",
    hint: "See the log of Nexus",
  },
  crypto_unsupported_version: {
    message: "The ciphertext is of a version that Nexus does not know",
    hint: "Check that it is what `spike cipher encrypt` wrote",
  },
  cipher_not_authentic: {
    message: "Nexus could not decrypt the ciphertext with this key",
    hint: "It was changed, or encrypted with another key or with other additional data",
  },
  cipher_key_retired: {
    message: "The cipher key is out of use",
    hint: "Who manages it can bring it back with `spike cipher key set NAME --retired false`",
  },
  entity_conflict: {
    message: "The secret is not at the version that was expected, and nothing was changed",
    hint: "Read it again, then decide",
  },
  shard_of_older_root: {
    message: "This shard is of an older root key, which does not open this store any more",
    hint: "Only shards exported after the last `spike operator rotate-root` bring the key back",
  },
  shard_set_changed: {
    message: "The shards were changed meanwhile, or are being changed",
    hint: "See `spike status` for the generation in force, then decide again",
  },
  shard_scheme_fixed: {
    message: "The shards of this store follow from its root key alone, as in the original",
    hint:
      "Scheme p256 knows no other shards of the same key, so it cannot refresh, reshare or rotate",
  },
  keeper_not_placed: {
    message: "A keeper could not be given its new shard, and nothing was changed",
    hint: "See `spike status`, bring all keepers up, then repeat the command",
  },
  keeper_single_slot: {
    message:
      "A keeper holds only one shard at a time, so that a crash could leave too few of any kind",
    hint: "Export recovery shards first, then repeat the command with --accept-single-slot",
  },
  keepers_too_few: {
    message: "There are fewer keepers than shares",
    hint: "List the new keepers in SPIKE_NEXUS_KEEPER_PEERS first; each share needs one",
  },
  recovery_not_exported: {
    message: "The shards in force were never exported, and with these keepers they may be needed",
    hint: "Run `spike operator recover` first",
  },
  overloaded: { message: "Nexus has too much to do", hint: "Try again in a moment" },
};

/** Public texts of the reasons, which take the place of those of the code. */
const REASON_TEXT: { readonly [R in Reason]: { message: string; hint: string } } = {
  sealed: {
    message: "Nexus was sealed by an operator and serves nobody",
    hint: "See `spike status` for who and why; `spike operator unseal` ends it (superuser role)",
  },
  provisional: {
    message: "Nexus is not ready: its root key is not proved yet",
    hint: "Wait for `spike bootstrap`, which proves it, or run it",
  },
  database_lost: {
    message: "Nexus has an empty database, but its keepers belong to another one",
    hint: "Put the database back, or start Nexus with --accept-empty-store true to give it up",
  },
  busy: {
    message: "Nexus holds as many request bodies as it may at this moment",
    hint: "Try again in a moment",
  },
  key_used_up: {
    message: "The key has encrypted as often as a key may",
    hint:
      "Rotate it: `spike cipher key rotate NAME`, or for secrets `spike operator kek rotate`; what it encrypted stays readable",
  },
  key_exists: {
    message: "There is a cipher key of this name already",
    hint:
      "Choose another name, or add a version to the key that is there with `spike cipher key rotate`",
  },
  keys_full: {
    message: "Nexus has as many cipher keys as it may have",
    hint: "Use one of `spike cipher key list`",
  },
  versions_full: {
    message: "The cipher key has as many versions as it may have",
    hint: "Make another key with `spike cipher key create`",
  },
  lowest_version: {
    message: "The lowest version that decrypts may at most be the newest version of the key",
    hint: "See `spike cipher key list`; rotate the key first, to leave all its versions behind",
  },
  body_too_long: {
    message: "The request is longer than Nexus takes",
    hint: "The values of a secret may take some 1.5 MiB together; spread them over several secrets",
  },
  deleted: {
    message: "The version is deleted",
    hint: "`spike secret undelete` brings it back",
  },
  destroyed: {
    message: "The version was destroyed, and nothing brings it back",
    hint: "See `spike secret history`",
  },
  expired: {
    message: "The secret has expired",
    hint: "Store a new version with `spike secret put`; an expired value cannot be read again",
  },
  too_long: {
    message: "The data are longer than Nexus takes in one piece",
    hint:
      "Its limit is SPIKE_NEXUS_CRYPTO_MAX_CIPHERTEXT_SIZE, by default 65536 bytes, 16 of them for the tag; a stream has none",
  },
};

const errorMessage = message({ err: text });

/** Longer than any code; a text beyond this is no refusal of ours. */
const MAX_CODE_BYTES = 64;

/** The code in a body, if it is one of the closed list: in a message, or as the only word of a plain text. */
function codeIn(body: Uint8Array): ErrorCode | undefined {
  if (body.length <= MAX_CODE_BYTES) {
    const word = new TextDecoder().decode(body).trimEnd();
    if (word === "decryption failed") return "crypto_decryption_failed";
    if (isErrorCode(word)) return word;
  }
  try {
    const { err } = decodeMessage(errorMessage, body);
    return isErrorCode(err) ? err : undefined;
  } catch (error) {
    // A body that is no message of ours says nothing; the status still does.
    if (error instanceof SpikeError) return undefined;
    throw error;
  }
}

/** An answer that is a refusal, and whose request it refuses. */
export interface RefusedAnswer {
  readonly status: number;
  readonly body: Uint8Array;
  /** What the header about it says. */
  readonly reason?: string | undefined;
  readonly nexusUrl: string;
  readonly identity: string;
}

/** Whether a code may come with this status; in the encryption service the same failure has two. */
function fits(code: ErrorCode, status: number): boolean {
  if (status === 200 || statusOf(code) === status) return true;
  return code.startsWith("crypto_") && (status === 400 || status === 500);
}

/**
 * The error for a refusal: by the code in its body where that fits the status, else by the status. A reason beside it
 * says more than either.
 */
export function refusalOf(refused: RefusedAnswer): SpikeError {
  const { status, body, nexusUrl, identity } = refused;
  const told = codeIn(body);
  const code = told !== undefined && fits(told, status) ? told : CODE_OF_STATUS[status];
  if (code === undefined) {
    return new SpikeError("net_peer_connection", `${nexusUrl} answered with status ${status}`, {
      hint: "Check that SPIKE_NEXUS_API_URL names a Nexus",
    });
  }
  const reason = reasonIn(refused.reason);
  if (reason) {
    return new SpikeError(code, REASON_TEXT[reason].message, { reason, ...REASON_TEXT[reason] });
  }
  const { message, hint } = TEXT[code] ?? { message: `Nexus refused with ${code}` };
  const options = hint === undefined ? {} : { hint };
  return new SpikeError(code, message.replace("{identity}", () => identity), options);
}
