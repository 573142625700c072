/**
 * Small functions on byte arrays: wiping, comparison in constant time, length checks. It never interprets the bytes.
 * Start reading at `bytes.ts`.
 *
 * @module
 */
export { constantTimeEqual, requireLength, wipe } from "./bytes.ts";
export { following } from "./following.ts";
