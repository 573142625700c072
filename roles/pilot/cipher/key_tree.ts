import type { Command } from "commander";
import type { KeySetOptions, RewrapOptions } from "./key.ts";
import type { PilotIo } from "../io.ts";
import { parseFormat } from "../terminal/format.ts";
import { example, FORMAT, type FormatOption, mayAsk, NO_INPUT_OPTION } from "../terminal/option.ts";

const NAME = ["<name>", "Name of the key"] as const;

function addChange(command: Command, deps: PilotIo, action: "create" | "rotate"): void {
  command
    .argument(...NAME)
    .option(...FORMAT)
    .action(async (name: string, { format }: FormatOption) => {
      const parsed = parseFormat(format);
      const { cipherKeyChange } = await import("./key.ts");
      await cipherKeyChange(deps, { action, name, format: parsed });
    });
}

function addSet(command: Command, deps: PilotIo): void {
  command
    .description("Set the minimum version that decrypts, or retire a key")
    .argument(...NAME)
    .option("--min-version <number>", "Lowest version that decrypts")
    .option(
      "--retired <true|false>",
      "Whether the key is retired; a retired key neither encrypts nor decrypts",
    )
    .option(...FORMAT)
    .addHelpText("after", "\nBoth settings can be reverted; a key is never deleted.")
    .addHelpText("after", example("spike cipher key set payments --min-version 3"))
    .action(async (name: string, options: KeySetOptions & FormatOption) => {
      const format = parseFormat(options.format);
      const { cipherKeySet } = await import("./key.ts");
      await cipherKeySet(deps, name, options, format);
    });
}

function addList(command: Command, deps: PilotIo): void {
  command
    .description("List cipher keys, or print one")
    .argument("[name]", "Name of the key")
    .option(...FORMAT)
    .addHelpText("after", example("spike cipher key list"))
    .action(async (name: string | undefined, { format }: FormatOption) => {
      const parsed = parseFormat(format);
      const { cipherKeyList } = await import("./key.ts");
      await cipherKeyList(deps, name, parsed);
    });
}

function addRewrap(command: Command, deps: PilotIo): void {
  command
    .description("Re-encrypt a ciphertext with the newest version of its key")
    .argument(...NAME)
    .option("-f, --file <file>", "Input file (default: standard input)")
    .option("-o, --out <file>", "Output file, mode 0600 (default: standard output)")
    .option("--aad <text>", "Additional authenticated data: text, @file or - (stdin)")
    .option(...NO_INPUT_OPTION)
    .addHelpText(
      "after",
      "\nThe plaintext does not leave Nexus. `default` names the default key.",
    )
    .addHelpText(
      "after",
      example("spike cipher key rewrap payments --file card.enc --out card.enc"),
    )
    .action(async (name: string, options: RewrapOptions, command: Command) => {
      const { cipherKeyRewrap } = await import("./key.ts");
      await cipherKeyRewrap(deps, name, options, mayAsk(command));
    });
}

/** `spike cipher key …`. */
export function addCipherKey(key: Command, deps: PilotIo): void {
  key.description("Manage cipher keys");
  const create = key.command("create").description("Create a cipher key");
  addChange(create, deps, "create");
  create.addHelpText("after", example("spike cipher key create payments"));
  const rotate = key.command("rotate").description(
    "Add a version to a key and encrypt with it from now on",
  );
  addChange(rotate, deps, "rotate");
  rotate
    .addHelpText("after", "\nOlder versions continue to decrypt. `default` names the default key.")
    .addHelpText("after", example("spike cipher key rotate payments"));
  addSet(key.command("set"), deps);
  addList(key.command("list"), deps);
  addRewrap(key.command("rewrap"), deps);
}
