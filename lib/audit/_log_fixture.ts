/** A log in a directory of its own, with keys that are always the same, and what tests do with it. */
import { parseKey } from "./note.ts";
import type { AuditEntry } from "./entry.ts";
import { nativeHash } from "./os_hash.ts";
import { AuditLog, type AuditLogOptions } from "./os_log.ts";
import { listLogFiles } from "./os_log_files.ts";
import { macUnder } from "./os_mac.ts";
import { nativeVerifier, signerOf } from "./os_sign.ts";
import { plainly } from "./record.ts";
import { LogVerifier, type VerifyOptions } from "./verify.ts";
import { formatKey } from "./note.ts";

const SIGNER = signerOf(new Uint8Array(32).fill(7));

/** Keys of every log in tests. */
export const KEYS = { ...SIGNER, mac: macUnder(new Uint8Array(32).fill(5)), cover: plainly };

/** A request for a path. */
export function requestOf(path: string): AuditEntry {
  return {
    kind: "request",
    entry: {
      correlation: "00000000-0000-4000-8000-000000000000",
      server: "nexus",
      caller: {
        id: "spiffe://example.org/web" as never,
        trustDomain: "example.org" as never,
        serial: "0a",
      },
      operation: "secret.get",
      subject: { path },
      grant: { by: "policy", name: "web" },
      status: 200,
      timeMs: 1_767_323_045_123,
      durationUs: 321,
    },
  };
}

/** A transaction that stored a secret. */
export function changeOf(revision: number, path = "a"): AuditEntry {
  const changes = [{ head: path, current: 1, digest: "AAAA" }];
  return { kind: "change", entry: { timeMs: 1_767_323_045_123, revision, changes } };
}

/** A directory for logs, and what belongs to it. */
export interface LogWorld extends AsyncDisposable {
  readonly directory: string;
  readonly options: AuditLogOptions;
  /** Opens the log; fails when it cannot be gone on with. */
  open(more?: Partial<AuditLogOptions>): AuditLog;
  /** Its files, oldest first. */
  files(): { path: string; first: number }[];
  verify(log: string, more?: Partial<VerifyOptions>): ReturnType<LogVerifier["end"]>;
}

/** Makes the directory. */
export async function logWorld(): Promise<LogWorld> {
  const directory = await Deno.makeTempDir({ prefix: "audit-" });
  let draws = 0;
  const options: AuditLogOptions = {
    directory,
    syncMs: 60_000,
    clock: () => 1_767_323_045_999,
    random: (length) => new Uint8Array(length).fill(++draws),
    recordsPerFile: 128,
  };
  const files = () => listLogFiles(directory, "01".repeat(16));
  return {
    directory,
    options,
    files,
    open: (more = {}) => {
      const log = AuditLog.open({ ...options, ...more });
      const unusable = log.useKeys(KEYS);
      if (unusable) throw new Error(`Not usable: ${unusable.reason}`);
      return log;
    },
    verify: (log, more = {}) => {
      const key = { log, publicKey: SIGNER.publicKey };
      const verify = nativeVerifier();
      const verifier = new LogVerifier({ key, hash: nativeHash, verify, ...more });
      for (const { path, first } of listLogFiles(directory, log)) {
        verifier.file(String(first), Deno.readFileSync(path));
      }
      return verifier.end();
    },
    [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }),
  };
}

/** The key of tests, read from its own text. */
export function keyOf(log: string) {
  const key = parseKey(formatKey({ log, publicKey: SIGNER.publicKey }));
  if (!key) throw new Error("Not a key");
  return key;
}
