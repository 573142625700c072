import assert from "node:assert/strict";
import { SpikeError } from "../../lib/error/error.ts";
import { parseHttpDate, parseTime } from "../../lib/api/time.ts";
import { Der, DerError, readTime } from "../../lib/x509/der.ts";
import { parseExpiry } from "../../roles/pilot/secret/metadata_set.ts";
import { moment } from "../../roles/pilot/terminal/time.ts";
import { mutateTokens } from "./mutate_text.ts";
import type { Random } from "./random.ts";
import type { Target } from "./target.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const NOW_MS = Date.UTC(2026, 0, 1);
const TOKEN = /\d\d|[A-Za-z]+|./gs;
const SPARE = [
  ..."00 01 02 12 13 23 24 28 29 30 31 32 59 60 61 99".split(" "),
  ..."T Z t z - + : . , / GMT UTC d h m s never Feb".split(" "),
  " ",
  "\n",
  "\0",
  "\u0661",
  "\u2212",
];

const two = (n: number) => String(n).padStart(2, "0");

/** A moment as it may be written, whether there is one or not. */
function written(random: Random): string {
  const [year, month, day] = [random.below(10_000), random.below(14), random.below(33)];
  const [hour, minute, second] = [random.below(26), random.below(62), random.below(62)];
  const date = `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}`;
  const time = `${two(hour)}:${two(minute)}:${two(second)}`;
  const sign = random.pick(["+", "-"]);
  const offset = random.pick(["Z", "Z", `${sign}${two(random.below(26))}:${two(minute)}`]);
  switch (random.below(6)) {
    case 0:
      return date;
    case 1:
      return new Date(NOW_MS + random.next() * 1000).toUTCString();
    case 2:
      return `${random.below(1000)}${random.pick(["s", "m", "h", "d", "w"])}`;
    case 3:
      return `${date}T${time}.${random.below(1_000_000_000)}${offset}`;
    case 4:
      // As certificates have it.
      return `${`${date}T${time}`.replace(/[-:T]/g, "")}Z`;
    default:
      return `${date}T${time}${offset}`;
  }
}

function expiryOf(text: string): string | undefined {
  try {
    return parseExpiry(text, NOW_MS);
  } catch (error) {
    if (error instanceof SpikeError) return undefined;
    throw error;
  }
}

/** As a GeneralizedTime of a certificate. */
function inCertificate(text: string): number | undefined {
  const content = encoder.encode(text);
  if (content.length > 127) return undefined;
  try {
    const der = Der.parse(new Uint8Array([0x18, content.length, ...content]));
    return readTime(der, "time");
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}

const digitsOf = (text: string) => text.replace(/\D/g, "");

/** Every reader of dates: a date that is read is the one that was written. */
export const DATE: Target = {
  name: "date",
  share: 60,
  makeInput: (random) => {
    const text = written(random);
    return encoder.encode(
      random.below(3) === 0 ? text : mutateTokens(text, TOKEN, SPARE, random),
    );
  },
  run: (input) => {
    const text = decoder.decode(input);
    const ms = parseTime(text);
    if (ms !== undefined) {
      // In its own offset the moment has the digits that were written.
      const [, sign, hours, minutes] = /([+-])(\d\d):(\d\d)$/.exec(text) ?? [];
      const offsetMs = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60_000;
      const local = new Date(ms + (sign === "-" ? -offsetMs : offsetMs)).toISOString();
      const whole = /T[\d:]{8}/.exec(local);
      assert.ok(whole, local);
      const digits = digitsOf(local).replace(/\d{3}$/, "");
      assert.ok(digits.endsWith(digitsOf(text).slice(0, 14)), `${text} was read as ${local}`);
    }
    assert.equal(moment(text) === text, ms === undefined);
    const http = parseHttpDate(text);
    if (http !== undefined) assert.equal(new Date(http).toUTCString(), text);
    const expiry = expiryOf(text);
    if (expiry !== undefined && expiry !== "never") {
      assert.ok((parseTime(expiry) ?? 0) > NOW_MS, expiry);
      if (/^\d{4}-\d\d-\d\d$/.test(text)) assert.ok(expiry.startsWith(text), expiry);
    }
    const certified = inCertificate(text);
    if (certified !== undefined) {
      const digits = digitsOf(new Date(certified).toISOString()).slice(0, 14);
      assert.equal(`${digits}Z`, text);
    }
    const isTaken = [ms, http, expiry, certified].some((each) => each !== undefined);
    return isTaken ? "accepted" : "refused";
  },
};
