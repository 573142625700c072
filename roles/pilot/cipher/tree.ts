import type { Command } from "commander";
import type { DecryptOptions } from "./decrypt.ts";
import type { EncryptOptions } from "./encrypt.ts";
import type { PilotIo } from "../io.ts";
import { addCipherKey } from "./key_tree.ts";
import { example, mayAsk, NO_INPUT_OPTION } from "../terminal/option.ts";

const FILE = ["-f, --file <file>", "Input file (default: standard input)"] as const;
const OUT = [
  "-o, --out <file>",
  "Output file, mode 0600 (default: standard output)",
] as const;
const ALGORITHM = ["--algorithm <hint>", "Algorithm hint; Nexus ignores it"] as const;

const KEY = ["--key <name>", "Name of the cipher key (default: the default key)"] as const;
const AAD = [
  "--aad <text>",
  "Additional authenticated data: text, @file or - (stdin); decrypt requires the same",
] as const;

const ENCRYPT_MODES = `
Input of up to 65520 bytes becomes a binary blob, longer input a stream. With --plaintext the output
is a JSON object of version, nonce and ciphertext. \`spike cipher decrypt\` accepts all three.`;

const DECRYPT_MODES = `
The input is a blob, a stream or a JSON object as encrypt wrote it. A file is written only if all of
the input is authentic. Standard output may receive the first part of a stream that was modified
or truncated: use it only if the exit code is 0.`;

function addEncrypt(command: Command, deps: PilotIo): void {
  command
    .description("Encrypt data with a key that stays in Nexus")
    .option(...FILE)
    .option(...OUT)
    .option(...KEY)
    .option(...AAD)
    .option("--stream", "Write a stream even if the input is short")
    .option(
      "--plaintext <base64>",
      "Encrypt these bytes (visible to other users in the process list)",
    )
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
    .description("Decrypt the output of `spike cipher encrypt`")
    .option(...FILE)
    .option(...OUT)
    .option(...KEY)
    .option(...AAD)
    .option("--version <0-255>", "Version of the key (default: 1)")
    .option("--nonce <base64>", "Nonce, 12 bytes")
    .option("--ciphertext <base64>", "Ciphertext with its tag")
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
  cipher.description("Encrypt and decrypt data that is stored outside Nexus");
  addEncrypt(cipher.command("encrypt"), deps);
  addDecrypt(cipher.command("decrypt"), deps);
  addCipherKey(cipher.command("key"), deps);
}
