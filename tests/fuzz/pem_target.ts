import assert from "node:assert/strict";
import { SpikeError } from "../../lib/error/error.ts";
import { pemDecodeAll, pemEncode } from "../../lib/x509/pem.ts";
import { mutateBytes } from "./mutate_bytes.ts";
import { mutateTokens } from "./mutate_text.ts";
import type { Target } from "./target.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
/** What no message may hold: the body of a key. */
const KEY = new Uint8Array(96).map((_, i) => (i * 37 + 11) % 256);
const CERTIFICATE = new Uint8Array(200).map((_, i) => (i * 91 + 7) % 256);
const TOKEN = /-----[A-Z ]+-----|\n|[A-Za-z0-9+/]{16}|./gs;
const SPARE = [
  "-----BEGIN PRIVATE KEY-----",
  "-----END PRIVATE KEY-----",
  "-----BEGIN EC PRIVATE KEY-----",
  "-----END EC PRIVATE KEY-----",
  "-----BEGIN RSA PRIVATE KEY-----",
  "-----BEGIN ENCRYPTED PRIVATE KEY-----",
  "-----BEGIN CERTIFICATE-----",
  "-----END CERTIFICATE-----",
  "-----BEGIN -----",
  "-----",
  "Proc-Type: 4,ENCRYPTED\n",
  "\r",
  "\n",
  "\r\n",
  "\0",
  "=",
  "\ufeff",
  " ",
  "\u2014",
];

/** Files of keys and certificates: what is read is base64 between its boundaries, and no error shows any of it. */
export const PEM: Target = {
  name: "pem",
  share: 40,
  makeInput: (random) => {
    const blocks = [
      pemEncode("CERTIFICATE", CERTIFICATE),
      pemEncode(random.pick(["PRIVATE KEY", "EC PRIVATE KEY", "RSA PRIVATE KEY"]), KEY),
    ];
    const text = random.below(2) === 0 ? blocks.join("") : blocks.reverse().join("words\n");
    const damaged = encoder.encode(
      random.below(4) === 0 ? text : mutateTokens(text, TOKEN, SPARE, random),
    );
    return random.below(3) === 0 ? mutateBytes(damaged, random) : damaged;
  },
  run: (input) => {
    const text = decoder.decode(input);
    try {
      const blocks = pemDecodeAll(text);
      const again = pemDecodeAll(
        blocks.map(({ label, der }) => pemEncode(label, der)).join(""),
      );
      assert.deepEqual(again, blocks, "what was read is not what is written of it");
      return blocks.length > 0 ? "accepted" : "refused";
    } catch (error) {
      if (!(error instanceof SpikeError)) throw error;
      const told = `${error.message} ${error.hint} ${String(error.cause ?? "")}`;
      const secret = KEY.toBase64();
      for (let at = 0; at + 12 <= secret.length; at += 4) {
        assert.ok(!told.includes(secret.slice(at, at + 12)), "the error shows a part of a key");
      }
      return "refused";
    }
  },
};
