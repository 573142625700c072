/**
 * How a server role lives as an operating-system process: its work runs in threads that have exactly the
 * permissions they need, while the main thread drops all of its own and waits.
 * `role.ts`, `inspect.ts` and `health_server.ts` are not exported here: they are for main threads only.
 *
 * @module
 */
export * from "./call.ts";
export * from "./confine.ts";
export * from "./prepare.ts";
export * from "./plain_failure.ts";
export * from "./supervise.ts";
export * from "./thread.ts";
export * from "./thread_message.ts";
export * from "./watch_identity.ts";
