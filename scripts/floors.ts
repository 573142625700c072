/**
 * The floors of `lib`, from the bottom up. A folder imports folders of lower floors, and of its own floor those that
 * stand before it, so that there is no cycle.
 */
export const FLOORS: readonly { readonly about: string; readonly folders: readonly string[] }[] = [
  {
    about: "foundations",
    folders: ["text", "error", "input", "file", "bytes", "json", "cache", "async", "telemetry"],
  },
  { about: "pure cores", folders: ["policy", "seal", "shamir", "x509"] },
  { about: "identity", folders: ["spiffe", "jwt_svid", "workload_api", "authority"] },
  { about: "ports and formats", folders: ["store", "audit", "api", "config", "mtls"] },
  {
    about: "the domain",
    folders: [
      "secret",
      "cipher",
      "policy_store",
      "rotation",
      "recovery",
      "audit_store",
      "backup",
      "shared_page",
      "root_key",
      "access",
    ],
  },
  { about: "serving and calling", folders: ["http", "client", "process"] },
];

const ORDER = FLOORS.flatMap(({ folders }) => folders);

/** The folder of `lib` that a file belongs to; a file directly in `lib` stands below all floors. */
function folderOf(file: string): string | undefined {
  return /^lib\/([^/]+)\/./.exec(file)?.[1];
}

/** Why a file of `lib` may not import another, or undefined when it may. */
export function climbs(file: string, target: string): string | undefined {
  const [from, to] = [folderOf(file), folderOf(target)];
  if (to === undefined || from === to) return undefined;
  if (from === undefined) return "a file directly in lib imports none of its folders";
  const unknown = [from, to].find((folder) => !ORDER.includes(folder));
  if (unknown) return `lib/${unknown} is on no floor of scripts/floors.ts`;
  return ORDER.indexOf(to) < ORDER.indexOf(from) ? undefined : `lib/${to} stands above lib/${from}`;
}

/** The floors as text, the highest on top, for CONTRIBUTING. */
export function drawFloors(): string {
  const rows = [
    ["roles", "nexus  keeper  bootstrap  pilot  dev", "wiring: processes, threads, commands"],
    ...FLOORS.map(({ about, folders }, i) => [`lib ${i}`, folders.join("  "), about]).reverse(),
  ];
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("   ").trimEnd()
  );
  return `\`\`\`text\n${lines.join("\n")}\n\`\`\`\n`;
}
