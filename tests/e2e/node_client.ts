import type { MemorySource } from "../../lib/spiffe/mod.ts";
import { pemOf } from "./mtls_fixture.ts";

/** What a client of another runtime saw of one exchange. */
export interface Seen {
  readonly answer: string;
  /** Whether the handshake was that of an earlier session, without certificates. */
  readonly isReused: boolean;
  /** What resumes this session. */
  readonly session?: string;
  readonly error?: string;
}

/** How the exchange is done. */
export interface NodeExchange {
  readonly port: number;
  readonly identity: MemorySource;
  readonly version: "TLSv1.2" | "TLSv1.3";
  readonly session?: string | undefined;
}

const REQUEST = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}";

/** Whether there is a Node to do it; whoever runs the tests through npx has one. */
export async function hasNode(): Promise<boolean> {
  try {
    return (await new Deno.Command("node", { args: ["--version"] }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** One request from a Node process: its TLS is OpenSSL's, which resumes sessions as told. */
export async function exchangeFromNode(exchange: NodeExchange): Promise<Seen> {
  const { identity, ...rest } = exchange;
  const child = new Deno.Command("node", {
    args: [new URL("node_client.mjs", import.meta.url).pathname],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const given = JSON.stringify({ ...rest, ...pemOf(identity), request: REQUEST });
  await new Blob([given]).stream().pipeTo(child.stdin);
  const { stdout } = await child.output();
  return JSON.parse(new TextDecoder().decode(stdout));
}
