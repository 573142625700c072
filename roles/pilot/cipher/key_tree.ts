import type { Command } from "commander";
import type { KeySetOptions, RewrapOptions } from "./key.ts";
import type { PilotIo } from "../io.ts";
import { parseFormat } from "../terminal/format.ts";
import { example, FORMAT, type FormatOption, mayAsk, NO_INPUT_OPTION } from "../terminal/option.ts";

const NAME = ["<name>", "its name"] as const;

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
    .description("set which versions of a key decrypt, or put it out of use")
    .argument(...NAME)
    .option("--min-version <number>", "the lowest version that still decrypts")
    .option("--retired <true|false>", "out of use: it neither encrypts nor decrypts")
    .option(...FORMAT)
    .addHelpText("after", "\nBoth can be taken back: a key is never deleted.")
    .addHelpText("after", example("spike cipher key set payments --min-version 3"))
    .action(async (name: string, options: KeySetOptions & FormatOption) => {
      const format = parseFormat(options.format);
      const { cipherKeySet } = await import("./key.ts");
      await cipherKeySet(deps, name, options, format);
    });
}

function addList(command: Command, deps: PilotIo): void {
  command
    .description("print all keys, or one")
    .argument("[name]", "its name")
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
    .description("encrypt a ciphertext anew under the newest version of its key")
    .argument(...NAME)
    .option("-f, --file <file>", "input (default: standard input)")
    .option("-o, --out <file>", "output, readable by you alone (default: standard output)")
    .option("--aad <text>", "what it is bound to: a text, @file or -")
    .option(...NO_INPUT_OPTION)
    .addHelpText(
      "after",
      "\nNobody sees the plaintext, not even you; `default` names the default key.",
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
  key.description("manage the keys that `spike cipher` works with");
  const create = key.command("create").description("make a key");
  addChange(create, deps, "create");
  create.addHelpText("after", example("spike cipher key create payments"));
  const rotate = key.command("rotate").description(
    "add a version to a key; it encrypts from then on",
  );
  addChange(rotate, deps, "rotate");
  rotate
    .addHelpText("after", "\nOlder versions still decrypt. `default` names the default key.")
    .addHelpText("after", example("spike cipher key rotate payments"));
  addSet(key.command("set"), deps);
  addList(key.command("list"), deps);
  addRewrap(key.command("rewrap"), deps);
}
