/** What commands ask of a running supervisor: one line of JSON each way on a unix socket. */
import type { PlainFailure } from "../../lib/process/mod.ts";

/** An SVID as PEM, and the anchors its holder needs. */
export interface SvidFiles {
  readonly certificates: string;
  readonly privateKey: string;
  /** Anchors of the system's servers, then those of the holder's own trust domain. */
  readonly bundle: string;
  readonly notAfterMs: number;
}

/** What can be asked, by command: the request and its result. */
export interface ControlCalls {
  readonly svid: {
    readonly request: { readonly id: string; readonly ttlMs?: number; readonly signer?: string };
    readonly result: SvidFiles;
  };
  readonly token: {
    readonly request: {
      readonly id: string;
      readonly audience: readonly string[];
      readonly ttlMs?: number;
    };
    readonly result: { readonly token: string };
  };
  readonly socket: {
    readonly request: { readonly id: string; readonly ttlMs?: number };
    readonly result: { readonly address: string };
  };
  readonly kill: {
    readonly request: { readonly name: string };
    readonly result: { readonly wasRunning: boolean };
  };
  readonly start: {
    readonly request: { readonly name: string; readonly timeoutMs: number };
    readonly result: { readonly tookMs: number };
  };
  readonly identity: {
    readonly request: { readonly action: IdentityAction; readonly name: string };
    readonly result: { readonly id: string };
  };
  readonly authority: {
    readonly request: { readonly action: AuthorityAction; readonly domain?: string };
    readonly result: { readonly anchors: number };
  };
}

/** What can happen to an identity: its registration entry goes, or returns. */
export const IDENTITY_ACTIONS = ["withdraw", "return"] as const;
/** The steps of a new key: its anchor is known beside the old one, it signs all SVIDs anew, the old anchor goes. */
export const AUTHORITY_ACTIONS = ["prepare", "rotate", "retire"] as const;
export type IdentityAction = typeof IDENTITY_ACTIONS[number];
export type AuthorityAction = typeof AUTHORITY_ACTIONS[number];

export type ControlName = keyof ControlCalls;
export type RequestOf<C extends ControlName> = ControlCalls[C]["request"];
export type ResultOf<C extends ControlName> = ControlCalls[C]["result"];

/** What a supervisor does for each command. */
export type ControlHandlers = {
  readonly [C in ControlName]: (request: RequestOf<C>) => Promise<ResultOf<C>>;
};

/** The line that asks. */
export interface ControlRequest {
  readonly command: string;
  readonly request: unknown;
}

/** The line that answers. */
export type ControlAnswer =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly failure: PlainFailure };

/** The whole of a connection until its other end stops sending, as text. */
export async function readAll(connection: Deno.Conn): Promise<string> {
  return await new Response(connection.readable).text();
}
