/** The command tree. Help loads only this module and the trees; a command loads its code when it runs. */
import { Command } from "commander";
import { VERSION } from "../../lib/version.ts";
import type { PilotIo } from "./io.ts";
import { addDoctor, addStatus, addVersion } from "./status/tree.ts";
import { addAudit } from "./audit/tree.ts";
import { addBackup } from "./backup/tree.ts";
import { addCipher } from "./cipher/tree.ts";
import { addCompletion, addConfig } from "./config/tree.ts";
import { addOperator } from "./operator/tree.ts";
import { addPolicy } from "./policy/tree.ts";
import { addRecover, addRestore } from "./operator/recovery_tree.ts";
import { addGet, addPut, addSecret } from "./secret/tree.ts";
import { addNoInput, described, example, NO_INPUT_OPTION } from "./terminal/option.ts";
import { throwFaults } from "./terminal/usage_fault.ts";

const EPILOGUE = `
Servers, each with its own --help: spike nexus | keeper | bootstrap | dev
Exit codes: 0 ok, 1 usage, 2 failed, 3 denied, 4 not found, 5 conflict, 6 not ready, 130 stopped
${example("spike secret put tenants/acme/db user=ada password=@password.txt")}`;

/** Builds the command tree. Faults are thrown; commander does not exit the process. */
export function createProgram(deps: PilotIo): Command {
  const program = new Command("spike")
    .description("Store and manage secrets. Your SPIFFE identity decides what you may do.")
    .version(`spike ${VERSION}`, "-V, --version", "Print the version of spike")
    .option(...NO_INPUT_OPTION)
    // An option belongs to the command before it, so that a command may have a --version of its own.
    .enablePositionalOptions()
    .configureOutput({
      writeOut: (text) => deps.stdout.print(text.replace(/\n$/, "").split("\n")),
      writeErr: (text) => deps.stderr.print(text.replace(/\n$/, "").split("\n")),
      // The caller reports it once, in the form of all other errors.
      outputError: () => {},
      getOutHelpWidth: () => 100,
      getErrHelpWidth: () => 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .configureHelp({ optionDescription: described, argumentDescription: described })
    .helpOption("-h, --help", "Print this help")
    .helpCommand("help [command]", "Print the help of a command")
    .addHelpText("after", EPILOGUE);
  addSecret(program.command("secret"), deps);
  addPolicy(program.command("policy"), deps);
  addCipher(program.command("cipher"), deps);
  addAudit(program.command("audit"), deps);
  addOperator(program.command("operator"), deps);
  addBackup(program.command("backup"), deps);
  addStatus(program.command("status"), deps);
  addDoctor(program.command("doctor"), deps);
  addConfig(program.command("config"), deps);
  addCompletion(program.command("completion"), deps);
  addVersion(program.command("version"), deps);
  addPut(program.command("put", { hidden: true }), deps);
  addGet(program.command("get", { hidden: true }), deps);
  addRecover(program.command("recover", { hidden: true }), deps);
  addRestore(program.command("restore", { hidden: true }), deps);
  addNoInput(program);
  throwFaults(program);
  return program;
}
