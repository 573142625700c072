/** @module */
export * from "./pem.ts";
