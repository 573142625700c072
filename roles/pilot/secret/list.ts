import type { ListOptions, ListPage } from "../../../lib/client/mod.ts";
import type { PilotIo } from "../io.ts";
import { type Format, printAs } from "../terminal/format.ts";
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
export async function secretList(deps: PilotIo, request: SecretListRequest): Promise<void> {
  const { prefix, isOneLevel } = request;
  const pages: ListPage[] = [];
  await withNexus(deps, async ({ client }) => {
    const which: ListOptions = {
      ...(prefix === undefined ? {} : { prefix }),
      ...(isOneLevel ? { recursive: false } : {}),
    };
    for await (const page of client.listPages(which)) pages.push(page);
  });
  await printPaths(deps, pages, request);
}

async function printPaths(
  deps: PilotIo,
  pages: readonly ListPage[],
  { format, isLong }: SecretListRequest,
): Promise<void> {
  const paths = pages.flatMap(({ paths }) => paths);
  const expired = new Set(pages.flatMap(({ expired }) => expired));
  await printAs(deps, format, {
    data: () => isLong ? paths.map((path) => ({ path, expired: expired.has(path) })) : paths,
    lines: () =>
      paths.length === 0
        ? ["No secrets found."]
        : paths.map((path) => `- ${path}${expired.has(path) ? " (expired)" : ""}`),
  });
}
