/** Everybody who calls: an identity of each kind, issued by the authority of a running development system. */
import { askSupervisor } from "../../roles/dev/control_client.ts";

/** An X.509-SVID in PEM. */
export interface Identity {
  readonly certificates: string;
  readonly privateKey: string;
  /** Anchors of the servers and of its own trust domain. */
  readonly bundle: string;
}

/** SPIFFE ID of each kind of caller. */
export const CALLERS = {
  superuser: "spiffe://spike.ist/spike/pilot/role/superuser",
  admin: "spiffe://spike.ist/spike/pilot/role/admin",
  operator: "spiffe://spike.ist/spike/pilot/role/operator",
  recover: "spiffe://spike.ist/spike/pilot/role/recover",
  restore: "spiffe://spike.ist/spike/pilot/role/restore",
  bootstrap: "spiffe://spike.ist/spike/bootstrap",
  nexus: "spiffe://spike.ist/spike/nexus",
  keeper: "spiffe://spike.ist/spike/keeper/1",
  lite: "spiffe://spike.ist/spike/workload/role/lite/batch",
  /** No policy is about it. */
  workload: "spiffe://spike.ist/workload/stranger",
  /** A policy lets it read, write and list some paths. */
  tenant: "spiffe://spike.ist/workload/tenant",
  /** A policy lets it do everything on the system's own paths. */
  delegate: "spiffe://spike.ist/workload/delegate",
  /** What would be the superuser in our own trust domain. */
  foreigner: "spiffe://other.example/spike/pilot/role/superuser",
  /** Its trust domain is a valid one, but not one that the original lets in. */
  underscored: "spiffe://under_score.example/workload/tenant",
} as const;

/** A kind of caller. */
export type Caller = keyof typeof CALLERS;

/** All kinds. */
export const CALLER_NAMES = Object.keys(CALLERS) as readonly Caller[];

/** Issues each identity once. */
export class Identities {
  readonly #dir: string;
  readonly #issued = new Map<string, Promise<Identity>>();

  /** `dir` is the directory of a running development system. */
  constructor(dir: string) {
    this.#dir = dir;
  }

  /** The identity of a kind of caller. */
  of(caller: Caller): Promise<Identity> {
    return this.issue({ id: CALLERS[caller] });
  }

  /** Any other identity; `signer` is the trust domain whose authority forges it. */
  issue(request: { id: string; signer?: string }): Promise<Identity> {
    const key = `${request.signer ?? ""} ${request.id}`;
    const known = this.#issued.get(key);
    if (known) return known;
    const issued = askSupervisor(this.#dir, "svid", request);
    this.#issued.set(key, issued);
    return issued;
  }
}
