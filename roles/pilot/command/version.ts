import { VERSION } from "../../../lib/version.ts";
import type { PilotDeps } from "../deps.ts";
import { type Format, render } from "../format.ts";

/** `spike version`. */
export async function version(deps: PilotDeps, format: Format): Promise<void> {
  const text = format === "human"
    ? `spike ${VERSION}`
    : await render({ version: VERSION }, format, 2);
  deps.stdout.write(`${text}\n`);
}
