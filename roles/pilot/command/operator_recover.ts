import { SpikeError } from "../../../lib/api/error.ts";
import type { Client, RecoveryShard } from "../../../lib/client/mod.ts";
import type { Manifest } from "../../../lib/recovery/manifest.ts";
import { type AgeTarget, readPassphrase, readRecipients } from "../age_file.ts";
import { type Consent, requireConsent } from "../consent.ts";
import type { PilotDeps } from "../deps.ts";
import { type Format, printAs } from "../format.ts";
import { filesOfExport } from "../recovery_export.ts";
import { writeExport } from "../recovery_files.ts";
import { withNexus } from "../session.ts";

/** How an export is asked for and told. */
export interface RecoverOptions {
  readonly format: Format;
  readonly recipients: readonly string[];
  readonly recipientsFile?: string | undefined;
  readonly passphraseFile?: string | undefined;
  readonly isSplit: boolean;
  readonly consent: Consent;
}

/** `spike operator recover`: writes every shard to a file of its own, and what recognises them beside it. */
export async function operatorRecover(deps: PilotDeps, options: RecoverOptions): Promise<void> {
  const target = await targetOf(deps, options);
  const written = await withNexus(deps, async ({ client, settings }) => {
    if (!target) await askBeforePlainText(deps, settings.recoveryDir, options.consent);
    const { shards, manifest } = await client.exportShards();
    try {
      refuseUnusable(shards);
      const plan = { isSplit: options.isSplit, ...(target ? { target } : {}) };
      const made = await filesOfExport(shards, manifest, plan);
      const files = await writeExport(settings.recoveryDir, made);
      await noteExport(client, manifest, deps);
      return { count: shards.length, directory: settings.recoveryDir, files, manifest };
    } finally {
      for (const { bytes } of shards) bytes.fill(0);
    }
  }, "recover");
  const { count, directory, files, manifest } = written;
  const generation = manifest ? { generation: manifest.generation } : {};
  await printAs(deps, options.format, {
    data: () => ({ directory, files, ...generation }),
    lines: () => [`Wrote ${count} recovery shards to ${directory}`],
  });
  deps.stderr.print(target ? ENCRYPTED : PLAIN);
}

/** Asks a person at a terminal. A script is not kept waiting: this command has always gone on by itself. */
async function askBeforePlainText(
  deps: PilotDeps,
  directory: string,
  consent: Consent,
): Promise<void> {
  if (!deps.isTerminal || !consent.mayAsk) return;
  const what = `The shards are about to be written to ${directory} in plain text`;
  await requireConsent(deps, `${what}; --recipient would encrypt them. Go on?`, consent);
}

const PLAIN = [
  "Whoever holds enough of these files holds the root key: encrypt them, hand each to another",
  "person, then erase them here. The number in a file's name is part of the shard.",
  "With --recipient, no shard need touch a disk in plain text.",
];

const ENCRYPTED = [
  "Hand each file to its custodian, and prove the set once in a while with",
  "`spike operator drill`. manifest.json holds nothing secret; keep a copy with every shard.",
];

async function targetOf(deps: PilotDeps, options: RecoverOptions): Promise<AgeTarget | undefined> {
  const { recipientsFile, passphraseFile } = options;
  const fromFile = recipientsFile === undefined ? [] : await readRecipients(recipientsFile);
  const recipients = [...options.recipients, ...fromFile];
  if (passphraseFile !== undefined) {
    if (recipients.length > 0) {
      throw new SpikeError(
        "usage",
        "Shards are encrypted to recipients or with a passphrase, not both",
      );
    }
    return { passphrase: await readPassphrase(deps, passphraseFile) };
  }
  if (recipientsFile !== undefined && recipients.length === 0) {
    throw new SpikeError("usage", `File ${JSON.stringify(recipientsFile)} names no recipient`);
  }
  return recipients.length > 0 ? { recipients } : undefined;
}

/** Ends the warning of Nexus. When that fails the shards are written all the same. */
async function noteExport(
  client: Client,
  manifest: Manifest | undefined,
  deps: PilotDeps,
): Promise<void> {
  // A server of the original knows no warning.
  if (!manifest) return;
  try {
    await client.confirmExport(manifest.setId);
  } catch (error) {
    if (!(error instanceof SpikeError)) throw error;
    deps.stderr.print(
      `Note: Nexus could not note the export and goes on warning: ${error.message}`,
    );
  }
}

function refuseUnusable(shards: readonly RecoveryShard[]): void {
  const hasBlank = shards.some(({ bytes }) => bytes.every((byte) => byte === 0));
  if (shards.length > 0 && !hasBlank) return;
  throw new SpikeError(
    "data_unmarshal_failure",
    shards.length === 0 ? "Nexus answered without shards" : "Nexus answered with a shard of zeros",
    { hint: "Nothing was written, and files of an earlier run are untouched" },
  );
}
