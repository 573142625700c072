/**
 * SPIFFE identities: IDs, SVIDs and bundles, the verdict on a peer's certificates, and the sources they come
 * from. Nothing here trusts what a TLS runtime says about a peer; start reading at `verify.ts` and `source.ts`.
 *
 * @module
 */
export * from "./bundle.ts";
export * from "./id.ts";
export * from "./identity_state.ts";

export * from "./memory_source.ts";

export * from "./role.ts";
export type * from "./source.ts";
export * from "./svid.ts";
export * from "./verify.ts";

export * from "./file_source.ts";
