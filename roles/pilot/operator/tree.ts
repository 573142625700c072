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
  kek.description("look after the key-encryption keys (needs the superuser role)");
  const list = kek.command("list").description("print their generations");
  addKekAction(list, deps, "list");
  list
    .addHelpText(
      "after",
      "\nA retired one opens what it sealed, until all of that was sealed anew.",
    )
    .addHelpText("after", example("spike operator kek list"));
  const rotate = kek.command("rotate").description("make a new generation now");
  addKekAction(rotate, deps, "rotate");
  rotate
    .addHelpText(
      "after",
      "\nEverything is sealed anew in the background while Nexus serves; then the old one is removed.\n" +
        "By age (SPIKE_NEXUS_KEK_MAX_AGE) and by use this happens without being asked for.",
    )
    .addHelpText("after", example("spike operator kek rotate"));
}

function addVerify(command: Command, deps: PilotIo): void {
  command
    .description("compare the store with the audit log (needs the superuser role)")
    .addHelpText(
      "after",
      "\nFinds secrets and policies that were put back to an earlier state, or removed, behind the back\n" +
        "of Nexus. Ends with 2 when there is one.",
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
  operator.description("save, restore and renew keys, and verify the store");
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
    .description("make a custodian's pair of keys, and print the public one")
    .requiredOption("-o, --out <file>", "where the private key goes, for its owner alone")
    .addHelpText(
      "after",
      "\nThe same as age-keygen makes; no Nexus is asked. A file is never replaced.",
    )
    .addHelpText("after", example("spike operator keygen --out ada.key >> recipients.txt"))
    .action(async ({ out }: { out: string }) => {
      const { operatorKeygen } = await import("./keygen.ts");
      await operatorKeygen(deps, out);
    });
}

function addSeal(command: Command, deps: PilotIo): void {
  command
    .description("make Nexus drop all keys and stay without them (superuser role)")
    .option("-r, --reason <text>", "why; it is logged and shown by `spike status`", "not said")
    .addHelpText(
      "after",
      "\nFor emergencies. Every request is answered 503, after a restart too, until\n" +
        "`spike operator unseal`, or until enough recovery shards are handed in.",
    )
    .addHelpText("after", example('spike operator seal --reason "intruder on host 7"'))
    .action(async ({ reason }: { reason: string }) => {
      const { operatorSeal } = await import("./seal.ts");
      await operatorSeal(deps, reason);
    });
}

function addUnseal(command: Command, deps: PilotIo): void {
  command
    .description("let a sealed Nexus ask its keepers for the root key (superuser role)")
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
  "go on with keepers that hold one shard at a time, after an export",
] as const;

const ONLINE = "Nexus serves meanwhile. All keepers must be up; one that is not changes nothing.";

function addRefresh(command: Command, deps: PilotIo): void {
  changing(command, deps, "refresh")
    .description("give the keepers new shards of the same root key (superuser role)")
    .addHelpText(
      "after",
      `\nFor a shard that may have been seen: with it, shards of the old generation can no more be\n` +
        "completed by new ones. What this does not give: enough shards of any old generation still\n" +
        `give the root key. Only rotate-root retires them.\n${ONLINE}`,
    )
    .addHelpText("after", example("spike operator refresh"));
}

function addReshare(command: Command, deps: PilotIo): void {
  changing(command, deps, "reshare")
    .description("change how many shards there are and are needed (superuser role)")
    .option("-t, --threshold <number>", "shards that bring the root key back", parseNumber)
    .option("-n, --shares <number>", "shards in all, one for each keeper", parseNumber)
    .option("--allow-threshold-one", "let every single keeper hold the root key")
    .addHelpText(
      "after",
      "\nNew keepers are listed in SPIKE_NEXUS_KEEPER_PEERS first, at its end; keepers that go are taken\n" +
        "out afterwards, from its end. What this does not give: enough old shards still give the root\n" +
        `key, with their old threshold. Only rotate-root retires them.\n${ONLINE}`,
    )
    .addHelpText("after", example("spike operator reshare --threshold 3 --shares 5"));
}

function addRotateRoot(command: Command, deps: PilotIo): void {
  changing(command, deps, "rotate-root")
    .description("replace the root key and all its shards (superuser role)")
    .addHelpText(
      "after",
      "\nCosts one wrapping for each key-encryption key, however much is stored. Recovery shards\n" +
        "exported before open this store no more: export new ones at once. They still open backups\n" +
        `made before. It may be cut off at any moment and repeated.\n${ONLINE}`,
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
