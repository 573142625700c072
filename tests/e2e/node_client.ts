import type { MemorySource } from "../../lib/spiffe/mod.ts";
import { pemOf } from "./mtls_fixture.ts";

/** What a client of another runtime saw of one exchange. */
export interface Seen {
  readonly answer: string;
  /** Whether the handshake resumed an earlier one, without certificates. */
  readonly isReused: boolean;
  /** What resumes this handshake. */
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

/** A Node process that sends requests: its TLS is OpenSSL's, which resumes sessions as told. */
export class NodeClient implements AsyncDisposable {
  readonly #process = new Deno.Command("node", {
    args: [new URL("node_client.mjs", import.meta.url).pathname],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  readonly #writer = this.#process.stdin.getWriter();
  readonly #reader = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();

  /** One request. */
  async exchange({ identity, ...rest }: NodeExchange): Promise<Seen> {
    const line = JSON.stringify({ ...rest, ...pemOf(identity), request: REQUEST });
    await this.#writer.write(new TextEncoder().encode(`${line}\n`));
    let text = "";
    while (!text.endsWith("\n")) {
      const { value, done } = await this.#reader.read();
      if (done) throw new Error(`Node ended early: ${text}`);
      text += value;
    }
    return JSON.parse(text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close();
    await this.#reader.cancel();
    await this.#process.status;
  }
}
