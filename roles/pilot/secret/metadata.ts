import type { SecretMetadata, VersionInfo } from "../../../lib/client/mod.ts";
import type { PilotIo } from "../io.ts";
import { type Format, printAs, sorted } from "../terminal/format.ts";
import { moment } from "../terminal/time.ts";
import { naming, parsePath } from "./path.ts";
import { withNexus } from "../session.ts";

const RULE = "-".repeat(50);

/** `spike secret metadata get`. */
export async function secretMetadata(
  deps: PilotIo,
  request: { path: string; version: number; all: boolean; format: Format },
): Promise<void> {
  const path = parsePath(request.path);
  const { version, all, format } = request;
  const metadata = await withNexus(
    deps,
    ({ client }) => naming(path, version, () => client.secretMetadata(path, version, { all })),
  );
  await printAs(deps, format, {
    data: (format) => toWire(metadata, format),
    lines: () => toLines(metadata),
  });
}

/** The shape of the wire; in YAML its keys have always been in lower case. */
function toWire({ versions, ...metadata }: SecretMetadata, format: "json" | "yaml"): unknown {
  const named = (members: Readonly<Record<string, unknown>>) =>
    format === "json"
      ? members
      : Object.fromEntries(Object.entries(members).map(([k, v]) => [k.toLowerCase(), v]));
  const byNumber = versions.map(({ createdTime, version, deletedTime, ...more }) =>
    [
      format === "json" ? String(version) : version,
      named({ createdTime, version, deletedTime: deletedTime ?? null, ...more }),
    ] as const
  );
  const { currentVersion, oldestVersion, createdTime, updatedTime, maxVersions } = metadata;
  const { expiresAt, custom } = metadata;
  return {
    versions: new Map<string | number, unknown>(byNumber),
    metadata: named({
      currentVersion,
      oldestVersion,
      createdTime,
      updatedTime,
      maxVersions,
      ...(expiresAt === undefined ? {} : { expiresAt }),
      ...(Object.keys(custom).length === 0 ? {} : { custom: sorted(custom) }),
    }),
  };
}

/** When something happened, and in a line of its own who did it: the first has always stood alone. */
function event(what: string, time: string | undefined, author: string | undefined): string[] {
  if (time === undefined) return [];
  const when = `  ${what}: ${moment(time)}`;
  return author === undefined ? [when] : [when, `  ${what} by: ${author}`];
}

function versionLines(info: VersionInfo): string[] {
  const { version, createdTime, deletedTime, destroyedTime } = info;
  return [
    `Version ${version}:`,
    ...event("Created", createdTime, info.createdBy),
    ...event("Deleted", deletedTime, info.deletedBy),
    ...event("Destroyed", destroyedTime, info.destroyedBy),
    RULE,
  ];
}

function toLines(metadata: SecretMetadata): string[] {
  return [
    "",
    "Metadata:",
    RULE,
    `Current Version : ${metadata.currentVersion}`,
    `Oldest Version  : ${metadata.oldestVersion}`,
    `Created Time    : ${moment(metadata.createdTime)}`,
    `Last Updated    : ${moment(metadata.updatedTime)}`,
    `Max Versions    : ${metadata.maxVersions}`,
    ...(metadata.expiresAt === undefined
      ? []
      : [`Expires         : ${moment(metadata.expiresAt)}`]),
    ...[...sorted(metadata.custom)].map(([name, value]) => `Custom          : ${name} = ${value}`),
    RULE,
    "",
    "Secret Versions:",
    RULE,
    ...metadata.versions.flatMap(versionLines),
  ];
}
