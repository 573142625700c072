/** @module */
export * from "./jwt_keys.ts";
export * from "./jwt_svid.ts";
