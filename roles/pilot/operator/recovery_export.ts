import { SpikeError } from "../../../lib/error/error.ts";
import type { RecoveryShard } from "../../../lib/client/mod.ts";
import { formatManifest, type RecoveryManifest } from "../../../lib/recovery/manifest.ts";
import { formatShard } from "../../../lib/shamir/mod.ts";
import { type AgeTarget, encryptText } from "./age_file.ts";
import { custodianDirectory, type ExportFile } from "./recovery_files.ts";

/** For whom an export is. */
export interface ExportPlan {
  /** Absent: in plain text. */
  readonly target?: AgeTarget;
  /** Each custodian gets a directory of its own, and only its own shard. */
  readonly isSplit: boolean;
}

/**
 * The files of an export, each shard encrypted in memory where that is asked for, so that its plain text never
 * reaches a disk.
 *
 * @throws SpikeError `usage` when the recipients do not match the shards
 */
export async function filesOfExport(
  shards: readonly RecoveryShard[],
  manifest: RecoveryManifest | undefined,
  { target, isSplit }: ExportPlan,
): Promise<ExportFile[]> {
  const files: ExportFile[] = [];
  for (const [i, shard] of shards.entries()) {
    const text = new TextEncoder().encode(formatShard(shard));
    const own = isSplit && target ? targetOf(target, i, shards.length) : target;
    const bytes = own ? await encryptText(text, own) : text;
    if (own) text.fill(0);
    const directory = isSplit ? `${custodianDirectory(shard.index)}/` : "";
    files.push({
      path: `${directory}spike.recovery.${shard.index}.txt${own ? ".age" : ""}`,
      bytes,
    });
    if (isSplit && manifest) files.push(manifestFile(directory, manifest));
  }
  if (!isSplit && manifest) files.push(manifestFile("", manifest));
  return files;
}

/**
 * Whoever holds two shards is one person less for an attacker to win over.
 *
 * @throws SpikeError `usage`
 */
export function refuseRepeated(target: AgeTarget | undefined): void {
  const recipients = target && "recipients" in target ? target.recipients : [];
  const keys = recipients.map(({ key }) => key);
  const again = recipients.find(({ key }, i) => keys.indexOf(key) < i);
  if (!again) return;
  const first = recipients[keys.indexOf(again.key)];
  throw new SpikeError("usage", `${again.from} is the same public key as ${first?.from}`, {
    hint: "Each custodian gets one shard; pass --allow-repeated to give one several",
  });
}

/** With a passphrase or plain text a split only sorts the files. */
function targetOf(target: AgeTarget, i: number, shards: number): AgeTarget {
  if ("passphrase" in target) return target;
  const { recipients } = target;
  const own = recipients[i];
  if (own !== undefined && recipients.length === shards) return { recipients: [own] };
  throw new SpikeError(
    "usage",
    `${recipients.length} recipients were given for ${shards} shards, and --split needs one for each`,
    { hint: "Name them in the order of the shards, from the first to the last" },
  );
}

function manifestFile(directory: string, manifest: RecoveryManifest): ExportFile {
  const bytes = new TextEncoder().encode(formatManifest(manifest));
  return { path: `${directory}manifest.json`, bytes };
}
