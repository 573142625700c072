/** Every metric there is: from these lines come the exposition and its documentation. */
import { counter, gauge, histogram, matching, words } from "./metric.ts";
import { KEEPER_STATES, NEXUS_STATES } from "./state.ts";

const OPERATION = matching(
  /^[a-z]+(\.[a-zA-Z-]+){0,2}$/,
  "an operation such as `secret.get`, or `none`",
);
const STATUS = matching(/^[1-5]\d\d$/, "HTTP status");
const REASON = matching(/^[a-z][a-z0-9-]{0,40}$/, "a word of the list in the log");
const THREAD = words(["main", "core", "request", "keeper"]);
const POSITION = matching(/^([1-9]|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])$/, "position from 1");
const PROTOCOL = words(["TLSv1.2", "TLSv1.3"]);
const CIPHER = matching(/^TLS_[A-Z0-9_]{1,60}$/, "name of a cipher suite as IANA has it");
const VERSION = matching(/^\d+\.\d+\.\d+[0-9A-Za-z.+-]*$/, "a version");

/** In seconds: from what a cached read takes to what no client waits for. */
const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const LAG_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5];

/**
 * Keys in the memory of a Nexus: those in pages that its threads share, and those that each thread unwraps for itself
 * (data keys of versions, named cipher keys, keys of streams under way).
 */
export const KEY_KINDS = ["root", "kek", "default", "audit", "data", "named", "stream"] as const;

/** All metrics by name. No label ever holds a path, an ID, an address or anything secret. */
export const METRICS = {
  spike_build_info: gauge("Always 1; the version of the program", { version: VERSION }),
  spike_start_time_seconds: gauge("When the process started, in seconds since the epoch"),
  spike_resident_memory_bytes: gauge("Resident memory of the process"),
  spike_event_loop_lag_seconds: histogram(
    "How late a timer of a thread fired, looked at twice a second",
    LAG_SECONDS,
    { thread: THREAD },
  ),
  spike_requests_total: counter("Requests answered", { operation: OPERATION, status: STATUS }),
  spike_request_seconds: histogram(
    "From the head of a request to its answer",
    REQUEST_SECONDS,
    { operation: OPERATION },
  ),
  spike_connections_total: counter(
    "Connections that were made with verified peers, by who came to whom and what was agreed",
    { side: words(["accepted", "made"]), protocol: PROTOCOL, cipher: CIPHER },
  ),
  spike_connections_open: gauge("Connections of verified peers that are open"),
  spike_peers_refused_total: counter(
    "Connections refused in or after the handshake, or ended later because trust or time moved on",
    { reason: REASON },
  ),
  spike_handshakes_limited_total: counter(
    "Failed handshakes of addresses with so many that their certificates are checked only briefly",
  ),
  spike_svid_remaining_seconds: gauge(
    "Time until the own SVID expires; absent while there is none, negative when it has expired",
  ),
  spike_svid_updates_total: counter("Identities received: SVIDs with their bundles"),
  spike_nexus_state: gauge("1 for the state that Nexus is in, 0 for all others", {
    state: words(NEXUS_STATES),
  }),
  spike_keys_held: gauge(
    "Keys in the memory of Nexus, of all threads; after a seal there is none",
    { kind: words(KEY_KINDS) },
  ),
  spike_keeper_state: gauge("1 for the state that Nexus sees a keeper in, 0 for all others", {
    keeper: POSITION,
    state: words(KEEPER_STATES),
  }),
  spike_secrets_expired: gauge("Secrets that have expired, looked at every minute"),
  spike_secrets_expiring_soon: gauge("Secrets that expire within SPIKE_NEXUS_EXPIRY_WARNING"),
  spike_store_failures_total: counter("Writes that the disk did not take"),
  spike_audit_records: gauge("Records in the present audit log"),
  spike_scrub_findings: gauge(
    "What the last comparison of the store with the audit log found; absent before the first",
  ),
  spike_backup_time_seconds: gauge(
    "When the last backup that arrived whole was begun, in seconds since the epoch; absent before the first",
  ),
  spike_keeper_shards: gauge("Shards that this keeper holds", {
    slot: words(["current", "pending"]),
  }),
} as const;

/** The name of a metric of one kind. */
export type MetricName<K extends "counter" | "gauge" | "histogram"> = {
  [N in keyof typeof METRICS]: typeof METRICS[N]["kind"] extends K ? N : never;
}[keyof typeof METRICS];

/** The labels of a metric, all of which must be given. */
export type LabelsOf<N extends keyof typeof METRICS> = Readonly<
  Record<keyof typeof METRICS[N]["labels"], string>
>;
