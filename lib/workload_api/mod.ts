/** @module */
export * from "./endpoint.ts";
export * from "./source.ts";
