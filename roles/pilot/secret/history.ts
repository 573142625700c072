import type { SecretMetadata, VersionInfo } from "../../../lib/client/mod.ts";
import type { PilotIo } from "../io.ts";
import { type Format, printAs } from "../terminal/format.ts";
import { moment } from "../terminal/time.ts";
import { naming, parsePath } from "./path.ts";
import { withNexus } from "../session.ts";

/** `spike secret history`: who did what to which version, the newest first, whatever can still be read. */
export async function secretHistory(
  deps: PilotIo,
  request: { readonly path: string; readonly format: Format },
): Promise<void> {
  const path = parsePath(request.path);
  const metadata = await withNexus(
    deps,
    ({ client }) => naming(path, 0, () => client.secretMetadata(path, 0, { all: true })),
  );
  const { format } = request;
  const rows = metadata.versions.toReversed().map((info) => toRow(info, metadata));
  await printAs(deps, format, { data: () => rows, lines: () => rows.flatMap(toLines) });
}

/** A version in the history. */
interface Row {
  readonly version: number;
  readonly state: "current" | "live" | "deleted" | "destroyed";
  readonly createdTime: string;
  readonly createdBy?: string;
  /** Since when it is deleted or destroyed, and by whom. */
  readonly endedTime?: string;
  readonly endedBy?: string;
}

function toRow(info: VersionInfo, { currentVersion }: SecretMetadata): Row {
  const { version, createdTime, createdBy, deletedTime, destroyedTime } = info;
  const endedTime = destroyedTime ?? deletedTime;
  const endedBy = info.destroyedBy ?? info.deletedBy;
  return {
    version,
    state: destroyedTime !== undefined
      ? "destroyed"
      : deletedTime !== undefined
      ? "deleted"
      : version === currentVersion
      ? "current"
      : "live",
    createdTime,
    ...(createdBy === undefined ? {} : { createdBy }),
    ...(endedTime === undefined ? {} : { endedTime }),
    ...(endedBy === undefined ? {} : { endedBy }),
  };
}

function toLines({ version, state, createdTime, createdBy, endedTime, endedBy }: Row): string[] {
  const lines = [`${version}  ${state}`, `   written ${moment(createdTime)}${by(createdBy)}`];
  if (endedTime !== undefined) lines.push(`   ${state} ${moment(endedTime)}${by(endedBy)}`);
  return lines;
}

function by(author: string | undefined): string {
  return author === undefined ? "" : ` by ${author}`;
}
