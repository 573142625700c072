/** @module */
export { constantTimeEqual, requireLength, wipe } from "./bytes.ts";
