import { SpikeError } from "../../../lib/api/error.ts";
import type { PilotDeps } from "../deps.ts";
import { type Format, render, sorted } from "../format.ts";
import { naming, parsePath } from "../path.ts";
import { withNexus } from "../session.ts";

/** What to get, and how to print it. */
export interface SecretGetRequest {
  readonly path: string;
  readonly key: string | undefined;
  readonly version: number;
  readonly format: Format;
}

/** `spike secret get`. */
export async function secretGet(deps: PilotDeps, request: SecretGetRequest): Promise<void> {
  const path = parsePath(request.path);
  const values = await withNexus(
    deps,
    ({ client }) => naming(path, request.version, () => client.getSecret(path, request.version)),
  );
  deps.stdout.write(await toText(values, request));
}

async function toText(
  values: Readonly<Record<string, string>> | null,
  { path, key, format }: SecretGetRequest,
): Promise<string> {
  if (key !== undefined) {
    const value = values !== null && Object.hasOwn(values, key) ? values[key] : undefined;
    if (value === undefined) {
      throw new SpikeError("api_not_found", "Key not found.", {
        hint: `Secret ${JSON.stringify(path)} has no key ${JSON.stringify(key)}`,
      });
    }
    return format === "human" ? `${value}\n` : `${await render(value, format, 4)}\n`;
  }
  if (format !== "human") return `${await render(values && sorted(values), format, 4)}\n`;
  return [...sorted(values ?? {})].map(([name, value]) => `${name}: ${value}\n`).join("");
}
