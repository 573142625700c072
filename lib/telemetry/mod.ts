/**
 * Logs (JSON lines on standard error), metrics and health of all components, each from one table. It never writes to
 * the network and never logs a secret, a shard or a key.
 *
 * Start reading at `log.ts`, `metric_table.ts` (add a metric there) and `health.ts` (add a health word there).
 *
 * @module
 */
export {
  configureLogging,
  createLogger,
  type Fields,
  type Level,
  type LineSink,
  type Logger,
  writeLine,
} from "./log.ts";

export { type Distribution, type Measured, Meter } from "./meter.ts";
export { type LabelsOf, type MetricName, METRICS } from "./metric_table.ts";
export type { LabelRule, Metric } from "./metric.ts";
export {
  Health,
  HEALTH_WORDS,
  type HealthCheck,
  type HealthLevel,
  type HealthWord,
  judgeHealth,
} from "./health.ts";
export { health, meter, ownReport, type ThreadReport, watchLag } from "./own.ts";
