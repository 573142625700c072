/** What memory processes take, looked at now and then. */

/** A process and all below it. */
export function processesOf(pid: number): number[] {
  try {
    const children = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).trim();
    return [pid, ...children.split(" ").filter(Boolean).flatMap((id) => processesOf(Number(id)))];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Resident memory of processes together, MiB. */
export function rssMiB(pids: readonly number[]): number {
  const kib = pids.map((pid) => {
    try {
      const status = Deno.readTextFileSync(`/proc/${pid}/status`);
      return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return 0;
      throw error;
    }
  });
  return Math.round(kib.reduce((sum, each) => sum + each, 0) / 1024);
}

/** Resident memory over some time, MiB. */
export interface Sampled {
  readonly first: number;
  readonly peak: number;
  readonly last: number;
}

/** Looks at processes until it is disposed of. */
export function sampling(pids: () => readonly number[], everyMs: number): Disposable & {
  readonly samples: readonly number[];
} {
  const samples: number[] = [];
  const timer = setInterval(() => {
    const mib = rssMiB(pids());
    if (mib > 0) samples.push(mib);
  }, everyMs);
  return { samples, [Symbol.dispose]: () => clearInterval(timer) };
}

/** What was seen: the second sample for the first, since a process has to start, and the last but one for the last. */
export function peakOf({ samples }: { readonly samples: readonly number[] }): Sampled {
  const first = samples[1] ?? samples[0] ?? 0;
  return { first, peak: Math.max(0, ...samples), last: samples.at(-2) ?? first };
}
