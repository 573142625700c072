import { replaceFile } from "./file.ts";

/** What a shell needs to know of a running system. */
export interface Environment {
  readonly endpointSocket: string;
  readonly nexusUrl: string;
  readonly trustRoot: string;
}

const TRUST_ROOTS = [
  "SPIKE_TRUST_ROOT",
  "SPIKE_TRUST_ROOT_NEXUS",
  "SPIKE_TRUST_ROOT_KEEPER",
  "SPIKE_TRUST_ROOT_PILOT",
  "SPIKE_TRUST_ROOT_BOOTSTRAP",
  "SPIKE_TRUST_ROOT_LITE_WORKLOAD",
];

/** Variables for the command line, in the words of both families. */
export function variablesOf(environment: Environment): Record<string, string> {
  return {
    SPIFFE_ENDPOINT_SOCKET: environment.endpointSocket,
    SPIKE_NEXUS_API_URL: environment.nexusUrl,
    SPIKE_NEXUS_URL: environment.nexusUrl,
    ...Object.fromEntries(TRUST_ROOTS.map((name) => [name, environment.trustRoot])),
  };
}

/** Shell exports, one a line. */
export function envText(environment: Environment): string {
  const lines = Object.entries(variablesOf(environment))
    .map(([name, value]) => `export ${name}=${shellQuote(value)}`);
  return [
    "# Of a running spike dev, for development only. Load it with the dot command.",
    ...lines,
    "",
  ]
    .join("\n");
}

/** A word that every POSIX shell reads back as `text`; plain ones stay as they are. */
export function shellQuote(text: string): string {
  if (/^[A-Za-z0-9_./:@%+,=-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Makes the file appear in one step, so that whoever waits for it never reads half of it. */
export async function writeEnv(path: string, environment: Environment): Promise<void> {
  await replaceFile(path, envText(environment));
}
