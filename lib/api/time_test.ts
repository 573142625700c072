import assert from "node:assert/strict";
import fc from "fast-check";
import { parseHttpDate, parseTime } from "./time.ts";

Deno.test("a time in RFC 3339 is read with its offset and its fraction", () => {
  const noon = Date.UTC(2030, 0, 2, 12);
  for (
    const [text, ms] of [
      ["2030-01-02T12:00:00Z", noon],
      ["2030-01-02T14:30:00+02:30", noon],
      ["2030-01-01T12:01:00-23:59", noon],
      ["2030-01-02T12:00:00-00:00", noon],
      ["2030-01-02T12:00:00.5Z", noon + 500],
      ["2030-01-02T12:00:00.123456789Z", noon + 123],
      ["2028-02-29T00:00:00Z", Date.UTC(2028, 1, 29)],
      ["2000-02-29T00:00:00Z", Date.UTC(2000, 1, 29)],
      ["0001-01-01T00:00:00Z", -62135596800000],
      ["9999-12-31T23:59:59.999Z", 253402300799999],
    ] as const
  ) assert.equal(parseTime(text), ms, text);
});

Deno.test("a time that does not exist, or is not written so, is no time", () => {
  for (
    const text of [
      ..."2030-02-29 2030-02-30 2030-02-31 2030-04-31 2030-06-31 2030-09-31 2030-11-31".split(" "),
      ..."1900-02-29 2100-02-29 2030-00-01 2030-13-01 2030-01-00 2030-01-32".split(" "),
    ]
  ) {
    for (const time of ["00:00:00Z", "00:00:00+02:00", "23:59:59.999Z"]) {
      assert.equal(parseTime(`${text}T${time}`), undefined, text);
    }
  }
  for (
    const time of [
      ..."24:00:00Z 25:00:00Z 12:60:00Z 12:00:60Z 23:59:60Z 12:00:00 12:00:00z 12:00Z".split(" "),
      ..."12:00:00+24:00 12:00:00+02:60 12:00:00+2 12:00:00+0200 12:00:00.Z 12:00:00,5Z".split(" "),
      ..."12:00:00.1234567890Z 12:00:00Z\n".split(" "),
      "12:00:00 Z",
    ]
  ) assert.equal(parseTime(`2030-01-02T${time}`), undefined, time);
  for (
    const text of [
      "",
      "2030-01-02",
      "2030-01-02 12:00:00Z",
      "2030-01-02t12:00:00Z",
      "+002030-01-02T12:00:00Z",
      "-000001-01-02T12:00:00Z",
      "9999-12-31T23:59:59-00:01",
      "0000-01-01T00:00:00+00:01",
      "Wed, 02 Jan 2030 12:00:00 GMT",
      "1893585600000",
    ]
  ) assert.equal(parseTime(text), undefined, text);
});

Deno.test("every moment is read from what is written of it, and digits that are read are kept", () => {
  const moment = fc.date({
    min: new Date("0000-01-01T00:00:00Z"),
    max: new Date("9999-12-31T23:59:59.999Z"),
    noInvalidDate: true,
  });
  fc.assert(fc.property(moment, (date) => {
    assert.equal(parseTime(date.toISOString()), date.getTime());
  }));
  const two = fc.integer({ min: 0, max: 99 }).map((n) => String(n).padStart(2, "0"));
  fc.assert(fc.property(fc.array(two, { minLength: 7, maxLength: 7 }), (parts) => {
    const [c, y, month, day, hour, minute, second] = parts;
    const text = `${c}${y}-${month}-${day}T${hour}:${minute}:${second}Z`;
    const ms = parseTime(text);
    if (ms !== undefined) assert.equal(`${new Date(ms).toISOString().slice(0, 19)}Z`, text);
  }));
});

Deno.test("an HTTP date is read in its one form, and only when it exists", () => {
  assert.equal(parseHttpDate("Wed, 02 Jan 2030 12:00:00 GMT"), Date.UTC(2030, 0, 2, 12));
  for (
    const text of [
      "Thu, 02 Jan 2030 12:00:00 GMT",
      "Sat, 30 Feb 2030 12:00:00 GMT",
      "Wed, 02 Jan 2030 24:00:00 GMT",
      "02 Jan 2030",
      "Sat, 01 Jan 12000 00:00:00 GMT",
      "2030-01-02T12:00:00Z",
      "",
    ]
  ) assert.equal(parseHttpDate(text), undefined, text);
});
