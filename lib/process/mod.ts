/**
 * How a server role lives as an operating-system process: its work runs in threads that have exactly the
 * permissions they need, while the main thread gives up all of its own and waits.
 * `role.ts` is not exported here: it reads settings, and is for main threads only.
 *
 * @module
 */
export * from "./call.ts";
export * from "./confine.ts";
export * from "./prepare.ts";
export * from "./supervise.ts";
export * from "./thread.ts";
