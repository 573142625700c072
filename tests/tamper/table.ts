import { DETECTORS } from "./attack.ts";
import { ALL_ATTACKS } from "./attacks.ts";

/** All attacks as tables for the documentation, after a legend of who notices them. */
export function tamperTables(): string {
  const legend = Object.entries(DETECTORS).map(([word, meaning]) => `- *${word}*: ${meaning}`);
  const sections = Object.entries(ALL_ATTACKS).map(([title, attacks]) => {
    const rows = attacks.map(({ name, detector, seen }) => `| ${name} | ${detector} | ${seen} |`);
    return [
      `## ${title}`,
      "",
      "| Attack | Noticed by | What is seen |",
      "| --- | --- | --- |",
      ...rows,
    ]
      .join("\n");
  });
  return [legend.join("\n"), ...sections].join("\n\n");
}
