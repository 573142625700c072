import type { CompletionNode, Value } from "./tree.ts";

/** A text in single quotes, as shells of Bourne's family read it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Every command but the program itself, by all words that lead to it. */
export function commandsIn(nodes: readonly CompletionNode[]): string[] {
  return nodes.slice(1).map(({ where }) => where);
}

/** Options that take the same value. */
export interface ValuePlaces {
  readonly value: Exclude<Value, "nothing">;
  /** The command's words and the option's name, such as `spike secret get --format`. */
  readonly at: readonly string[];
}

/** The options that take a value, gathered by what they take. */
export function byValue(nodes: readonly CompletionNode[]): ValuePlaces[] {
  const found = new Map<string, { value: Exclude<Value, "nothing">; at: string[] }>();
  for (const { where, options } of nodes) {
    for (const { names, value } of options) {
      if (value === "nothing") continue;
      const key = String(value);
      const places = found.get(key) ?? { value, at: [] };
      places.at.push(...names.map((name) => `${where} ${name}`));
      found.set(key, places);
    }
  }
  return [...found.values()];
}
