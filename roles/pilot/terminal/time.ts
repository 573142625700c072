import { parseTime } from "../../../lib/api/time.ts";

/** A time in RFC 3339 as people read it: `2006-01-02 15:04:05 UTC`. */
export function moment(time: string): string {
  const ms = parseTime(time);
  if (ms === undefined) return time;
  return `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
