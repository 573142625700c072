/** Key files and the times of certificates. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createPrivateKey } from "node:crypto";
import { SpikeError } from "../../lib/error/error.ts";
import { Der, DerError, readTime } from "../../lib/x509/der.ts";
import { pemEncode } from "../../lib/x509/pem.ts";
import { readPrivateKey } from "../../lib/x509/private_key.ts";
import { mutateBytes } from "./mutate_bytes.ts";
import type { Random } from "./random.ts";
import type { Target } from "./target.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const material: { cases: { x509_svid_key: string }[] } = JSON.parse(
  Deno.readTextFileSync(new URL("../vectors/x509-svid-material.json", import.meta.url)),
);

/** A given key as PKCS#8 and SEC1, and nine numbers that have the form of PKCS#1. */
const pems = (() => {
  const der = Uint8Array.fromBase64(material.cases[0]?.x509_svid_key ?? "");
  const key = createPrivateKey({ key: Buffer.from(der), format: "der", type: "pkcs8" });
  const numbers = Array.from({ length: 8 }, (_, i) => [2, 12, ...Array(12).fill(i + 65)]).flat();
  const body = [2, 1, 0, ...numbers];
  const pkcs1 = new Uint8Array([0x30, body.length, ...body]);
  const of = (type: "pkcs8" | "sec1") => key.export({ format: "pem", type }).toString();
  return [of("pkcs8"), of("sec1"), pemEncode("RSA PRIVATE KEY", pkcs1)];
})();
const secrets = pems.flatMap((pem) => pem.split("\n").slice(1, -2)).map((line) =>
  line.slice(8, 40)
);

const SPARE = [
  "-----BEGIN EC PRIVATE KEY-----\n",
  "-----END PRIVATE KEY-----\n",
  "-----BEGIN CERTIFICATE-----\n",
  "Proc-Type: 4,ENCRYPTED\n",
  "\ufeff",
  "\r",
  "\0",
  "-----",
  pemEncode("EC PARAMETERS", Uint8Array.fromHex("06082a8648ce3d030107")),
];

/** Key files: a message never has a part of the key. */
export const KEY: Target = {
  name: "key",
  share: 20,
  makeInput: (random) => {
    const pem = random.pick(pems);
    if (random.below(2) === 0) return mutateBytes(encoder.encode(pem), random);
    const lines = pem.split(/(?<=\n)/);
    lines.splice(random.below(lines.length + 1), random.below(2), random.pick(SPARE));
    return encoder.encode(lines.join(""));
  },
  run: (input) => {
    try {
      const key = readPrivateKey(decoder.decode(input), "/run/key.pem");
      assert(key.length > 0);
      return "accepted";
    } catch (error) {
      if (!(error instanceof SpikeError) || error.code !== "data_invalid_input") throw error;
      const shown = `${error.message} ${error.hint} ${error.cause}`;
      assert(!secrets.some((each) => each !== "" && shown.includes(each)), shown);
      return "refused";
    }
  },
};

const TIMES = ["260601120000Z", "20260601120000Z", "491231235959Z", "20240229000000Z"];

function damagedTime(random: Random): string {
  const text = random.pick(TIMES);
  const at = random.below(text.length);
  const other = random.pick([..."0123456789Z.+-:, \0"]);
  return random.below(6) === 0
    ? text
    : text.slice(0, at) + other + text.slice(at + random.below(2));
}

/** Times of certificates: what is taken is written back the same. */
export const TIME: Target = {
  name: "time",
  share: 10,
  makeInput: (random) => {
    const text = damagedTime(random);
    return new Uint8Array([random.pick([0x17, 0x18]), text.length, ...encoder.encode(text)]);
  },
  run: (input) => {
    let ms: number;
    try {
      ms = readTime(Der.parse(input), "time");
    } catch (error) {
      if (error instanceof DerError) return "refused";
      throw error;
    }
    const written = new Date(ms).toISOString().replace(/\.000Z$/, "Z").replace(/[-:T]/g, "");
    const text = decoder.decode(input.subarray(2));
    assert.equal(input[0] === 0x17 ? written.slice(2) : written, text);
    return "accepted";
  },
};
