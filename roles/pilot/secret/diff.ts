import { SpikeError } from "../../../lib/error/error.ts";
import type { Client, Secret } from "../../../lib/client/mod.ts";
import type { PilotIo } from "../io.ts";
import { type Format, printAs } from "../terminal/format.ts";
import { naming, parsePath } from "./path.ts";
import { withNexus } from "../session.ts";

/** What to compare, and how to print it. */
export interface SecretDiffRequest {
  readonly path: string;
  /** Absent for the last version before `to` that can be read. */
  readonly from: number | undefined;
  /** 0 for the current one. */
  readonly to: number;
  /** Whether values are printed. */
  readonly show: boolean;
  readonly format: Format;
}

/** `spike secret diff`: what differs between two versions; values are printed only if asked for. */
export async function secretDiff(deps: PilotIo, request: SecretDiffRequest): Promise<void> {
  const path = parsePath(request.path);
  const { show, format } = request;
  const [from, to] = await withNexus(deps, async ({ client }) => {
    const to = await read(client, path, request.to);
    const before = request.from ?? await previous(client, path, to.version);
    return [await read(client, path, before), to] as const;
  });
  const changes = compare(from, to);
  await printAs(deps, format, {
    data: () => changes.map((change) => show ? change : masked(change)),
    lines: () => [
      `${path}: version ${from.version ?? "?"} to version ${to.version ?? "?"}`,
      ...changes.length > 0 ? changes.flatMap((each) => toLines(each, show)) : ["No difference."],
    ],
  });
}

async function read(client: Client, path: string, version: number): Promise<Secret> {
  const secret = await naming(path, version, () => client.readSecret(path, { version }));
  if (secret === undefined) throw new Error("Nexus answered for a state that nobody knows");
  return secret;
}

/** The last version before `version` that can be read. */
async function previous(
  client: Client,
  path: string,
  version: number | undefined,
): Promise<number> {
  const { versions } = await client.secretMetadata(path);
  const before = versions.findLast((info) =>
    version !== undefined && info.version < version && info.deletedTime === undefined
  );
  if (before !== undefined) return before.version;
  throw new SpikeError(
    "api_not_found",
    `Secret ${JSON.stringify(path)} has no earlier version to compare with`,
    { hint: `See \`spike secret history ${path}\`` },
  );
}

/** A key that is not the same in both versions. */
interface Change {
  readonly key: string;
  readonly change: "added" | "removed" | "changed";
  readonly before?: string | { readonly base64: string };
  readonly after?: string | { readonly base64: string };
}

function compare(from: Secret, to: Secret): Change[] {
  const [before, after] = [valuesOf(from), valuesOf(to)];
  const keys = [...new Set([...before.keys(), ...after.keys()])].sort();
  return keys.flatMap((key): Change[] => {
    const [old, now] = [before.get(key), after.get(key)];
    if (JSON.stringify(old) === JSON.stringify(now)) return [];
    if (old === undefined) return now === undefined ? [] : [{ key, change: "added", after: now }];
    if (now === undefined) return [{ key, change: "removed", before: old }];
    return [{ key, change: "changed", before: old, after: now }];
  });
}

function valuesOf({ values, binary }: Secret): Map<string, NonNullable<Change["before"]>> {
  const bytes = Object.entries(binary).map(([key, value]) =>
    [key, { base64: value.toBase64() }] as const
  );
  return new Map<string, NonNullable<Change["before"]>>([
    ...Object.entries(values ?? {}),
    ...bytes,
  ]);
}

const SIGNS = { added: "+", removed: "-", changed: "~" } as const;

function masked({ key, change }: Change): Change {
  return { key, change };
}

function toLines({ key, change, before, after }: Change, show: boolean): string[] {
  if (!show) return [`${SIGNS[change]} ${key}`];
  return [
    ...(before === undefined ? [] : [`- ${key}: ${toText(before)}`]),
    ...(after === undefined ? [] : [`+ ${key}: ${toText(after)}`]),
  ];
}

function toText(value: NonNullable<Change["before"]>): string {
  return typeof value === "string" ? JSON.stringify(value) : `base64 ${value.base64}`;
}
