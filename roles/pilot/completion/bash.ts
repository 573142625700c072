import type { CompletionNode } from "./tree.ts";
import { byValue, commandsIn, quoted } from "./script.ts";

const FUNCTION = `
  local cur=\${COMP_WORDS[COMP_CWORD]} prev='' where=@NAME@ word i words='' options=''
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    case "$where $word" in
@COMMANDS@) where="$where $word" ;;
    esac
    # Bash takes --name=value apart.
    [[ $word == = ]] || prev=$word
  done
  [[ $cur != = ]] || cur=''
  case "$where $prev" in
@VALUES@
  esac
  case "$where" in
@WORDS@
  esac
  if [[ -z $words || $cur == -* ]]; then words=$options; fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
`;

/** The script for bash. */
export function bashScript(name: string, nodes: readonly CompletionNode[]): string {
  const reply = (command: string) => `COMPREPLY=($(compgen ${command} -- "$cur")); return ;;`;
  const values = byValue(nodes).map(({ value, at }) => {
    const patterns = at.map(quoted).join(" | ");
    if (value === "text") return `    ${patterns}) return ;;`;
    return `    ${patterns}) ${reply(value === "file" ? "-f" : `-W ${quoted(value.join(" "))}`)}`;
  });
  const words = nodes.map(({ where, words, options }) => {
    const texts = words.map(({ text }) => text).join(" ");
    const names = options.flatMap(({ names }) => names).join(" ");
    return `    ${quoted(where)}) words=${quoted(texts)} options=${quoted(names)} ;;`;
  });
  const body = FUNCTION
    .replace("@NAME@", () => quoted(name))
    .replace("@COMMANDS@", () => `      ${commandsIn(nodes).map(quoted).join(" | ")}`)
    .replace("@VALUES@", () => values.join("\n"))
    .replace("@WORDS@", () => words.join("\n"));
  return [
    `# Completion of ${name} for bash; load it with: source <(${name} completion bash)`,
    `_${name}() {${body}}`,
    `complete -F _${name} ${name}`,
    "",
  ].join("\n");
}
