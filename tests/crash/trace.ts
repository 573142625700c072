/** The record that `disk_shim.c` keeps of a process's files, with marks of the rig in between. */

/** One step. Marks are the rig's own words, in the order in which everything happened. */
export type Step =
  | { readonly op: "open" | "sync" | "sync directory" | "unlink"; readonly name: string }
  | { readonly op: "write"; readonly name: string; readonly at: number; readonly data: Uint8Array }
  | { readonly op: "truncate"; readonly name: string; readonly size: number }
  | { readonly op: "rename"; readonly name: string; readonly to: string }
  | { readonly op: "mark"; readonly mark: unknown };

const MARK = 100;
const HEAD = 11;

/** Reads a whole trace. */
export function readTrace(bytes: Uint8Array): Step[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const decoder = new TextDecoder();
  const steps: Step[] = [];
  for (let at = 0; at < bytes.length;) {
    const rest = view.getUint32(at, true);
    const op = view.getUint8(at + 4);
    const number = Number(view.getBigUint64(at + 5, true));
    const nameEnd = at + 4 + HEAD + view.getUint16(at + 13, true);
    const name = decoder.decode(bytes.subarray(at + 4 + HEAD, nameEnd));
    at += 4 + rest;
    steps.push(stepOf(op, number, name, bytes.subarray(nameEnd, at)));
  }
  return steps;
}

function stepOf(op: number, number: number, name: string, data: Uint8Array): Step {
  const text = () => new TextDecoder().decode(data);
  switch (op) {
    case 1:
      return { op: "open", name };
    case 2:
      return { op: "write", name, at: number, data };
    case 3:
      return { op: "truncate", name, size: number };
    case 4:
      return { op: "sync", name };
    case 5:
      return { op: "sync directory", name };
    case 6:
      return { op: "rename", name, to: text() };
    case 7:
      return { op: "unlink", name };
    case MARK:
      return { op: "mark", mark: JSON.parse(text()) };
    default:
      throw new Error(`A trace has the operation ${op}`);
  }
}

/** Adds marks to a trace that a process is writing. */
export class Marker implements Disposable {
  readonly #file: Deno.FsFile;

  constructor(path: string) {
    this.#file = Deno.openSync(path, { append: true, create: true, mode: 0o600 });
  }

  /** One write, so that it falls between two steps of the process. */
  mark(mark: unknown): void {
    const data = new TextEncoder().encode(JSON.stringify(mark));
    const record = new Uint8Array(4 + HEAD + data.length);
    const view = new DataView(record.buffer);
    view.setUint32(0, HEAD + data.length, true);
    view.setUint8(4, MARK);
    record.set(data, 4 + HEAD);
    this.#file.writeSync(record);
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}
