import type { PilotDeps } from "../deps.ts";
import { type Format, render } from "../format.ts";
import { withNexus } from "../session.ts";

/** `spike secret list`. */
export async function secretList(deps: PilotDeps, format: Format): Promise<void> {
  const paths = await withNexus(deps, ({ client }) => client.listSecrets());
  deps.stdout.write(await toText(paths, format));
}

async function toText(paths: readonly string[], format: Format): Promise<string> {
  if (format !== "human") return `${await render(paths, format, 2)}\n`;
  if (paths.length === 0) return "No secrets found.\n";
  return paths.map((path) => `- ${path}\n`).join("");
}
