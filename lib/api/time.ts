/** Times in messages: RFC 3339, and the IMF-fixdate of HTTP. A time that does not exist is rejected. */

/** Go's zero time. */
export const ZERO_TIME = "0001-01-01T00:00:00Z";

/** RFC 3339 in UTC, the fraction without trailing zeros, as Go writes it. `ms` counts from the epoch. */
export function formatTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.?0+Z$/, "Z");
}

const RFC_3339 =
  /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:Z|[+-](\d\d):(\d\d))$/;

/** The last millisecond that has a year of four digits. */
const LAST_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
const FIRST_MS = Date.parse("0000-01-01T00:00:00Z");

/**
 * Milliseconds since the epoch of a time in RFC 3339; undefined for anything else. The runtime's own parser takes
 * `2030-02-30` for the second of March and 24:00 for the next day; section 5.7 of the standard allows neither. A leap
 * second is rejected, as in Go, and so is a time whose year in UTC does not have four digits.
 */
export function parseTime(text: string): number | undefined {
  const digits = RFC_3339.exec(text)?.slice(1).map((each = "0") => Number(each));
  if (digits === undefined) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, offsetH = 0, offsetM = 0] =
    digits;
  const exists = month >= 1 && month <= 12 && day >= 1 && day <= daysOf(year, month);
  const isOfDay = hour <= 23 && minute <= 59 && second <= 59 && offsetH <= 23 && offsetM <= 59;
  if (!exists || !isOfDay) return undefined;
  const ms = Date.parse(text);
  return ms >= FIRST_MS && ms <= LAST_MS ? ms : undefined;
}

/** Of the Gregorian calendar (RFC 3339 section 5.7, appendix C). */
function daysOf(year: number, month: number): number {
  if (month !== 2) return [4, 6, 9, 11].includes(month) ? 30 : 31;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}

/** A year has four digits, whatever the runtime writes. */
const HTTP_DATE_LENGTH = "Sun, 06 Nov 1994 08:49:37 GMT".length;

/** Milliseconds since the epoch of an IMF-fixdate (RFC 9110 section 5.6.7); undefined for anything else. */
export function parseHttpDate(text: string): number | undefined {
  const ms = text.length === HTTP_DATE_LENGTH ? Date.parse(text) : NaN;
  return !Number.isNaN(ms) && new Date(ms).toUTCString() === text ? ms : undefined;
}
