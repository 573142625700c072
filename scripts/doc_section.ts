/** Parts of documentation pages that suites write: each between two marks that name it. */

/**
 * Puts `text` in the place of what stands between the marks of the section `name`.
 *
 * @throws Error when the page has no such marks
 */
export function withSection(page: string, name: string, text: string): string {
  const [beginMark, endMark] = marksOf(name);
  const begin = page.indexOf(beginMark);
  const end = page.indexOf(endMark, begin);
  if (begin < 0 || end < 0) throw new Error(`The page has no marks around its section ${name}`);
  return `${page.slice(0, begin)}${beginMark}\n${text}\n${page.slice(end)}`;
}

/** The marks around a section, as they stand in the page. */
export function marksOf(name: string): [begin: string, end: string] {
  return [
    `<!-- ${name}: generated -->\n<!-- deno-fmt-ignore-start -->\n`,
    `<!-- deno-fmt-ignore-end -->\n<!-- ${name}: end -->`,
  ];
}
