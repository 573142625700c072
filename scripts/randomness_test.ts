import assert from "node:assert/strict";
import { join } from "node:path";
import { isTestFile, ROOT, sourceFiles } from "./source_files.ts";

/** What draws from the runtime's generator, or from one that can be predicted. */
const GENERATORS =
  /getRandomValues|randomUUID|generateKey\w*|randomBytes|randomFill|randomInt|Math\.random/g;

/** Every use outside tests, and why it need not come from the operating system at the moment it is made. */
const ALLOWED: Readonly<Record<string, string>> = {
  "lib/seal/os_random.ts getRandomValues": "mixed with the operating system's bytes",
  "lib/http/app.ts randomUUID": "names a request",
  "lib/http/refusal_audit.ts randomUUID": "names a sum of requests",
  "roles/pilot/doctor/key_exchange.ts getRandomValues": "a handshake that is never completed",
  "lib/authority/jwt_authority.ts randomUUID": "names a public key",
  "lib/authority/issuer.ts Math.random": "spreads retries",
  "lib/workload_api/jwt_source.ts Math.random": "spreads retries",
  "lib/workload_api/source.ts Math.random": "spreads retries",
  "roles/nexus/core/loops.ts Math.random": "spreads probes",
  "roles/pilot/backup/file.ts randomUUID": "names a draft, which is created exclusively",
  "roles/pilot/terminal/private_file.ts randomUUID": "names a draft, which is created exclusively",
};

Deno.test("keys and nonces are drawn through osRandom: every other generator in use is known", () => {
  const found = ["lib", "roles"].flatMap((dir) => sourceFiles(dir))
    .filter((file) => !isTestFile(file))
    .flatMap((file) => {
      const source = Deno.readTextFileSync(join(ROOT, file));
      return [...source.matchAll(GENERATORS)].map(([use]) => `${file} ${use}`);
    });
  assert.deepEqual([...new Set(found)].sort(), Object.keys(ALLOWED).sort());
});
