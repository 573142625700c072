import { SpikeError } from "../../../lib/error/error.ts";

/** Reads padded standard base64 of a flag; the value is not repeated. @throws SpikeError `data_invalid_input` */
export function parseBase64(flag: string, given: string): Uint8Array {
  try {
    return Uint8Array.fromBase64(given, { lastChunkHandling: "strict" });
  } catch (error) {
    throw new SpikeError("data_invalid_input", `Flag ${flag} is not valid base64`, {
      hint: "Use standard base64 with padding, as `base64 -w0` writes it",
      cause: error,
    });
  }
}
