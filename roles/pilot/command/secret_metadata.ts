import type { SecretMetadata, VersionInfo } from "../../../lib/client/mod.ts";
import type { PilotDeps } from "../deps.ts";
import { type Format, render } from "../format.ts";
import { naming, parsePath } from "../path.ts";
import { withNexus } from "../session.ts";

const RULE = "-".repeat(50);

/** `spike secret metadata get`. */
export async function secretMetadata(
  deps: PilotDeps,
  request: { path: string; version: number; format: Format },
): Promise<void> {
  const path = parsePath(request.path);
  const metadata = await withNexus(
    deps,
    ({ client }) =>
      naming(path, request.version, () => client.secretMetadata(path, request.version)),
  );
  const { format } = request;
  const text = format === "human"
    ? toText(metadata)
    : await render(toWire(metadata, format), format, 2);
  deps.stdout.write(`${text}\n`);
}

/** The shape of the wire; in YAML its keys have always been in lower case. */
function toWire({ versions, ...metadata }: SecretMetadata, format: "json" | "yaml"): unknown {
  const named = (members: Readonly<Record<string, unknown>>) =>
    format === "json"
      ? members
      : Object.fromEntries(Object.entries(members).map(([k, v]) => [k.toLowerCase(), v]));
  const byNumber = versions.map(({ createdTime, version, deletedTime }) =>
    [
      format === "json" ? String(version) : version,
      named({ createdTime, version, deletedTime: deletedTime ?? null }),
    ] as const
  );
  const { currentVersion, oldestVersion, createdTime, updatedTime, maxVersions } = metadata;
  return {
    versions: new Map<string | number, unknown>(byNumber),
    metadata: named({ currentVersion, oldestVersion, createdTime, updatedTime, maxVersions }),
  };
}

/** `2006-01-02 15:04:05 UTC`. */
function moment(time: string): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return time;
  return `${date.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

function versionLines({ version, createdTime, deletedTime }: VersionInfo): string[] {
  return [
    `Version ${version}:`,
    `  Created: ${moment(createdTime)}`,
    ...(deletedTime === undefined ? [] : [`  Deleted: ${moment(deletedTime)}`]),
    RULE,
  ];
}

function toText(metadata: SecretMetadata): string {
  return [
    "",
    "Metadata:",
    RULE,
    `Current Version : ${metadata.currentVersion}`,
    `Oldest Version  : ${metadata.oldestVersion}`,
    `Created Time    : ${moment(metadata.createdTime)}`,
    `Last Updated    : ${moment(metadata.updatedTime)}`,
    `Max Versions    : ${metadata.maxVersions}`,
    RULE,
    "",
    "Secret Versions:",
    RULE,
    ...metadata.versions.flatMap(versionLines),
  ].join("\n");
}
