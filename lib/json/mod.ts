/** @module */
export { ANSWER_LIMITS, type Json, type JsonLimits, parseJson, REQUEST_LIMITS } from "./json.ts";
