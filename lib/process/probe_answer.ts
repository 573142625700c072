import { expose, EXPOSITION_TYPE } from "../telemetry/exposition.ts";
import { type HealthWord, judgeHealth } from "../telemetry/health.ts";
import { meter } from "../telemetry/mod.ts";
import type { Inspect } from "./inspect.ts";

/** The parts of a request that are used. */
export interface Probe {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
}

/** An answer of the listener. */
export interface ProbeAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Faults that a restart can fix. */
const DEAD: ReadonlySet<HealthWord> = new Set(["stalled", "not_accepting"]);

/** Answers one probe from the reports of the threads. */
export async function answerProbe(request: Probe, inspect: Inspect): Promise<ProbeAnswer> {
  if (request.method !== "GET" && request.method !== "HEAD") return plain(405, "GET only\n");
  switch (request.url?.split("?")[0]) {
    case "/livez":
    case "/healthz":
      return report((await found(inspect)).filter((word) => DEAD.has(word)), "alive");
    case "/readyz":
      return report(await found(inspect), "ready");
    case "/metrics":
      return await metrics(inspect);
    default:
      return plain(404, "There are /livez, /readyz and /metrics\n");
  }
}

async function found(inspect: Inspect): Promise<HealthWord[]> {
  const reports = await inspect();
  return reports.flatMap((report) => report?.health ?? ["stalled"]);
}

function report(words: readonly HealthWord[], good: string): ProbeAnswer {
  const { failing, warning } = judgeHealth(words);
  const isGood = failing.length === 0;
  const body = { status: isGood ? good : `not ${good}`, failing, warning };
  return {
    status: isGood ? 200 : 503,
    type: "application/json",
    body: `${JSON.stringify(body)}\n`,
  };
}

async function metrics(inspect: Inspect): Promise<ProbeAnswer> {
  const reports = await inspect();
  const measured = reports.flatMap((report) => report ? [report.measured] : []);
  return { status: 200, type: EXPOSITION_TYPE, body: expose([meter.read(), ...measured]) };
}

function plain(status: number, body: string): ProbeAnswer {
  return { status, type: "text/plain; charset=utf-8", body };
}

/** The answer when the program itself is wrong. */
export const FAILED: ProbeAnswer = plain(500, "failed\n");
