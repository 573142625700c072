import { SpikeError } from "../../../lib/error/error.ts";
import { quoteValue } from "../../../lib/text/quote.ts";
import { DEFAULT_KEY_NAME, parseKeyName } from "../../../lib/cipher/key_name.ts";
import type { CipherKeyInfo, Client } from "../../../lib/client/mod.ts";
import { explainKey, readExtras } from "./extras.ts";
import { MAX_CIPHER_INPUT_BYTES } from "./input.ts";
import type { PilotIo } from "../io.ts";
import { type Format, printAs } from "../terminal/format.ts";
import { isStdin, readInput } from "../terminal/input.ts";
import { refuseTerminal, writeTo } from "../terminal/output.ts";
import { asInputError } from "../terminal/report.ts";
import { withNexus } from "../session.ts";

/** @throws SpikeError `data_invalid_input` for what can be the name of no key */
function requireName(name: string, mayBeDefault: boolean): void {
  if (mayBeDefault && name === DEFAULT_KEY_NAME) return;
  asInputError(() => parseKeyName(name));
}

/** A change of a key that needs nothing but its name. */
export interface KeyChangeRequest {
  readonly action: "create" | "rotate";
  readonly name: string;
  readonly format: Format;
}

/** `spike cipher key create` and `spike cipher key rotate`. */
export async function cipherKeyChange(deps: PilotIo, request: KeyChangeRequest): Promise<void> {
  const { action, name, format } = request;
  requireName(name, action === "rotate");
  await change(
    deps,
    name,
    format,
    (client) => action === "create" ? client.createCipherKey(name) : client.rotateCipherKey(name),
  );
}

/** The flags of `spike cipher key set`. */
export interface KeySetOptions {
  readonly minVersion?: string;
  readonly retired?: string;
}

/** `spike cipher key set`. */
export async function cipherKeySet(
  deps: PilotIo,
  name: string,
  options: KeySetOptions,
  format: Format,
): Promise<void> {
  requireName(name, false);
  const settings = parseSettings(options);
  await change(deps, name, format, (client) => client.setCipherKey(name, settings));
}

function parseSettings({ minVersion, retired }: KeySetOptions) {
  if (minVersion === undefined && retired === undefined) {
    throw new SpikeError("usage", "Neither --min-version nor --retired is given");
  }
  if (minVersion !== undefined && !/^[1-9]\d{0,9}$/.test(minVersion)) {
    throw new SpikeError(
      "usage",
      `Flag --min-version is ${quoteValue(minVersion)}, expected a whole number from 1`,
    );
  }
  if (retired !== undefined && retired !== "true" && retired !== "false") {
    throw new SpikeError(
      "usage",
      `Flag --retired is ${quoteValue(retired)}, expected true or false`,
    );
  }
  return {
    ...(minVersion === undefined ? {} : { minVersion: Number(minVersion) }),
    ...(retired === undefined ? {} : { retired: retired === "true" }),
  };
}

async function change(
  deps: PilotIo,
  name: string,
  format: Format,
  call: (client: Client) => Promise<CipherKeyInfo>,
): Promise<void> {
  const key = await withNexus(deps, ({ client }) => naming(name, () => call(client)));
  await printAs(deps, format, { data: () => key, lines: () => [toLine(key)] });
}

/** `spike cipher key list`. */
export async function cipherKeyList(
  deps: PilotIo,
  name: string | undefined,
  format: Format,
): Promise<void> {
  if (name !== undefined) requireName(name, true);
  const keys = await withNexus(
    deps,
    ({ client }) => naming(name ?? "", () => client.listCipherKeys(name)),
  );
  await printAs(deps, format, { data: () => keys, lines: () => keys.map(toLine) });
}

function toLine({ key, version, minVersion, retired, updatedTime }: CipherKeyInfo): string {
  const decrypts = minVersion === 1 ? "" : `, decrypts from ${minVersion}`;
  const state = retired ? ", retired" : "";
  return `${key}: version ${version}${decrypts}${state}, changed ${updatedTime}`;
}

/** The flags of `spike cipher key rewrap`. */
export interface RewrapOptions {
  readonly file?: string;
  readonly out?: string;
  readonly aad?: string;
}

/** `spike cipher key rewrap`: nothing is written unless Nexus has answered. */
export async function cipherKeyRewrap(
  deps: PilotIo,
  name: string,
  { file, out, aad }: RewrapOptions,
  mayAsk: boolean,
): Promise<void> {
  requireName(name, true);
  refuseTerminal(deps, out);
  const key = name === DEFAULT_KEY_NAME ? {} : { key: name };
  const flags = { ...key, ...(aad === undefined ? {} : { aad }) };
  const extras = await readExtras(deps, flags, { isStdinTaken: isStdin(file), mayAsk });
  const input = await readInput(deps, { file, limitBytes: MAX_CIPHER_INPUT_BYTES, mayAsk });
  const blob = await withNexus(
    deps,
    ({ client }) => naming(name, () => client.rewrapBlob(input, extras)),
  );
  await writeTo(deps, out, blob);
}

/** Runs a call about one key; what was refused is told in the words of this command. */
async function naming<T>(name: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw explainKey(error, name);
  }
}
