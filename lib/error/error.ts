import { withoutKeys } from "../text/quote.ts";

/**
 * The closed list of failures that a caller can receive: for each code the HTTP status of the response and the exit
 * code of the command line.
 *
 * Codes up to the blank line are the SDK's registry; those after it are this project's own additions.
 */
export const ERROR_CODES = {
  api_bad_request: { status: 400, exit: 2 },
  api_internal_error: { status: 500, exit: 2 },
  api_not_found: { status: 404, exit: 4 },
  access_unauthorized: { status: 401, exit: 3 },
  state_not_ready: { status: 503, exit: 6 },
  state_already_initialized: { status: 400, exit: 2 },
  state_integrity_check: { status: 500, exit: 2 },
  data_invalid_input: { status: 400, exit: 1 },
  net_peer_connection: { status: 500, exit: 6 },
  data_unmarshal_failure: { status: 500, exit: 2 },
  crypto_cipher_not_available: { status: 500, exit: 2 },
  crypto_cipher_verification_failed: { status: 500, exit: 2 },
  crypto_decryption_failed: { status: 500, exit: 2 },
  crypto_failed_to_read_nonce: { status: 400, exit: 2 },
  crypto_failed_to_read_version: { status: 400, exit: 2 },
  crypto_random_generation_failed: { status: 500, exit: 2 },
  crypto_unsupported_version: { status: 400, exit: 2 },
  recovery_failed: { status: 500, exit: 6 },
  root_key_missing: { status: 503, exit: 6 },
  spiffe_unable_to_fetch_x509_source: { status: 503, exit: 6 },
  spiffe_invalid_spiffe_id: { status: 400, exit: 1 },
  store_invalid_configuration: { status: 500, exit: 1 },
  fs_directory_creation_failed: { status: 500, exit: 1 },
  fs_file_open_failed: { status: 500, exit: 1 },
  fs_stream_read_failed: { status: 500, exit: 1 },

  config_invalid: { status: 500, exit: 1 },
  usage: { status: 400, exit: 1 },
  shard_generation_stale: { status: 409, exit: 5 },
  shard_held: { status: 409, exit: 5 },
  shard_of_older_root: { status: 400, exit: 2 },
  shard_set_changed: { status: 409, exit: 5 },
  shard_scheme_fixed: { status: 400, exit: 2 },
  keeper_not_placed: { status: 503, exit: 6 },
  keeper_single_slot: { status: 400, exit: 2 },
  keepers_too_few: { status: 400, exit: 2 },
  recovery_not_exported: { status: 400, exit: 2 },
  database_lost: { status: 503, exit: 6 },
  entity_conflict: { status: 409, exit: 5 },
  cipher_not_authentic: { status: 400, exit: 2 },
  cipher_key_retired: { status: 400, exit: 2 },
  audit_unavailable: { status: 503, exit: 6 },
  store_failure: { status: 500, exit: 2 },
  overloaded: { status: 429, exit: 6 },
  interrupted: { status: 500, exit: 130 },
} as const satisfies Record<string, { status: number; exit: number }>;

/** A code of the closed list. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** Whether a text received from a peer is a code of the closed list. */
export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_CODES, text);
}

/** HTTP status that a server answers with for `code`. */
export function statusOf(code: ErrorCode): number {
  return ERROR_CODES[code].status;
}

/** Exit code of the command line for `code`. */
export function exitCodeOf(code: ErrorCode): number {
  return ERROR_CODES[code].exit;
}

/**
 * Words that distinguish the causes of one code. They are sent in a header that SPIKE clients in Go ignore, so the code
 * in the body stays one that they know.
 */
export const REASONS = [
  "sealed",
  "provisional",
  "database_lost",
  "busy",
  "key_used_up",
  "key_exists",
  "keys_full",
  "versions_full",
  "lowest_version",
  "too_long",
  "body_too_long",
  "deleted",
  "destroyed",
  "expired",
] as const;

/** One of {@linkcode REASONS}. */
export type Reason = typeof REASONS[number];

/** Response header that carries a {@linkcode Reason}. */
export const REASON_HEADER = "spike-reason";

/** Parses a reason received from a peer; undefined for any text outside {@linkcode REASONS}. */
export function reasonIn(text: string | undefined): Reason | undefined {
  return REASONS.find((reason) => reason === text);
}

/**
 * A failure. `code`, `reason`, `message` and `hint` are sent to the caller; `cause` goes to the log only. None of them
 * may contain a secret, a shard or a key: the constructor removes texts that look like one from message and hint.
 *
 * @example
 * ```ts
 * throw new SpikeError("api_bad_request", `Path is ${n} bytes long, at most 500 are allowed`);
 * ```
 */
export class SpikeError extends Error {
  /** Always `SpikeError`. */
  override readonly name = "SpikeError";
  /** How to fix it: a command or a setting. */
  readonly hint?: string;
  /** Distinguishes the causes of one code. */
  readonly reason?: Reason;
  /** What failed: the first line of `message`. */
  readonly headline: string;
  /** Further facts, one line each. */
  readonly details: readonly string[];

  /** Removes texts that look like keys from `message`, `details` and `hint`. */
  constructor(
    /** Determines HTTP status and exit code. */
    readonly code: ErrorCode,
    message: string,
    options: { hint?: string; reason?: Reason; cause?: unknown; details?: readonly string[] } = {},
  ) {
    const { details = [] } = options;
    const shown = withoutKeys(message);
    const shownDetails = details.map(withoutKeys);
    super(
      shownDetails.length === 0 ? shown : [`${shown}:`, ...shownDetails].join("\n  "),
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.headline = shown;
    this.details = shownDetails;
    if (options.hint !== undefined) this.hint = withoutKeys(options.hint);
    if (options.reason !== undefined) this.reason = options.reason;
  }
}

/** A failure as lines of text. The caller escapes each line before printing it. */
export function failureLines(
  { headline, details = [], hint }: {
    readonly headline: string;
    readonly details?: readonly string[];
    readonly hint?: string;
  },
): string[] {
  return [
    `Error: ${headline}${details.length === 0 ? "" : ":"}`,
    ...details.map((detail) => `  ${detail}`),
    ...(hint === undefined ? [] : [`Hint: ${hint}`]),
  ];
}
