import type { ListOptions, ListPage } from "../../../lib/client/mod.ts";
import type { PilotDeps } from "../deps.ts";
import { type Format, render } from "../format.ts";
import { withNexus } from "../session.ts";

/** Which paths, and how to print them. */
export interface SecretListRequest {
  readonly prefix: string | undefined;
  /** Only what comes directly behind the prefix. */
  readonly isOneLevel: boolean;
  readonly format: Format;
}

/** `spike secret list`: all pages of it. */
export async function secretList(deps: PilotDeps, request: SecretListRequest): Promise<void> {
  const { prefix, isOneLevel, format } = request;
  const pages: ListPage[] = [];
  await withNexus(deps, async ({ client }) => {
    const which: ListOptions = {
      ...(prefix === undefined ? {} : { prefix }),
      ...(isOneLevel ? { recursive: false } : {}),
    };
    let next: string | undefined;
    do {
      const page = await client.listPage(next === undefined ? which : { ...which, after: next });
      pages.push(page);
      next = page.next;
    } while (next !== undefined);
  });
  deps.stdout.write(await toText(pages, format));
}

async function toText(pages: readonly ListPage[], format: Format): Promise<string> {
  const paths = pages.flatMap(({ paths }) => paths);
  if (format !== "human") return `${await render(paths, format, 2)}\n`;
  if (paths.length === 0) return "No secrets found.\n";
  const expired = new Set(pages.flatMap(({ expired }) => expired));
  return paths.map((path) => `- ${path}${expired.has(path) ? " (expired)" : ""}\n`).join("");
}
