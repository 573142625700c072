/** The table of all metrics; the exposition and its documentation are generated from it. */
import { counter, gauge, histogram, matching, words } from "./metric.ts";
import { KEEPER_STATES, NEXUS_STATES } from "./state.ts";

const OPERATION = matching(
  /^[a-z]+(\.[a-zA-Z-]+){0,2}$/,
  "an operation such as `secret.get`, or `none`",
);
const STATUS = matching(/^[1-5]\d\d$/, "HTTP status");
const REASON = matching(/^[a-z][a-z0-9-]{0,40}$/, "a reason word as in the log");
const THREAD = words(["main", "core", "request", "keeper"]);
const POSITION = matching(/^([1-9]|[1-9]\d|1\d\d|2[0-4]\d|25[0-5])$/, "position from 1");
const PROTOCOL = words(["TLSv1.2", "TLSv1.3"]);
const CIPHER = matching(/^TLS_[A-Z0-9_]{1,60}$/, "IANA name of a cipher suite");
const VERSION = matching(/^\d+\.\d+\.\d+[0-9A-Za-z.+-]*$/, "a version");

/** Seconds, from the duration of a cached read to longer than any client waits. */
const REQUEST_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const LAG_SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5];

/**
 * Kinds of keys in the memory of Nexus: keys in pages that its threads share, and keys that each thread unwraps itself
 * (data keys of versions, named cipher keys, keys of active streams).
 */
export const KEY_KINDS = ["root", "kek", "default", "audit", "data", "named", "stream"] as const;

/** All metrics by name. No label contains a path, an ID, an address or a secret. */
export const METRICS = {
  spike_build_info: gauge("Always 1; the version of the program", { version: VERSION }),
  spike_start_time_seconds: gauge("When the process started, in seconds since the epoch"),
  spike_resident_memory_bytes: gauge("Resident memory of the process"),
  spike_event_loop_lag_seconds: histogram(
    "Delay of a timer of each thread, measured twice a second",
    LAG_SECONDS,
    { thread: THREAD },
  ),
  spike_requests_total: counter("Requests answered", { operation: OPERATION, status: STATUS }),
  spike_request_seconds: histogram(
    "Time from the header of a request to its answer",
    REQUEST_SECONDS,
    { operation: OPERATION },
  ),
  spike_connections_total: counter(
    "Connections established with verified peers, by direction and negotiated parameters",
    { side: words(["accepted", "made"]), protocol: PROTOCOL, cipher: CIPHER },
  ),
  spike_connections_open: gauge("Open connections with verified peers"),
  spike_peers_refused_total: counter(
    "Connections rejected in or after the handshake, or closed later because trust was withdrawn or a certificate expired",
    { reason: REASON },
  ),
  spike_handshakes_limited_total: counter(
    "Failed handshakes from addresses with many failures, whose certificates get a limited check",
  ),
  spike_svid_remaining_seconds: gauge(
    "Time until the SVID of this process expires; absent without an SVID, negative after its expiry",
  ),
  spike_svid_updates_total: counter("Identities received: SVIDs with their bundles"),
  spike_nexus_state: gauge("1 for the state that Nexus is in, 0 for all others", {
    state: words(NEXUS_STATES),
  }),
  spike_keys_held: gauge(
    "Keys in the memory of all threads of Nexus; none after a seal",
    { kind: words(KEY_KINDS) },
  ),
  spike_keeper_state: gauge("1 for the state that Nexus sees a keeper in, 0 for all others", {
    keeper: POSITION,
    state: words(KEEPER_STATES),
  }),
  spike_secrets_expired: gauge("Secrets that have expired, checked every minute"),
  spike_secrets_expiring_soon: gauge("Secrets that expire within SPIKE_NEXUS_EXPIRY_WARNING"),
  spike_store_failures_total: counter("Writes to the store that failed"),
  spike_audit_records: gauge("Records in the current audit log"),
  spike_scrub_findings: gauge(
    "Differences found by the last comparison of the store with the audit log; absent before the first one",
  ),
  spike_backup_time_seconds: gauge(
    "Start of the last complete backup, in seconds since the epoch; absent before the first one",
  ),
  spike_keeper_shards: gauge("Shards that this keeper holds", {
    slot: words(["current", "pending"]),
  }),
} as const;

/** Names of the metrics of one kind. */
export type MetricName<K extends "counter" | "gauge" | "histogram"> = {
  [N in keyof typeof METRICS]: typeof METRICS[N]["kind"] extends K ? N : never;
}[keyof typeof METRICS];

/** The labels of a metric; all are required. */
export type LabelsOf<N extends keyof typeof METRICS> = Readonly<
  Record<keyof typeof METRICS[N]["labels"], string>
>;
