import { byValue, commandsIn } from "./script.ts";
import type { CompletionNode, Word } from "./tree.ts";

/** A text in single quotes, as PowerShell reads it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A word and what it is for, which the script takes apart again. */
function described({ text, description }: Word): string {
  return quoted(`${text}|${description || text}`);
}

const BLOCK = `
  param($wordToComplete, $commandAst, $cursorPosition)
  $commands = @(@COMMANDS@)
  $values = @{
@VALUES@
  }
  $words = @{
@WORDS@
  }
  $options = @{
@OPTIONS@
  }
  $where = @NAME@
  $previous = ''
  foreach ($element in ($commandAst.CommandElements | Select-Object -Skip 1)) {
    if ($element.Extent.EndOffset -ge $cursorPosition) { break }
    $word = $element.ToString()
    if ($commands -ccontains "$where $word") { $where = "$where $word" }
    $previous = $word
  }
  if ($values.ContainsKey("$where $previous")) { $candidates = $values["$where $previous"] }
  elseif ($wordToComplete.StartsWith('-') -or $words[$where].Count -eq 0) {
    $candidates = $options[$where]
  }
  else { $candidates = $words[$where] }
  $candidates | Where-Object { $_.StartsWith($wordToComplete) } | ForEach-Object {
    $text, $description = $_ -split '\\|', 2
    [System.Management.Automation.CompletionResult]::new(
      $text, $text, 'ParameterValue', $description)
  }
`;

/** The script for PowerShell. Where a file is wanted, it offers nothing, so that the shell offers files. */
export function powershellScript(name: string, nodes: readonly CompletionNode[]): string {
  const row = (key: string, words: readonly Word[]) =>
    `    ${quoted(key)} = @(${words.map(described).join(", ")})`;
  const values = byValue(nodes).flatMap(({ value, at }) => {
    const words = typeof value === "string" ? [] : value.map((text) => ({ text, description: "" }));
    return at.map((place) => row(place, words));
  });
  const options = nodes.map(({ where, options }) =>
    row(
      where,
      options.flatMap(({ names, description }) => names.map((text) => ({ text, description }))),
    )
  );
  const body = BLOCK
    .replace("@COMMANDS@", () => commandsIn(nodes).map(quoted).join(", "))
    .replace("@VALUES@", () => values.join("\n"))
    .replace("@WORDS@", () => nodes.map(({ where, words }) => row(where, words)).join("\n"))
    .replace("@OPTIONS@", () => options.join("\n"))
    .replace("@NAME@", () => quoted(name));
  return [
    `# Completion of ${name} for PowerShell; load it with:`,
    `#   ${name} completion powershell | Out-String | Invoke-Expression`,
    `Register-ArgumentCompleter -Native -CommandName ${name} -ScriptBlock {${body}}`,
    "",
  ].join("\n");
}
