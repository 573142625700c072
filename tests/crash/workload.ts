/** Many clients that write at once until the server is gone, and know afterwards what must be there. */
import { routeUrl } from "../../lib/api/mod.ts";
import type { MtlsClient } from "../../lib/mtls/mod.ts";
import { type Found, Known, type Op } from "./history.ts";
import type { Draw } from "./power_loss.ts";

/** What is told of each write, in order: that it is about to be sent, and that it was answered. */
export type Mark =
  | { readonly path: string; readonly sent: Op }
  | { readonly path: string; readonly acknowledged: true };

/** How the clients behave. */
export interface WorkloadOptions {
  readonly url: string;
  readonly draw: Draw;
  readonly paths: number;
  /** Told before each request and after each answer. */
  readonly onMark?: (mark: Mark) => void;
}

/** Paths, one client for each, and what is known of them. */
export class Workload {
  readonly known = new Map<string, Known>();
  /** Writes that were answered. */
  acknowledged = 0;
  readonly #options: WorkloadOptions;
  #serial = 0;

  constructor(options: WorkloadOptions) {
    this.#options = options;
    for (let i = 0; i < options.paths; i++) this.known.set(`crash/${i}`, new Known());
  }

  /**
   * Writes with all clients until `isEnough` says so after an answer, or the server is gone.
   *
   * @throws Error when the server answers what it must not
   */
  async run(client: MtlsClient, isEnough: () => boolean): Promise<void> {
    await Promise.all(
      [...this.known].map(([path, known]) => this.#write(client, path, known, isEnough)),
    );
  }

  /** Reads everything back; answers a line for each path that is not what it must be, and believes the rest. */
  async check(client: MtlsClient): Promise<string[]> {
    const wrong = await Promise.all(
      [...this.known].map(async ([path, known]) => {
        const found = await read(known, (version) => this.#get(client, path, version));
        return known.settle(found) ? [] : [describe(path, known, found)];
      }),
    );
    return wrong.flat();
  }

  async #write(
    client: MtlsClient,
    path: string,
    known: Known,
    isEnough: () => boolean,
  ): Promise<void> {
    const { url, draw, onMark } = this.#options;
    while (!isEnough()) {
      const op = this.#choose(known, draw);
      known.begin(op);
      onMark?.({ path, sent: op });
      const operation = `secret.${op.kind}` as const;
      const request = op.kind === "put"
        ? { path, values: { v: op.value } }
        : { path, versions: [] };
      const answer = await post(client, routeUrl(url, operation), request);
      if (!answer) return;
      if (answer.status !== 200) {
        throw new Error(
          `${operation} of ${path} was answered with ${answer.status} ${answer.body}`,
        );
      }
      known.acknowledge();
      onMark?.({ path, acknowledged: true });
      this.acknowledged++;
      const { version } = JSON.parse(answer.body);
      if (op.kind === "put" && version !== known.acknowledged.highest) {
        throw new Error(
          `A put to ${path} got number ${version}, ${known.acknowledged.highest} was next`,
        );
      }
    }
  }

  #choose({ acknowledged }: Known, draw: Draw): Op {
    const x = draw();
    const op: Op = x < 0.75
      ? { kind: "put", value: `${++this.#serial} ${"x".repeat(Math.floor(draw() * 400))}` }
      : { kind: x < 0.9 ? "delete" : "undelete" };
    return acknowledged.can(op) ? op : { kind: "put", value: `${++this.#serial}` };
  }

  async #get(client: MtlsClient, path: string, version: number): Promise<string | undefined> {
    const answer = await post(client, routeUrl(this.#options.url, "secret.get"), { path, version });
    if (answer?.status === 404) return undefined;
    if (answer?.status !== 200) {
      throw new Error(`Reading ${path} failed: ${answer?.status ?? "no answer"}`);
    }
    return JSON.parse(answer.body).data.v;
  }
}

/** Reads the window of a path. */
export async function read(
  known: Known,
  get: (version: number) => Promise<string | undefined>,
): Promise<Found> {
  const found = new Map<number, string | undefined>();
  for (const version of known.acknowledged.window) found.set(version, await get(version));
  return found;
}

/** What does not fit. */
export function describe(path: string, known: Known, found: Found): string {
  const lines = [...found].map(([number, value]) => {
    const wanted = known.possible.map((history) => history.at(number)?.slice(0, 20) ?? "nothing");
    return `  version ${number}: found ${value?.slice(0, 20) ?? "nothing"}, possible ${
      wanted.join(" or ")
    }`;
  });
  return `${path} (pending: ${known.pending?.kind ?? "nothing"})\n${lines.join("\n")}`;
}

/** Undefined when the server is gone. */
async function post(
  client: MtlsClient,
  url: string,
  message: unknown,
): Promise<{ status: number; body: string } | undefined> {
  try {
    const { status, body } = await client.post(url, JSON.stringify(message));
    return { status, body: new TextDecoder().decode(body) };
  } catch {
    return undefined;
  }
}
