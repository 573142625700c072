import type { Command } from "commander";
import type { DecryptOptions } from "./decrypt.ts";
import type { EncryptOptions } from "./encrypt.ts";
import type { PilotIo } from "../io.ts";
import { addCipherKey } from "./key_tree.ts";
import { example, mayAsk, NO_INPUT_OPTION } from "../terminal/option.ts";

const FILE = ["-f, --file <file>", "input (default: standard input)"] as const;
const OUT = [
  "-o, --out <file>",
  "output, readable by you alone (default: standard output)",
] as const;
const ALGORITHM = ["--algorithm <hint>", "a hint that Nexus ignores"] as const;

const KEY = ["--key <name>", "a named key (default: the one that needs no name)"] as const;
const AAD = [
  "--aad <text>",
  "bind it to this text, to @file or to - (stdin); decrypt needs it, too",
] as const;

const ENCRYPT_MODES = `
Up to 65520 bytes become one binary blob; more become a stream, of any length. With --plaintext the
output is a JSON object of version, nonce and ciphertext. \`spike cipher decrypt\` takes each of them.`;

const DECRYPT_MODES = `
The input is a blob, a stream or a JSON object, whichever encrypt wrote. A file is written whole or
not at all; of a stream that was changed or cut short, standard output may have got a beginning:
count on it only when the exit code is 0.`;

function addEncrypt(command: Command, deps: PilotIo): void {
  command
    .description("encrypt with a key that Nexus keeps")
    .option(...FILE)
    .option(...OUT)
    .option(...KEY)
    .option(...AAD)
    .option("--stream", "make a stream, even of little")
    .option("--plaintext <base64>", "encrypt these bytes (others can see them in the process list)")
    .option(...ALGORITHM)
    .option(...NO_INPUT_OPTION)
    .addHelpText("after", ENCRYPT_MODES)
    .addHelpText("after", example("spike cipher encrypt --file backup.tar --out backup.tar.enc"))
    .action(async (options: EncryptOptions, command: Command) => {
      const { cipherEncrypt } = await import("./encrypt.ts");
      await cipherEncrypt(deps, options, mayAsk(command));
    });
}

function addDecrypt(command: Command, deps: PilotIo): void {
  command
    .description("decrypt what `spike cipher encrypt` wrote")
    .option(...FILE)
    .option(...OUT)
    .option(...KEY)
    .option(...AAD)
    .option("--version <0-255>", "version of the key (default: 1)")
    .option("--nonce <base64>", "nonce, 12 bytes")
    .option("--ciphertext <base64>", "ciphertext with its tag")
    .option(...ALGORITHM)
    .option(...NO_INPUT_OPTION)
    .addHelpText("after", DECRYPT_MODES)
    .addHelpText("after", example("spike cipher decrypt --file backup.tar.enc --out backup.tar"))
    .action(async (options: DecryptOptions, command: Command) => {
      const { cipherDecrypt } = await import("./decrypt.ts");
      await cipherDecrypt(deps, options, mayAsk(command));
    });
}

/** `spike cipher …`. */
export function addCipher(cipher: Command, deps: PilotIo): void {
  cipher.description("encrypt and decrypt data that are kept elsewhere");
  addEncrypt(cipher.command("encrypt"), deps);
  addDecrypt(cipher.command("decrypt"), deps);
  addCipherKey(cipher.command("key"), deps);
}
