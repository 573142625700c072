/**
 * One vocabulary for what the components tell: lines of JSON on standard error.
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
