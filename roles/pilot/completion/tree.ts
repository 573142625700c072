import type { Argument, Command, Option } from "commander";
import { roleFlags, ROLES } from "../../../lib/config/mod.ts";

/** Shells for which there is a script. */
export const SHELLS = ["bash", "zsh", "fish", "powershell"] as const;

/** A shell for which there is a script. */
export type Shell = typeof SHELLS[number];

/** A word that can be typed, and what it is for. */
export interface Word {
  readonly text: string;
  readonly description: string;
}

/** What may follow an option: nothing, the name of a file, any text, or one of a few words. */
export type Value = "nothing" | "file" | "text" | readonly string[];

/** An option of a command. */
export interface CompletionOption {
  /** With their dashes. */
  readonly names: readonly string[];
  readonly description: string;
  readonly value: Value;
}

/** A command, named by all words that lead to it. */
export interface CompletionNode {
  /** Such as `spike secret get`. */
  readonly where: string;
  /** Its subcommands, or the words that its argument can be. */
  readonly words: readonly Word[];
  readonly options: readonly CompletionOption[];
}

const SERVERS = ["nexus", "keeper", "bootstrap"] as const;

/** What the placeholder of an option, or an argument's name, stands for, where that is known. */
const VALUES: Readonly<Record<string, Value>> = {
  file: "file",
  path: "file",
  paths: "file",
  cases: "file",
  level: ["error", "warning", "note", "never"],
  format: ["human", "json", "yaml"],
  role: ROLES,
  shell: SHELLS,
};

/** Every command of the tree that help shows, the servers included, from the top. */
export function completionNodes(program: Command): CompletionNode[] {
  const [root, ...others] = nodesBelow(program, program.name());
  if (root === undefined) throw new Error("the command tree is empty");
  const servers = [...SERVERS, "dev"].map((text) => ({ text, description: `Run ${text}` }));
  return [
    { ...root, words: [...root.words, ...servers] },
    ...others,
    ...SERVERS.map((role) => serverNode(`${program.name()} ${role}`, role)),
  ];
}

function nodesBelow(command: Command, where: string): CompletionNode[] {
  const help = command.createHelp();
  const children = help.visibleCommands(command);
  const words = children.map((child) => ({ text: child.name(), description: child.description() }));
  const node: CompletionNode = {
    where,
    words: children.length > 0 ? words : argumentWords(command),
    options: help.visibleOptions(command).map(toOption),
  };
  return [
    node,
    ...children.flatMap((child) => {
      const below = `${where} ${child.name()}`;
      // This one is no command of the tree: what it takes is the name of another.
      if (child.name() === "help") {
        return [{ where: below, words: words.filter(({ text }) => text !== "help"), options: [] }];
      }
      return nodesBelow(child, below);
    }),
  ];
}

/** The words that a command's first argument can be. */
function argumentWords({ registeredArguments: [argument] }: Command): Word[] {
  const value = argument === undefined ? undefined : valueOf(argument);
  return typeof value === "object" ? value.map((text) => ({ text, description: "" })) : [];
}

function valueOf(argument: Argument): Value {
  return VALUES[argument.name()] ?? "text";
}

function toOption(option: Option): CompletionOption {
  const placeholder = /[<[]([^>\]]+)[>\]]/.exec(option.flags)?.[1];
  return {
    names: [option.short, option.long].filter((name) => name !== undefined),
    description: option.description,
    value: placeholder === undefined ? "nothing" : VALUES[placeholder] ?? "text",
  };
}

function serverNode(where: string, role: typeof SERVERS[number]): CompletionNode {
  const options = roleFlags(role).map(({ name, meaning, isSwitch }) => ({
    names: [`--${name}`],
    description: meaning,
    value: isSwitch ? "nothing" as const : "text" as const,
  }));
  return { where, words: [], options };
}
