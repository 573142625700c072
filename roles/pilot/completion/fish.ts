import { commandsIn } from "./script.ts";
import type { CompletionNode, CompletionOption } from "./tree.ts";

/** A text in single quotes, as fish reads it. */
function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

/** The script for fish. */
export function fishScript(name: string, nodes: readonly CompletionNode[]): string {
  return [
    `# Completion of ${name} for fish; write it to ~/.config/fish/completions/${name}.fish`,
    `function __${name}_where`,
    `    set -l where ${name}`,
    "    for word in (commandline -opc)[2..-1]",
    '        switch "$where $word"',
    `            case ${commandsIn(nodes).map(quoted).join(" ")}`,
    '                set where "$where $word"',
    "        end",
    "    end",
    "    echo $where",
    "end",
    `complete -c ${name} -f`,
    ...nodes.flatMap((node) => nodeLines(name, node)),
    "",
  ].join("\n");
}

function nodeLines(name: string, { where, words, options }: CompletionNode): string[] {
  const here = `complete -c ${name} -n ${quoted(`test (__${name}_where) = "${where}"`)}`;
  return [
    ...words.map(({ text, description }) =>
      `${here} -a ${quoted(text)}${description === "" ? "" : ` -d ${quoted(description)}`}`
    ),
    ...options.map((option) => `${here} ${optionText(option)}`),
  ];
}

function optionText({ names, description, value }: CompletionOption): string {
  const flags = names.map((text) =>
    text.startsWith("--") ? `-l ${text.slice(2)}` : `-s ${text.slice(1)}`
  );
  return [...flags, ...valueFlags(value), "-d", quoted(description)].join(" ");
}

function valueFlags(value: CompletionOption["value"]): string[] {
  if (value === "nothing") return [];
  if (value === "file") return ["-r", "-F"];
  return value === "text" ? ["-x"] : ["-x", "-a", quoted(value.join(" "))];
}
