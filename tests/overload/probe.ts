/**
 * The caller whose answers are timed, as a process of its own: reads from standard input whom to ask and how often,
 * asks one question after the other, and writes what each answer took, in milliseconds.
 */
import type { Identity } from "../contract/identity.ts";
import { requestBytes, Wire } from "../contract/wire.ts";

/** What to ask. */
export interface Errand {
  readonly port: number;
  readonly identity: Identity;
  /** A secret that may be read. */
  readonly path: string;
  /** Asked before anything is timed. */
  readonly warmUp: number;
  /** Asked and timed. */
  readonly requests: number;
  /** Over then, with however many were timed. */
  readonly mostMs: number;
}

async function ask({ port, identity, path, warmUp, requests, mostMs }: Errand): Promise<number[]> {
  const request = requestBytes({
    target: "/v1/store/secrets?action=get",
    body: JSON.stringify({ path }),
  });
  const latencies: number[] = [];
  using wire = await Wire.open(port, identity);
  const endMs = performance.now() + mostMs;
  for (let i = 0; i < warmUp + requests && performance.now() < endMs; i++) {
    const startMs = performance.now();
    wire.write(request);
    const { status } = await wire.answer();
    if (status !== 200) throw new Error(`The caller was answered ${status}`);
    if (i >= warmUp) latencies.push(performance.now() - startMs);
  }
  return latencies;
}

if (import.meta.main) {
  const errand: Errand = JSON.parse(await new Response(Deno.stdin.readable).text());
  console.log(JSON.stringify(await ask(errand)));
}
