import type { PilotSettings } from "../../lib/config/mod.ts";
import type { Transport } from "../../lib/client/mod.ts";
import type { SvidSource } from "../../lib/spiffe/source.ts";

/** Where text goes; what is written is not changed. */
export interface TextSink {
  write(text: string): void;
}

/** Where data go; bytes need not be text. */
export interface DataSink extends TextSink {
  write(data: string | Uint8Array): void;
}

/** Everything that the command line touches, so that tests need no network, terminal or SVID. */
export interface PilotDeps {
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
