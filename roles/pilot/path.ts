import { SpikeError } from "../../lib/api/error.ts";
import { parseSecretPath, type SecretPath } from "../../lib/secret/name.ts";
import { asInputError } from "./report.ts";

/** Checks a path before it is sent. @throws SpikeError `data_invalid_input` */
export function parsePath(given: string): SecretPath {
  return asInputError(() => parseSecretPath(given));
}

/** Reads a comma-separated list of version numbers; 0 is the current one. @throws SpikeError `usage` */
export function parseVersions(given: string): number[] {
  return given.split(",").map((item) => parseVersion(item.trim()));
}

/** Reads one version number. @throws SpikeError `usage` */
export function parseVersion(given: string): number {
  if (/^\d{1,15}$/.test(given)) return Number(given);
  throw new SpikeError("usage", `Version is ${JSON.stringify(given)}, expected a whole number`, {
    hint: "0 stands for the current version",
  });
}

/** Reads the version that a change expects. @throws SpikeError `usage` */
export function parseExpected(given: string | undefined): { readonly cas?: number } {
  if (given === undefined) return {};
  if (/^\d{1,15}$/.test(given)) return { cas: Number(given) };
  throw new SpikeError(
    "usage",
    `Expected version is ${JSON.stringify(given)}, not a whole number`,
    { hint: "0 stands for a secret that must not be there" },
  );
}

/** Runs a call about one secret; what is not there is named. */
export async function naming<T>(path: string, version: number, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof SpikeError) || error.code !== "api_not_found") throw error;
    const which = version === 0 ? "" : ` in version ${version}`;
    throw new SpikeError("api_not_found", `There is no secret ${JSON.stringify(path)}${which}`, {
      hint: "See `spike secret list`; a deleted version comes back with `spike secret undelete`",
      cause: error,
    });
  }
}
