import { type Command, InvalidArgumentError } from "commander";
import type { PilotIo } from "../io.ts";
import { parseFormat } from "../terminal/format.ts";
import { addOperatorBackup } from "../backup/tree.ts";
import { addDrill, addRecover, addRestore } from "./recovery_tree.ts";
import { example, FORMAT, type FormatOption } from "../terminal/option.ts";

function addKekAction(command: Command, deps: PilotIo, action: "list" | "rotate"): void {
  command
    .option(...FORMAT)
    .action(async (options: FormatOption) => {
      const format = parseFormat(options.format);
      const { operatorKek } = await import("./kek.ts");
      await operatorKek(deps, action, format);
    });
}

function addKek(kek: Command, deps: PilotIo): void {
  kek.description("List and rotate key-encryption keys (requires role superuser)");
  const list = kek.command("list").description("List the generations of the key-encryption key");
  addKekAction(list, deps, "list");
  list
    .addHelpText(
      "after",
      "\nA retired key decrypts existing records until all of them are re-encrypted.",
    )
    .addHelpText("after", example("spike operator kek list"));
  const rotate = kek.command("rotate").description(
    "Create a new generation of the key-encryption key",
  );
  addKekAction(rotate, deps, "rotate");
  rotate
    .addHelpText(
      "after",
      "\nNexus re-encrypts all records in the background while it serves requests, then removes the old\n" +
        "key. It also rotates the key by age (SPIKE_NEXUS_KEK_MAX_AGE) and by number of uses.",
    )
    .addHelpText("after", example("spike operator kek rotate"));
}

function addVerify(command: Command, deps: PilotIo): void {
  command
    .description("Verify the store against the audit log (requires role superuser)")
    .addHelpText(
      "after",
      "\nReports secrets and policies that were rolled back or removed outside Nexus. Exits with 2 if there\n" +
        "is one.",
    )
    .addHelpText("after", example("spike operator verify"))
    .option(...FORMAT)
    .action(async (options: FormatOption) => {
      const format = parseFormat(options.format);
      const { operatorVerify } = await import("./verify.ts");
      await operatorVerify(deps, format);
    });
}

/** `spike operator …`. */
export function addOperator(operator: Command, deps: PilotIo): void {
  operator.description("Manage root key, recovery shards, seal and backups");
  addRecover(operator.command("recover"), deps);
  addRestore(operator.command("restore"), deps);
  addDrill(operator.command("drill"), deps);
  addKeygen(operator.command("keygen"), deps);
  addOperatorBackup(operator.command("backup"), deps);
  addSeal(operator.command("seal"), deps);
  addUnseal(operator.command("unseal"), deps);
  addRefresh(operator.command("refresh"), deps);
  addReshare(operator.command("reshare"), deps);
  addRotateRoot(operator.command("rotate-root"), deps);
  addKek(operator.command("kek"), deps);
  addVerify(operator.command("verify"), deps);
}

function addKeygen(command: Command, deps: PilotIo): void {
  command
    .description("Create a key pair for a custodian and print the public key")
    .requiredOption("-o, --out <file>", "File for the private key, mode 0600")
    .addHelpText(
      "after",
      "\nThe key is in the format of age-keygen. Nexus is not contacted. An existing file is not replaced.",
    )
    .addHelpText("after", example("spike operator keygen --out ada.key >> recipients.txt"))
    .action(async ({ out }: { out: string }) => {
      const { operatorKeygen } = await import("./keygen.ts");
      await operatorKeygen(deps, out);
    });
}

function addSeal(command: Command, deps: PilotIo): void {
  command
    .description("Make Nexus drop all keys and reject requests (requires role superuser)")
    .option("-r, --reason <text>", "Reason; it is logged and shown by `spike status`", "not said")
    .addHelpText(
      "after",
      "\nFor emergencies. Nexus answers 503 to every request, also after a restart, until\n" +
        "`spike operator unseal` or until it receives enough recovery shards.",
    )
    .addHelpText("after", example('spike operator seal --reason "intruder on host 7"'))
    .action(async ({ reason }: { reason: string }) => {
      const { operatorSeal } = await import("./seal.ts");
      await operatorSeal(deps, reason);
    });
}

function addUnseal(command: Command, deps: PilotIo): void {
  command
    .description(
      "Let a sealed Nexus request the root key from its keepers (requires role superuser)",
    )
    .addHelpText("after", example("spike operator unseal"))
    .action(async () => {
      const { operatorUnseal } = await import("./seal.ts");
      await operatorUnseal(deps);
    });
}

/** Options of every change of the shards. */
interface ChangeOptions extends FormatOption {
  readonly acceptSingleSlot?: true;
  readonly allowThresholdOne?: true;
  readonly threshold?: number;
  readonly shares?: number;
}

const SINGLE_SLOT = [
  "--accept-single-slot",
  "Accept keepers that hold one shard at a time; export shards first",
] as const;

const ONLINE = "Nexus continues to serve. All keepers must be reachable, or nothing is changed.";

function addRefresh(command: Command, deps: PilotIo): void {
  changing(command, deps, "refresh")
    .description("Replace the shards of the keepers, same root key (requires role superuser)")
    .addHelpText(
      "after",
      `\nUse it if a shard may have leaked: old shards cannot be combined with new ones. Enough shards of\n` +
        "one old generation still give the root key; only rotate-root retires them.\n" +
        ONLINE,
    )
    .addHelpText("after", example("spike operator refresh"));
}

function addReshare(command: Command, deps: PilotIo): void {
  changing(command, deps, "reshare")
    .description("Change the number of shards and the threshold (requires role superuser)")
    .option("-t, --threshold <number>", "Shards required to rebuild the root key", parseNumber)
    .option("-n, --shares <number>", "Shards in total, one per keeper", parseNumber)
    .option(
      "--allow-threshold-one",
      "Allow threshold 1: each keeper alone can rebuild the root key",
    )
    .addHelpText(
      "after",
      "\nBefore: append new keepers to SPIKE_NEXUS_KEEPER_PEERS. Afterwards: remove old keepers from its\n" +
        "end. Enough old shards, by their old threshold, still give the root key; only rotate-root retires\n" +
        `them.\n${ONLINE}`,
    )
    .addHelpText("after", example("spike operator reshare --threshold 3 --shares 5"));
}

function addRotateRoot(command: Command, deps: PilotIo): void {
  changing(command, deps, "rotate-root")
    .description("Replace the root key and all its shards (requires role superuser)")
    .addHelpText(
      "after",
      "\nNexus re-wraps the key-encryption keys only; stored data is not re-encrypted. Recovery shards\n" +
        "exported earlier no longer open this store: export new ones at once. They still open older\n" +
        `backups. If interrupted, repeat the command.\n${ONLINE}`,
    )
    .addHelpText("after", example("spike operator rotate-root"));
}

function changing(
  command: Command,
  deps: PilotIo,
  kind: "refresh" | "reshare" | "rotate-root",
): Command {
  return command
    .option(...SINGLE_SLOT)
    .option(...FORMAT)
    .action(async (options: ChangeOptions) => {
      const format = parseFormat(options.format);
      const { operatorShards } = await import("./shards.ts");
      await operatorShards(deps, kind, {
        format,
        threshold: options.threshold,
        shares: options.shares,
        acceptsSingleSlot: options.acceptSingleSlot === true,
        allowsThresholdOne: options.allowThresholdOne === true,
      });
    });
}

function parseNumber(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("expected a number from 1 to 255");
}
