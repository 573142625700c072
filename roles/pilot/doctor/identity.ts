import type { PilotSettings } from "../../../lib/config/mod.ts";
import { parseCertificate } from "../../../lib/x509/certificate.ts";
import { DerError } from "../../../lib/x509/der.ts";
import { trustDomainOf } from "../../../lib/spiffe/id.ts";
import { rolesOf } from "../../../lib/spiffe/role.ts";
import type { IdentitySnapshot } from "../../../lib/spiffe/source.ts";
import { verifyPeer } from "../../../lib/spiffe/verify.ts";
import { type Diagnosis, failure, ok, spanText, warning } from "./diagnosis.ts";

/** Checks that look at the identity of this process. */
export const IDENTITY_CHECKS = ["role", "expiry", "bundle"] as const;

/** What is to be said of an identity at an instant. */
export function judgeIdentity(
  snapshot: IdentitySnapshot,
  { trustRoots }: Pick<PilotSettings, "trustRoots">,
  nowMs: number,
): Diagnosis[] {
  return [
    judgeRole(snapshot, trustRoots),
    judgeExpiry(snapshot, nowMs),
    judgeBundle(snapshot, nowMs),
  ];
}

function judgeRole({ svid }: IdentitySnapshot, trustRoots: PilotSettings["trustRoots"]): Diagnosis {
  const roles = rolesOf(svid.id, trustRoots);
  if (roles.length > 0) return ok("role", roles.join(", "));
  return warning(
    "role",
    "none: this identity may do what policies grant it, and nothing else",
    `If it is to have a role, check its registration entry and SPIKE_TRUST_ROOT_* (pilot: ${
      trustRoots.pilot.join(", ")
    })`,
  );
}

function judgeExpiry({ svid }: IdentitySnapshot, nowMs: number): Diagnosis {
  const until = new Date(svid.notAfterMs).toISOString();
  const now = new Date(nowMs).toISOString();
  if (nowMs < svid.notBeforeMs) {
    const from = new Date(svid.notBeforeMs).toISOString();
    return failure(
      "expiry",
      `the SVID is valid from ${from}, and here it is ${now}`,
      "Set the clock of this machine",
    );
  }
  const leftMs = svid.notAfterMs - nowMs;
  if (leftMs < 0) {
    return failure(
      "expiry",
      `the SVID has expired at ${until}, and here it is ${now}`,
      "Check that the agent runs and renews it, and the clock of this machine",
    );
  }
  const left = `${spanText(leftMs)} left, until ${until}`;
  if (leftMs * 4 < svid.notAfterMs - svid.notBeforeMs) {
    return warning("expiry", left, "Check that the agent renews it: the renewal is overdue");
  }
  return ok("expiry", left);
}

function judgeBundle({ svid, bundles }: IdentitySnapshot, nowMs: number): Diagnosis {
  const own = trustDomainOf(svid.id);
  const anchors = bundles.get(own) ?? [];
  if (anchors.length === 0) {
    return failure(
      "bundle",
      `there is none for ${own}`,
      "Check the bundle from the agent or the file",
    );
  }
  // That the SVID has ended, or has not begun, is told of it alone: here it is judged as of its own time.
  const asOfMs = Math.min(Math.max(nowMs, svid.notBeforeMs), svid.notAfterMs);
  const verdict = verifyPeer(svid.certificates, bundles, asOfMs);
  if (!verdict.ok) {
    return failure(
      "bundle",
      `the own SVID does not hold against it: ${verdict.message}`,
      "Check that SVID and bundle are from the same authority",
    );
  }
  const expired = anchors.filter((der) => hasExpired(der, nowMs)).length;
  const others = bundles.size - 1;
  const federated = others === 0 ? "" : `; federated with ${others} more`;
  const detail = `${anchors.length} for ${own}${federated}`;
  if (expired === 0) return ok("bundle", detail);
  return warning(
    "bundle",
    `${detail}; ${expired} expired or unreadable`,
    "Remove them from the authority",
  );
}

function hasExpired(der: Uint8Array, nowMs: number): boolean {
  try {
    return parseCertificate(der).notAfterMs < nowMs;
  } catch (error) {
    if (error instanceof DerError) return true;
    throw error;
  }
}
