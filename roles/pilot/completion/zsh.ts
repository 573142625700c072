import { byValue, commandsIn, quoted } from "./script.ts";
import type { CompletionNode, Word } from "./tree.ts";

const FUNCTION = `
  local where=@NAME@ word='' prev='' i
  local -a candidates options
  for ((i = 2; i < CURRENT; i++)); do
    word=\${words[i]}
    case "$where $word" in
@COMMANDS@) where="$where $word" ;;
    esac
    prev=$word
  done
  if [[ $PREFIX == --*=* ]]; then
    prev=\${PREFIX%%=*}
    compset -P 1 '*='
  fi
  case "$where $prev" in
@VALUES@
  esac
  case "$where" in
@WORDS@
  esac
  if [[ $PREFIX == -* ]] || (( ! $#candidates )); then
    _describe -o 'option' options
  else
    _describe 'word' candidates
  fi
`;

/** A word and what it is for, as `_describe` takes them. */
function described({ text, description }: Word): string {
  return quoted(description === "" ? text : `${text.replaceAll(":", "\\:")}:${description}`);
}

/** The script for zsh, which works as a file in `fpath` and when it is sourced. */
export function zshScript(name: string, nodes: readonly CompletionNode[]): string {
  const values = byValue(nodes).map(({ value, at }) => {
    const patterns = `(${at.map(quoted).join("|")})`;
    if (value === "text") return `    ${patterns} return ;;`;
    const reply = value === "file" ? "_files" : `compadd -- ${value.map(quoted).join(" ")}`;
    return `    ${patterns} ${reply}; return ;;`;
  });
  const words = nodes.map(({ where, words, options }) => {
    const named = options.flatMap(({ names, description }) =>
      names.map((text) => ({ text, description }))
    );
    return `    (${quoted(where)})
      candidates=(${words.map(described).join(" ")})
      options=(${named.map(described).join(" ")}) ;;`;
  });
  const body = FUNCTION
    .replace("@NAME@", () => quoted(name))
    .replace("@COMMANDS@", () => `      (${commandsIn(nodes).map(quoted).join("|")}`)
    .replace("@VALUES@", () => values.join("\n"))
    .replace("@WORDS@", () => words.join("\n"));
  return [
    `#compdef ${name}`,
    `# Completion of ${name} for zsh; write it to a file _${name} in a directory of fpath.`,
    `_${name}() {${body}}`,
    `if [[ $funcstack[1] == _${name} ]]; then _${name} "$@"; else compdef _${name} ${name}; fi`,
    "",
  ].join("\n");
}
