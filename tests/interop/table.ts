/** The tables of `docs/compatibility.md`, from the last recorded run. */
import { type Finding, recorded } from "./findings.ts";

/** Who called, in the parts that call functions of the SDK. All other areas are pairs of programs. */
const CALLERS: Readonly<Record<string, string>> = {
  secrets: "superuser",
  policies: "superuser",
  cipher: "superuser",
  workload: "a workload",
  lite: "a lite workload",
  recover: "recover",
  refused: "restore",
  restore: "restore",
  waiting: "superuser",
  bootstrap: "Bootstrap",
  again: "Bootstrap",
};

/** Everything that is generated. */
export function compatibilityTables(findings: readonly Finding[] = recorded()): string {
  const calls = findings.filter(({ area }) => area in CALLERS);
  const pairs = findings.filter(({ area }) => !(area in CALLERS));
  const different = calls.filter(({ differs }) => differs !== undefined);
  return [
    "### Functions of the SDK",
    `${count(calls)} hold, ${different.length} of them differ from the original on purpose.`,
    functionTable(calls),
    "### Differences on purpose",
    table(
      ["Function", "What", "Here"],
      different.map(({ call, check, differs = "" }) => [code(call), check, differs]),
    ),
    "### Programs beside stand-ins",
    table(["Who", "What holds"], rowsOf(pairs).map(([call, of]) => [call, checksOf(of)])),
  ].join("\n\n") + "\n";
}

function functionTable(calls: readonly Finding[]): string {
  const rows = rowsOf(calls).toSorted(([a], [b]) => a < b ? -1 : 1).map(([call, of]) => [
    code(call),
    [...new Set(of.map(({ area }) => CALLERS[area] ?? area))].join(", "),
    count(of),
    checksOf(of),
  ]);
  return table(["Function", "Called by", "Checks", "Which"], rows);
}

/** Findings by call, in the order of their first one. */
function rowsOf(findings: readonly Finding[]): [string, Finding[]][] {
  return [...Map.groupBy(findings, ({ call }) => call)];
}

function count(findings: readonly Finding[]): string {
  return `${findings.filter(({ ok }) => ok).length} of ${findings.length}`;
}

function checksOf(findings: readonly Finding[]): string {
  return [...new Set(findings.map(({ check, ok }) => ok ? check : `**not:** ${check}`))].join("; ");
}

function code(text: string): string {
  return `\`${text}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}
