import { type Reason, SpikeError } from "../../../lib/error/error.ts";
import { quoteValue } from "../../../lib/text/quote.ts";
import type { Expectation, VersionsOptions } from "../../../lib/client/mod.ts";
import { parseSecretPath, parseWritablePath, type SecretPath } from "../../../lib/secret/name.ts";
import type { TextSink } from "../io.ts";
import { asInputError } from "../terminal/report.ts";

/** Checks a path before it is sent. @throws SpikeError `data_invalid_input` */
export function parsePath(given: string): SecretPath {
  return asInputError(() => parseSecretPath(given));
}

/**
 * Checks a path that is to be written. A path is taken as it stands, so one that looks like another is remarked on.
 *
 * @throws SpikeError `data_invalid_input`
 */
export function parseNewPath(given: string, stderr: TextSink): SecretPath {
  const path = asInputError(() => parseWritablePath(given));
  const plain = path.split("/").filter((part) => part !== "" && part !== ".").join("/");
  if (plain !== path && plain !== "") {
    stderr.print(
      `Note: the path is ${JSON.stringify(path)}, which is not ${JSON.stringify(plain)}`,
    );
  }
  return path;
}

/** Reads a comma-separated list of version numbers; 0 is the current one. @throws SpikeError `usage` */
export function parseVersions(given: string): number[] {
  return given.split(",").map((item) => parseVersion(item.trim()));
}

/** Reads one version number. @throws SpikeError `usage` */
export function parseVersion(given: string): number {
  if (/^\d{1,15}$/.test(given)) return Number(given);
  throw new SpikeError("usage", `Version is ${quoteValue(given)}, expected a whole number`, {
    hint: "0 is the current version",
  });
}

/** Reads the version that a change expects. @throws SpikeError `usage` */
export function parseExpected(given: string | undefined): { readonly cas?: number } {
  if (given === undefined) return {};
  if (/^\d{1,15}$/.test(given)) return { cas: Number(given) };
  throw new SpikeError(
    "usage",
    `Expected version is ${quoteValue(given)}, not a whole number`,
    { hint: "0 means that the secret must not exist" },
  );
}

/** Runs a call about one secret; what is not there is named, with the reason where Nexus tells it. */
export async function naming<T>(path: string, version: number, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof SpikeError) || error.code !== "api_not_found") throw error;
    const [message, hint] = absence(path, version, error.reason);
    throw new SpikeError("api_not_found", message, { hint, cause: error });
  }
}

function absence(path: string, version: number, reason: Reason | undefined): [string, string] {
  const name = JSON.stringify(path);
  const which = version === 0 ? `Secret ${name}` : `Version ${version} of secret ${name}`;
  const history = `See \`spike secret history ${path}\``;
  if (reason === "expired") {
    return [
      `${which} has expired and cannot be read again`,
      `Store a new version with \`spike secret put ${path}\``,
    ];
  }
  if (reason === "deleted") {
    const versions = version === 0 ? "" : ` --versions ${version}`;
    return [
      `${which} is deleted`,
      `Run \`spike secret undelete ${path}${versions}\` to restore it`,
    ];
  }
  if (reason === "destroyed") return [`${which} was destroyed and cannot be restored`, history];
  if (version === 0) return [`Secret not found: ${name}`, "See `spike secret list`"];
  return [`Version not found: ${version} of secret ${name}`, history];
}

/** What a change of versions asks for: where some are named, which of them never were. */
export function reporting(
  versions: readonly number[],
  expected: Expectation,
): VersionsOptions {
  const isNamed = versions.some((version) => version !== 0);
  return isNamed ? { ...expected, report: true } : expected;
}

/**
 * Fails where versions were named that stand for nothing; the others were dealt with, as `done` says.
 *
 * @throws SpikeError `api_not_found`
 */
export function requireAll(
  path: string,
  versions: readonly number[],
  { missing, done }: { readonly missing: readonly number[]; readonly done: string },
): void {
  if (missing.length === 0) return;
  const rest = [...new Set(versions)].filter((version) => !missing.includes(version))
    .map((version) => version === 0 ? "the current version" : `version ${version}`);
  const what = `Secret ${JSON.stringify(path)} has no version ${missing.join(", ")}`;
  const others = rest.length === 0 ? "nothing was changed" : `${done}: ${rest.join(", ")}`;
  throw new SpikeError("api_not_found", `${what}; ${others}`, {
    hint: `See \`spike secret history ${path}\``,
  });
}
