/** Options that commands about secrets share. */
import type { Expectation } from "../../../lib/client/mod.ts";

/** How the one version of a command is declared. */
export const ONE_VERSION = [
  "-v, --version <number>",
  "Version; 0 is the current version",
  "0",
] as const;

/** How the versions of a command are declared. */
export const VERSIONS = [
  "-v, --versions <list>",
  "Comma-separated versions (default: current version)",
] as const;

/** How the expected version is declared. */
export const CAS = [
  "--cas <version>",
  "Fail unless this is the current version; 0: no version exists",
] as const;

/** An expected version. */
export interface CasOption {
  readonly cas?: string;
}

/** Versions, and what is expected. */
export interface VersionsOption extends CasOption {
  readonly versions?: string;
}

/** Reads both. */
export async function parseWhich(
  { versions, cas }: VersionsOption,
): Promise<{ versions: readonly number[]; expected: Expectation }> {
  const { parseExpected, parseVersions } = await import("./path.ts");
  return {
    versions: versions === undefined ? [] : parseVersions(versions),
    expected: parseExpected(cas),
  };
}
