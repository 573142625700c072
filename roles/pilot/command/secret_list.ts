import type { ListOptions, ListPage } from "../../../lib/client/mod.ts";
import type { PilotDeps } from "../deps.ts";
import { type Format, render } from "../format.ts";
import { withNexus } from "../session.ts";

/** Which paths, and how to print them. */
export interface SecretListRequest {
  readonly prefix: string | undefined;
  /** Only what comes directly behind the prefix. */
  readonly isOneLevel: boolean;
  /** A document tells of each path whether it has expired, instead of being a list of paths. */
  readonly isLong: boolean;
  readonly format: Format;
}

/** `spike secret list`: all pages of it. */
export async function secretList(deps: PilotDeps, request: SecretListRequest): Promise<void> {
  const { prefix, isOneLevel } = request;
  const pages: ListPage[] = [];
  await withNexus(deps, async ({ client }) => {
    const which: ListOptions = {
      ...(prefix === undefined ? {} : { prefix }),
      ...(isOneLevel ? { recursive: false } : {}),
    };
    for await (const page of client.listPages(which)) pages.push(page);
  });
  deps.stdout.write(await toText(pages, request));
}

async function toText(
  pages: readonly ListPage[],
  { format, isLong }: SecretListRequest,
): Promise<string> {
  const paths = pages.flatMap(({ paths }) => paths);
  const expired = new Set(pages.flatMap(({ expired }) => expired));
  if (format !== "human") {
    const data = isLong ? paths.map((path) => ({ path, expired: expired.has(path) })) : paths;
    return `${await render(data, format, 2)}\n`;
  }
  if (paths.length === 0) return "No secrets found.\n";
  return paths.map((path) => `- ${path}${expired.has(path) ? " (expired)" : ""}\n`).join("");
}
