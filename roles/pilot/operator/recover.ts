import { SpikeError } from "../../../lib/error/error.ts";
import { quoteValue } from "../../../lib/text/quote.ts";
import type { Client, RecoveryShard } from "../../../lib/client/mod.ts";
import { requireOwnPlace } from "../../../lib/file/own_place.ts";
import type { RecoveryManifest } from "../../../lib/recovery/manifest.ts";
import { type AgeTarget, readPassphrase, readRecipients, requireRecipients } from "./age_file.ts";
import { requireConsent } from "../terminal/consent.ts";
import type { PilotIo } from "../io.ts";
import { type Format, printAs } from "../terminal/format.ts";
import { filesOfExport, refuseRepeated } from "./recovery_export.ts";
import { requireNoExport, writeExport } from "./recovery_files.ts";
import { readSettings, withNexus } from "../session.ts";

/** How an export is asked for and told. */
export interface RecoverOptions {
  readonly format: Format;
  readonly recipients: readonly string[];
  readonly recipientsFile?: string | undefined;
  readonly passphraseFile?: string | undefined;
  readonly isSplit: boolean;
  /** One custodian may get several shards of a split. */
  readonly allowsRepeated: boolean;
  /** `--plaintext`. */
  readonly isPlain: boolean;
  /** Files of an earlier export give way. */
  readonly isForced: boolean;
  readonly mayAsk: boolean;
}

/** `spike operator recover`: writes every shard to a file of its own, and what recognises them beside it. */
export async function operatorRecover(deps: PilotIo, options: RecoverOptions): Promise<void> {
  const { isSplit, allowsRepeated, isForced } = options;
  const target = await targetOf(deps, options);
  if (isSplit && !allowsRepeated) refuseRepeated(target);
  const directory = requireDirectory((await readSettings(deps)).recoveryDir);
  requireOwnPlace(directory);
  if (!isForced) await requireNoExport(directory);
  if (!target) requireSomebody(deps, options);
  const written = await withNexus(deps, async ({ client }) => {
    if (!target) await agreeToPlainText(deps, directory, options);
    const { shards, manifest } = await client.exportShards();
    try {
      refuseUnusable(shards);
      const plan = { isSplit, ...(target ? { target } : {}) };
      const made = await filesOfExport(shards, manifest, plan);
      const files = await writeExport(directory, made);
      await noteExport(client, manifest, deps);
      return { count: shards.length, files, manifest };
    } finally {
      for (const { bytes } of shards) bytes.fill(0);
    }
  }, "recover");
  const { count, files, manifest } = written;
  const generation = manifest ? { generation: manifest.generation } : {};
  await printAs(deps, options.format, {
    data: () => ({ directory, files, ...generation }),
    lines: () => [`Wrote ${count} recovery shards to ${directory}`],
  });
  deps.stderr.print(target ? ENCRYPTED : PLAIN);
}

function requireDirectory(directory: string | undefined): string {
  if (directory !== undefined) return directory;
  const message = "No directory for recovery shards: HOME is not set";
  throw new SpikeError("usage", message, { hint: "Set SPIKE_PILOT_RECOVERY_DIR to a directory" });
}

/** @throws SpikeError `usage` where nobody can agree to plain text and nobody has */
function requireSomebody(
  { isTerminal }: PilotIo,
  { isPlain, mayAsk }: Pick<RecoverOptions, "isPlain" | "mayAsk">,
): void {
  if (isPlain || (isTerminal && mayAsk)) return;
  throw new SpikeError("usage", "No recipient or passphrase to encrypt the shards", {
    hint:
      "Nothing was written. Pass --recipient, --recipients-file, --passphrase-file or --plaintext",
  });
}

/** A person at a terminal agrees to plain text, or the command line asks for it. */
async function agreeToPlainText(
  deps: PilotIo,
  directory: string,
  { isPlain, mayAsk }: Pick<RecoverOptions, "isPlain" | "mayAsk">,
): Promise<void> {
  if (isPlain) return;
  const what = `The shards will be written to ${directory} as plain text`;
  const text = `${what}; --recipient encrypts them. Continue?`;
  await requireConsent(deps, text, { isAgreed: false, mayAsk });
}

const PLAIN = [
  "Enough of these files rebuild the root key: encrypt them, give each to another",
  "person, then erase them here. The number in a file's name is part of the shard.",
  "With --recipient, no shard is written to disk as plain text.",
];

const ENCRYPTED = [
  "Give each file to its custodian, and verify the set regularly with",
  "`spike operator drill`. manifest.json is not secret; keep a copy with every shard.",
];

async function targetOf(deps: PilotIo, options: RecoverOptions): Promise<AgeTarget | undefined> {
  const { recipientsFile, passphraseFile } = options;
  const fromFile = recipientsFile === undefined ? [] : await readRecipients(recipientsFile);
  const named = options.recipients.map((key, i) => ({ key, from: `Recipient ${i + 1}` }));
  const recipients = [...named, ...fromFile];
  refusePlain(options, recipients.length > 0 || passphraseFile !== undefined);
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
    throw new SpikeError("usage", `File ${quoteValue(recipientsFile)} names no recipient`);
  }
  await requireRecipients(recipients);
  return recipients.length > 0 ? { recipients } : undefined;
}

function refusePlain({ isPlain }: RecoverOptions, isEncrypted: boolean): void {
  if (!isPlain || !isEncrypted) return;
  const message = "Shards are written in plain text or encrypted, not both";
  throw new SpikeError("usage", message, { hint: "Omit --plaintext, or the options that encrypt" });
}

/** Ends the warning of Nexus. When that fails the shards are written all the same. */
async function noteExport(
  client: Client,
  manifest: RecoveryManifest | undefined,
  deps: PilotIo,
): Promise<void> {
  // A server of the original knows no warning.
  if (!manifest) return;
  try {
    await client.confirmExport(manifest.setId);
  } catch (error) {
    if (!(error instanceof SpikeError)) throw error;
    deps.stderr.print(
      `Note: Nexus could not record the export and continues to warn: ${error.message}`,
    );
  }
}

function refuseUnusable(shards: readonly RecoveryShard[]): void {
  const hasBlank = shards.some(({ bytes }) => bytes.every((byte) => byte === 0));
  if (shards.length > 0 && !hasBlank) return;
  throw new SpikeError(
    "data_unmarshal_failure",
    shards.length === 0 ? "Nexus answered without shards" : "Nexus answered with a shard of zeros",
    { hint: "Nothing was written; files of an earlier run are unchanged" },
  );
}
