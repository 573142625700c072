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
    hint: "Check the arguments and that this version of Nexus supports the operation",
  },
  access_unauthorized: {
    message: "Nexus denied access to {identity}",
    hint: "Request a policy that grants access, or use an identity with the required role",
  },
  api_not_found: { message: "Nexus found nothing at this path" },
  api_internal_error: {
    message: "Nexus failed to carry out the request",
    hint: "See the log of Nexus",
  },
  state_not_ready: {
    message: "Nexus is not ready: it has no root key yet",
    hint:
      "Wait for the keepers and see `spike status`; if keepers lost their shards, run `spike operator restore`",
  },
  state_already_initialized: {
    message: "Nexus already has a root key and rejected another one",
  },
  state_integrity_check: {
    message: "Nexus found stored data that was modified outside Nexus",
    hint: "See the log of Nexus for the affected records; none of them was returned",
  },
  recovery_failed: {
    message: "Nexus cannot export recovery shards: it has no root key yet",
    hint: "Wait for its keepers, or see `spike status`",
  },
  database_lost: {
    message: "Nexus has an empty database, but its keepers belong to another one",
    hint: "Restore the database, or start Nexus with --accept-empty-store true to abandon it",
  },
  crypto_cipher_not_available: {
    message: "Nexus has no key to encrypt with",
    hint: "See `spike status`",
  },
  crypto_decryption_failed: {
    message: "Nexus could not decrypt the ciphertext",
    hint: "The ciphertext was modified or encrypted with another key",
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
    message: "Nexus does not support the version of the ciphertext",
    hint: "Check that the input is the output of `spike cipher encrypt`",
  },
  cipher_not_authentic: {
    message: "Nexus could not decrypt the ciphertext with this key",
    hint: "The ciphertext was modified, or encrypted with another key or other additional data",
  },
  cipher_key_retired: {
    message: "The cipher key is retired",
    hint: "To use it again, run `spike cipher key set NAME --retired false`",
  },
  entity_conflict: {
    message: "The secret is not at the expected version; nothing was changed",
    hint: "Read the secret again, then retry",
  },
  shard_of_older_root: {
    message: "This shard belongs to an older root key, which no longer opens this store",
    hint: "Use shards exported after the last `spike operator rotate-root`",
  },
  shard_set_changed: {
    message: "The shards changed in the meantime, or a change is in progress",
    hint: "See `spike status` for the current generation, then retry",
  },
  shard_scheme_fixed: {
    message: "The shards of this store are derived from its root key, as in SPIKE for Go",
    hint: "Scheme p256 does not support refresh, reshare or rotate-root",
  },
  keeper_not_placed: {
    message: "A keeper did not accept its new shard; nothing was changed",
    hint: "See `spike status`, start all keepers, then retry",
  },
  keeper_single_slot: {
    message:
      "A keeper holds only one shard at a time, so that a crash could leave too few of any kind",
    hint: "Export recovery shards first, then repeat the command with --accept-single-slot",
  },
  keepers_too_few: {
    message: "There are fewer keepers than shards",
    hint: "Add keepers to SPIKE_NEXUS_KEEPER_PEERS first; each shard needs its own keeper",
  },
  recovery_not_exported: {
    message: "The current shards were never exported; with these keepers, an export is required",
    hint: "Run `spike operator recover` first",
  },
  overloaded: { message: "Nexus is overloaded", hint: "Retry later" },
};

/** Public texts of the reasons; they replace the text of the code. */
const REASON_TEXT: { readonly [R in Reason]: { message: string; hint: string } } = {
  sealed: {
    message: "Nexus is sealed and rejects all requests",
    hint: "See `spike status` for the reason; run `spike operator unseal` (role superuser)",
  },
  provisional: {
    message: "Nexus is not ready: its root key is not verified yet",
    hint: "Run `spike bootstrap`, which verifies it, or wait until it has finished",
  },
  database_lost: {
    message: "Nexus has an empty database, but its keepers belong to another one",
    hint: "Restore the database, or start Nexus with --accept-empty-store true to abandon it",
  },
  busy: {
    message: "Nexus has reached its limit of request bodies in memory",
    hint: "Retry later",
  },
  key_used_up: {
    message: "The key has reached its limit of encryptions",
    hint:
      "Rotate it: `spike cipher key rotate NAME`, or for secrets `spike operator kek rotate`; what it encrypted stays readable",
  },
  key_exists: {
    message: "A cipher key of this name already exists",
    hint: "Choose another name, or add a version with `spike cipher key rotate`",
  },
  keys_full: {
    message: "Nexus has reached its limit of cipher keys",
    hint: "Use an existing key; see `spike cipher key list`",
  },
  versions_full: {
    message: "The cipher key has reached its limit of versions",
    hint: "Create another key with `spike cipher key create`",
  },
  lowest_version: {
    message: "The minimum version is greater than the newest version of the key",
    hint: "See `spike cipher key list`; rotate the key first to exclude all current versions",
  },
  body_too_long: {
    message: "The request is longer than Nexus accepts",
    hint:
      "The values of a secret are limited to about 1.5 MiB in total; split them into several secrets",
  },
  deleted: {
    message: "The version is deleted",
    hint: "Run `spike secret undelete` to restore it",
  },
  destroyed: {
    message: "The version was destroyed and cannot be restored",
    hint: "See `spike secret history`",
  },
  expired: {
    message: "The secret has expired",
    hint: "Store a new version with `spike secret put`; an expired value cannot be read again",
  },
  too_long: {
    message: "The data is longer than Nexus accepts in one request",
    hint:
      "The limit is SPIKE_NEXUS_CRYPTO_MAX_CIPHERTEXT_SIZE (default 65536 bytes, including a tag of 16); streams have no limit",
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
