/**
 * What a disk may hold after the power has failed: all that was made durable, and of the rest any part. A write of
 * several sectors may have reached the disk in some of them. A file or a new name that nobody made durable with a
 * sync of its directory may be there or not.
 */
import type { Step } from "./trace.ts";

/** Draws from 0 (included) to 1 (excluded). */
export type Draw = () => number;

/** A draw that repeats itself for the same seed (mulberry32). */
export function seeded(seed: number): Draw {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Change = Extract<Step, { op: "write" | "truncate" }>;

/** Bytes that grow in place. */
class Bytes {
  #buffer: Uint8Array;
  #size: number;

  constructor(given: Uint8Array = new Uint8Array()) {
    this.#buffer = given.slice();
    this.#size = given.length;
  }

  get all(): Uint8Array {
    return this.#buffer.subarray(0, this.#size);
  }

  apply(change: Change): void {
    if (change.op === "truncate") return this.#resize(change.size);
    this.#resize(Math.max(this.#size, change.at + change.data.length));
    this.#buffer.set(change.data, change.at);
  }

  #resize(size: number): void {
    if (size > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(size, 2 * this.#buffer.length));
      larger.set(this.all);
      this.#buffer = larger;
    }
    // What was cut off must not come back.
    if (size < this.#size) this.#buffer.fill(0, size, this.#size);
    this.#size = size;
  }
}

/** One file: what is on the disk for sure, and what is on its way there. */
class Content {
  readonly #durable: Bytes;
  #pending: Change[] = [];

  constructor(durable?: Uint8Array) {
    this.#durable = new Bytes(durable);
  }

  change(change: Change): void {
    this.#pending.push(change);
  }

  sync(): void {
    for (const change of this.#pending) this.#durable.apply(change);
    this.#pending = [];
  }

  /** What is there after the failure. */
  after(draw: Draw): Uint8Array {
    const bytes = new Bytes(this.#durable.all);
    const whole = Math.floor(draw() * (this.#pending.length + 1));
    this.#pending.forEach((change, i) => {
      const parts = i < whole || change.op === "truncate" ? [change] : [...sectors(change)];
      for (const part of parts) if (i < whole || draw() < 0.5) bytes.apply(part);
    });
    return bytes.all;
  }
}

const SECTOR = 512;

function* sectors({ op, name, at, data }: Extract<Step, { op: "write" }>): Generator<Change> {
  for (let from = 0; from < data.length;) {
    const to = Math.min(data.length, from + SECTOR - ((at + from) % SECTOR));
    yield { op, name, at: at + from, data: data.subarray(from, to) };
    from = to;
  }
}

/** A disk as a process changes it, step by step. */
export class Disk {
  /** By name, as the process sees them. */
  #files = new Map<string, Content>();
  /** Names as they are on the disk for sure. */
  #names = new Map<string, Content>();

  /** A disk on which these files are for sure. */
  static of(files: Map<string, Uint8Array>): Disk {
    const disk = new Disk();
    for (const [name, bytes] of files) {
      const content = new Content(bytes);
      disk.#files.set(name, content);
      disk.#names.set(name, content);
    }
    return disk;
  }

  /** Follows one step of the process. */
  take(step: Step): void {
    if (step.op === "mark") return;
    const { name } = step;
    const content = this.#files.get(name) ?? new Content();
    if (step.op === "open") this.#files.set(name, new Content());
    else if (step.op === "write" || step.op === "truncate") content.change(step);
    else if (step.op === "sync") content.sync();
    else if (step.op === "unlink") this.#files.delete(name);
    else if (step.op === "rename") {
      this.#files.delete(name);
      this.#files.set(step.to, content);
    } else this.#syncDirectory(name);
  }

  /** One of the states in which the power may leave the disk now. */
  after(draw: Draw): Map<string, Uint8Array> {
    const left = new Map<string, Uint8Array>();
    for (const name of new Set([...this.#files.keys(), ...this.#names.keys()])) {
      const [now, before] = [this.#files.get(name), this.#names.get(name)];
      const content = now === before || draw() < 0.5 ? now : before;
      if (content) left.set(name, content.after(draw));
    }
    return left;
  }

  #syncDirectory(directory: string): void {
    const isIn = (name: string) => directoryOf(name) === directory;
    for (const name of [...this.#names.keys()].filter(isIn)) this.#names.delete(name);
    for (const [name, content] of this.#files) if (isIn(name)) this.#names.set(name, content);
  }
}

function directoryOf(name: string): string {
  const at = name.lastIndexOf("/");
  return at < 0 ? "." : name.slice(0, at);
}

/** Writes a state of a disk into an empty directory. */
export async function materialise(state: Map<string, Uint8Array>, dir: string): Promise<void> {
  for (const [name, bytes] of state) {
    if (name === ".") continue;
    await Deno.mkdir(`${dir}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true, mode: 0o700 });
    await Deno.writeFile(`${dir}/${name}`, bytes, { mode: 0o600 });
  }
}
