import { SpikeError } from "../error/error.ts";
import { ANSWER_LIMITS, parseJson } from "../json/json.ts";

/** The last moment that a date of the runtime can name. */
const LAST_MS = 8.64e15;

const encoder = new TextEncoder();

/**
 * Checks records as a server told them, so that whoever shows them finds an object with a number and a time. Each is
 * given on as it was written.
 *
 * @throws SpikeError `data_unmarshal_failure`
 */
export function checkRecords(records: readonly string[]): readonly string[] {
  for (const [i, record] of records.entries()) {
    if (!isRecord(record)) {
      throw new SpikeError("data_unmarshal_failure", `Audit record ${i + 1} cannot be read`, {
        hint: "Check that SPIKE_NEXUS_API_URL names a Nexus, and that its version is compatible",
      });
    }
  }
  return records;
}

function isRecord(text: string): boolean {
  if (text.includes("\n") || text.includes("\r")) return false;
  try {
    const record = parseJson(encoder.encode(text), { limits: ANSWER_LIMITS });
    if (!(record instanceof Map)) return false;
    const [n, time] = [record.get("n"), record.get("time")];
    return typeof n === "number" && n >= 0 && typeof time === "number" && Math.abs(time) <= LAST_MS;
  } catch (error) {
    if (error instanceof SpikeError) return false;
    throw error;
  }
}
