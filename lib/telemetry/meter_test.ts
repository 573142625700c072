import assert from "node:assert/strict";
import { expose } from "./exposition.ts";
import { Meter } from "./meter.ts";
import { METRICS } from "./metric_table.ts";

Deno.test("counters, gauges and histograms are exposed in Prometheus's text format", () => {
  const meter = new Meter();
  meter.count("spike_requests_total", { status: "200", operation: "secret.get" });
  meter.count("spike_requests_total", { operation: "secret.get", status: "200" }, 2);
  meter.set("spike_connections_open", {}, 4);
  meter.observe("spike_event_loop_lag_seconds", { thread: "core" }, 0.001);
  meter.observe("spike_event_loop_lag_seconds", { thread: "core" }, 7);
  assert.equal(
    expose([meter.read()]),
    `# HELP spike_event_loop_lag_seconds Delay of a timer of each thread, measured twice a second.
# TYPE spike_event_loop_lag_seconds histogram
spike_event_loop_lag_seconds_bucket{thread="core",le="0.001"} 1
spike_event_loop_lag_seconds_bucket{thread="core",le="0.005"} 1
spike_event_loop_lag_seconds_bucket{thread="core",le="0.01"} 1
spike_event_loop_lag_seconds_bucket{thread="core",le="0.05"} 1
spike_event_loop_lag_seconds_bucket{thread="core",le="0.1"} 1
spike_event_loop_lag_seconds_bucket{thread="core",le="0.5"} 1
spike_event_loop_lag_seconds_bucket{thread="core",le="1"} 1
spike_event_loop_lag_seconds_bucket{thread="core",le="5"} 1
spike_event_loop_lag_seconds_bucket{thread="core",le="+Inf"} 2
spike_event_loop_lag_seconds_sum{thread="core"} 7.001
spike_event_loop_lag_seconds_count{thread="core"} 2
# HELP spike_requests_total Requests answered.
# TYPE spike_requests_total counter
spike_requests_total{operation="secret.get",status="200"} 3
# HELP spike_connections_open Open connections with verified peers.
# TYPE spike_connections_open gauge
spike_connections_open 4
`,
  );
});

Deno.test("what several threads measured is added up", () => {
  const [one, other] = [new Meter(), new Meter()];
  for (const meter of [one, other]) {
    meter.set("spike_connections_open", {}, 2);
    meter.observe("spike_request_seconds", { operation: "status" }, 0.02);
  }
  const text = expose([one.read(), structuredClone(other.read())]);
  assert.match(text, /^spike_connections_open 4$/m);
  assert.match(text, /^spike_request_seconds_bucket\{operation="status",le="0.025"\} 2$/m);
  assert.match(text, /^spike_request_seconds_sum\{operation="status"\} 0.04$/m);
});

Deno.test("no label takes a path, an ID or anything else that the table does not name", () => {
  const meter = new Meter();
  const hostile = [
    "tenants/acme/db",
    "spiffe://spike.ist/app",
    '"} 1\nx{a="',
    "https://k1:8554",
    "",
  ];
  for (const text of hostile) {
    meter.count("spike_requests_total", { operation: text, status: text });
    meter.count("spike_peers_refused_total", { reason: text });
    meter.set("spike_nexus_state", { state: text }, 1);
    meter.set("spike_keeper_state", { keeper: text, state: text }, 1);
  }
  const series = expose([meter.read()]).split("\n").filter((line) => !line.startsWith("#"));
  assert.deepEqual(series, [
    'spike_requests_total{operation="other",status="other"} 5',
    'spike_peers_refused_total{reason="other"} 5',
    'spike_nexus_state{state="other"} 1',
    'spike_keeper_state{keeper="other",state="other"} 1',
    "",
  ]);
});

Deno.test("a gauge that is cleared is not exposed, and collectors run on each look", () => {
  const meter = new Meter();
  let left = 2;
  meter.collect(() => {
    if (left === 0) meter.clear("spike_svid_remaining_seconds");
    else meter.set("spike_svid_remaining_seconds", {}, left);
    left--;
  });
  const looks = [1, 2, 3].map(() => expose([meter.read()]).split("\n").at(-2) ?? "");
  assert.deepEqual(looks, [
    "spike_svid_remaining_seconds 2",
    "spike_svid_remaining_seconds 1",
    "",
  ]);
});

Deno.test("names follow Prometheus's rules: a prefix, base units, _total for counters only", () => {
  for (const [name, { kind }] of Object.entries(METRICS)) {
    assert.match(name, /^spike_[a-z_]+[a-z]$/);
    assert.equal(name.endsWith("_total"), kind === "counter", name);
    assert(!/_(ms|kb|minutes)/.test(name), name);
  }
});
