import type { PilotSettings } from "../../lib/config/mod.ts";
import type { Transport } from "../../lib/client/mod.ts";
import type { SvidSource } from "../../lib/spiffe/source.ts";

/** Where text for people goes. It takes no layout but lines: whatever a line holds stays on it (`sink.ts`). */
export interface TextSink {
  /** Prints a line, or each of several. */
  print(lines: string | readonly string[]): void;
  /** Prints a text that the answer to it follows on the same line. */
  prompt(text: string): void;
}

/** Where results go: lines for people, and data exactly as they are. */
export interface DataSink extends TextSink {
  write(data: Uint8Array): void;
}

/** Everything that the command line touches, so that tests need no network, terminal or SVID. */
export interface PilotIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: ReadableStream<Uint8Array>;
  /** Data. */
  readonly stdout: DataSink;
  /** Talk. */
  readonly stderr: TextSink;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Whether a person sits at standard input. */
  readonly isTerminal: boolean;
  /** Whether a person looks at standard output. */
  readonly isOutputTerminal: boolean;
  /** Reads a line from the terminal without showing it. */
  readHidden(): Promise<string>;
  openSource(settings: PilotSettings): Promise<SvidSource>;
  /** A transport that speaks to nobody but a Nexus. */
  createTransport(source: SvidSource, settings: PilotSettings): Promise<Transport>;
}
