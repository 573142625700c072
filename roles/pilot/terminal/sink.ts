/** The one way of text to a person: each line passes through `printable`, layout is the program's own. */
import { printable } from "../../../lib/text/printable.ts";
import type { DataSink, TextSink } from "../io.ts";

/** A sink for people over something that writes text. */
export function textSink(write: (text: string) => void): TextSink {
  return {
    print: (lines) => write([lines].flat().map((line) => `${printable(line)}\n`).join("")),
    prompt: (text) => write(printable(text)),
  };
}

/** A sink for lines and data over something that writes bytes. */
export function dataSink(write: (bytes: Uint8Array) => void): DataSink {
  return { ...textSink((text) => write(new TextEncoder().encode(text))), write };
}
