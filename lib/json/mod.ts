/**
 * A strict, bounded JSON parser (RFC 8259) that keeps the order of names and the text of numbers. It never quotes the
 * input in an error. Start reading at `parseJson` in `json.ts`.
 *
 * @module
 */
export {
  ANSWER_LIMITS,
  BYTES_LIMITS,
  type Json,
  type JsonLimits,
  type JsonObject,
  type JsonOptions,
  NumberText,
  parseJson,
  REQUEST_LIMITS,
} from "./json.ts";
