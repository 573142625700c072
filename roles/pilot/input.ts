import { SpikeError } from "../../lib/api/error.ts";

/** Reads a stream to its end, but no more than `limitBytes`. @throws SpikeError `data_invalid_input` */
export async function readAll(
  stream: ReadableStream<Uint8Array>,
  limitBytes: number,
  what: string,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stream) {
    size += chunk.length;
    if (size > limitBytes) {
      throw new SpikeError(
        "data_invalid_input",
        `${what} is longer than ${limitBytes} bytes, at most that is allowed`,
      );
    }
    chunks.push(chunk);
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
    chunk.fill(0);
  }
  return all;
}

const CTRL_C = 0x03;
const CTRL_D = 0x04;
const BACKSPACES = [0x08, 0x7f];
const LINE_ENDS = [0x0a, 0x0d];

/** A terminal that can be told not to show what is typed. */
export interface Terminal {
  setRaw(isRaw: boolean): void;
  read(into: Uint8Array): Promise<number | null>;
}

/**
 * Reads one line that the terminal does not show; backspace works.
 *
 * @throws SpikeError `interrupted` on Ctrl-C, and on Ctrl-D or the input's end before anything was typed
 */
export async function readHiddenLine(terminal: Terminal): Promise<string> {
  const typed: number[] = [];
  const chunk = new Uint8Array(256);
  terminal.setRaw(true);
  try {
    for (;;) {
      const count = await terminal.read(chunk) ?? 0;
      for (const byte of chunk.subarray(0, count)) {
        const isEnd = LINE_ENDS.includes(byte) || (byte === CTRL_D && typed.length > 0);
        if (isEnd) return new TextDecoder().decode(Uint8Array.from(typed));
        if (byte === CTRL_C || byte === CTRL_D) throw interrupted();
        if (BACKSPACES.includes(byte)) typed.pop();
        else typed.push(byte);
      }
      if (count === 0) throw interrupted();
    }
  } finally {
    terminal.setRaw(false);
    chunk.fill(0);
    typed.fill(0);
  }
}

function interrupted(): SpikeError {
  return new SpikeError("interrupted", "Interrupted; nothing was sent");
}
