import { SpikeError } from "../../../lib/error/error.ts";
import { decodeUtf8 } from "../../../lib/input/utf8.ts";
import { quoteValue } from "../../../lib/text/quote.ts";
import { fileFault } from "../../../lib/error/os_file_fault.ts";
import type { PilotIo } from "../io.ts";

/** Reads a stream to its end, but no more than `limitBytes`. @throws SpikeError `data_invalid_input` */
export async function readAll(
  stream: AsyncIterable<Uint8Array>,
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

/** Whether an input's name stands for standard input, which this program cannot open by its path. */
export function isStdin(file: string | undefined): boolean {
  return file === undefined || file === "-" || file === "/dev/stdin";
}

/** Input of a command. */
export interface InputRequest {
  /** Absent or `-` for standard input. */
  readonly file: string | undefined;
  readonly limitBytes: number;
  /** False with `--no-input`: nobody is waited for at a terminal. */
  readonly mayAsk: boolean;
}

/**
 * Reads a file, or standard input.
 *
 * @throws SpikeError `fs_file_open_failed`, `data_invalid_input` when it is too long, or `usage` where nobody
 *   may be waited for
 */
export async function readInput(deps: PilotIo, request: InputRequest): Promise<Uint8Array> {
  const { file, limitBytes, mayAsk } = request;
  if (file !== undefined && !isStdin(file)) return await readFile(file, limitBytes, "Input");
  if (deps.isTerminal) {
    requireAnswer(mayAsk, "input");
    deps.stderr.print("Reading from the terminal; end the input with Ctrl-D");
  }
  return await readAll(deps.stdin, limitBytes, "Input");
}

/** Input that may be too long to be held. */
export interface OpenInput extends Disposable {
  /** To be iterated once. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** How long it is; undefined for what is no plain file. */
  readonly length?: number;
}

/**
 * Opens a file, or standard input.
 *
 * @throws SpikeError `fs_file_open_failed`, or `usage` where nobody may be waited for
 */
export async function openInput(
  deps: PilotIo,
  { file, mayAsk }: Pick<InputRequest, "file" | "mayAsk">,
): Promise<OpenInput> {
  if (file === undefined || isStdin(file)) {
    if (deps.isTerminal) {
      requireAnswer(mayAsk, "input");
      deps.stderr.print("Reading from the terminal; end the input with Ctrl-D");
    }
    return { bytes: deps.stdin, [Symbol.dispose]: () => {} };
  }
  try {
    const opened = await Deno.open(file);
    const { isFile, size } = await opened.stat();
    return {
      bytes: piecesOf(opened, file),
      ...(isFile ? { length: size } : {}),
      [Symbol.dispose]: () => opened.close(),
    };
  } catch (error) {
    throw notRead(file, error);
  }
}

const PIECE_BYTES = 65_536;

async function* piecesOf(file: Deno.FsFile, name: string): AsyncGenerator<Uint8Array> {
  const piece = new Uint8Array(PIECE_BYTES);
  for (;;) {
    const count = await file.read(piece).catch((error) => {
      throw notRead(name, error);
    });
    if (count === null) return;
    yield piece.subarray(0, count);
  }
}

/** The first bytes of input, at most so many, and all of it again. */
export async function peek(
  bytes: AsyncIterable<Uint8Array>,
  most: number,
): Promise<{ head: Uint8Array; isAll: boolean; all: AsyncIterable<Uint8Array> }> {
  const pieces = bytes[Symbol.asyncIterator]();
  const seen: Uint8Array[] = [];
  let length = 0;
  let isAll = false;
  while (length < most && !isAll) {
    const { value, done } = await pieces.next();
    if (done) isAll = true;
    else {
      seen.push(value.slice());
      length += value.length;
    }
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of seen) {
    whole.set(piece, at);
    at += piece.length;
    piece.fill(0);
  }
  return {
    head: whole.subarray(0, most),
    isAll: isAll && length <= most,
    all: again(whole, pieces),
  };
}

async function* again(
  first: Uint8Array,
  pieces: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  if (first.length > 0) yield first;
  for (;;) {
    const { value, done } = await pieces.next();
    if (done) return;
    yield value;
  }
}

/** @throws SpikeError `usage` when a person would have to be asked for `what`, but may not be */
export function requireAnswer(mayAsk: boolean, what: string): void {
  if (mayAsk) return;
  throw new SpikeError("usage", `No ${what} on standard input, and --no-input disables prompts`, {
    hint: "Redirect standard input from a file or a pipe",
  });
}

/** Reads a file of at most `limitBytes`. @throws SpikeError `fs_file_open_failed` or `data_invalid_input` */
export async function readFile(
  path: string,
  limitBytes: number,
  what: string,
  hint?: string,
): Promise<Uint8Array> {
  try {
    using file = await Deno.open(path);
    return await readAll(file.readable, limitBytes, what);
  } catch (error) {
    if (error instanceof SpikeError) throw error;
    throw notRead(path, error, hint);
  }
}

function notRead(path: string, error: unknown, hint?: string): SpikeError {
  return new SpikeError(
    "fs_file_open_failed",
    `File ${quoteValue(path)} cannot be read: ${fileFault(error)}`,
    { ...(hint === undefined ? {} : { hint }), cause: error },
  );
}

const CTRL_C = 0x03;
const CTRL_D = 0x04;
const CTRL_U = 0x15;
const TAB = 0x09;
const BACKSPACES = [0x08, 0x7f];
const LINE_ENDS = [0x0a, 0x0d];

/** A terminal that can be told not to show what is typed. */
export interface Terminal {
  setRaw(isRaw: boolean): void;
  read(into: Uint8Array): Promise<number | null>;
}

/**
 * Reads one line that the terminal does not show; backspace takes a character back and Ctrl-U all of them. What a line
 * cannot hold is refused and not dropped: a second line, a control character such as an arrow key sends.
 *
 * @throws SpikeError `interrupted` on Ctrl-C, and on Ctrl-D or the input's end before anything was typed;
 *   `data_invalid_input` for what is not a line of UTF-8 text
 */
export async function readHiddenLine(terminal: Terminal): Promise<string> {
  const typed: number[] = [];
  const chunk = new Uint8Array(256);
  terminal.setRaw(true);
  try {
    for (;;) {
      const count = await terminal.read(chunk) ?? 0;
      for (const [i, byte] of chunk.subarray(0, count).entries()) {
        const isEnd = LINE_ENDS.includes(byte) || (byte === CTRL_D && typed.length > 0);
        if (isEnd) return lineOf(typed, chunk.subarray(i + 1, count));
        if (byte === CTRL_C || byte === CTRL_D) throw interrupted();
        if (byte === CTRL_U) typed.length = 0;
        else if (BACKSPACES.includes(byte)) takeBack(typed);
        else if (byte < 0x20 && byte !== TAB) throw notALine("holds a control character");
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

function lineOf(typed: readonly number[], rest: Uint8Array): string {
  if (rest.some((byte) => !LINE_ENDS.includes(byte))) throw notALine("has more than one line");
  return decodeUtf8(Uint8Array.from(typed), "The typed input");
}

/** Takes the last character back, which may be several bytes of UTF-8. */
function takeBack(typed: number[]): void {
  while (((typed.at(-1) ?? 0) & 0xc0) === 0x80) typed.pop();
  typed.pop();
}

function notALine(what: string): SpikeError {
  return new SpikeError("data_invalid_input", `The typed input ${what}; nothing was sent`, {
    hint: "Use a file or pipe it to standard input",
  });
}

function interrupted(): SpikeError {
  return new SpikeError("interrupted", "Interrupted; nothing was sent");
}
