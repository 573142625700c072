/**
 * One vocabulary for what the components tell: lines of JSON on standard error, metrics, and words of health.
 * New metrics are a line in `metric_table.ts`, new words of health one in `health.ts`.
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

export { Meter } from "./meter.ts";
export { Health, type HealthCheck, type HealthWord, judgeHealth } from "./health.ts";
export { health, meter, ownReport, type ThreadReport, watchLag } from "./own.ts";
