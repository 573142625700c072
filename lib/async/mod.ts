/**
 * Small tools for work in turn and in time: a queue, a deadline, a wait that can be cut short. Nothing here knows what
 * it runs. Start reading at `serial.ts`.
 *
 * @module
 */
export { type Deadline, within } from "./deadline.ts";
export { createSerial, type Serial } from "./serial.ts";
export { Wake } from "./wake.ts";
