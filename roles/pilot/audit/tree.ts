import { type Command, Option } from "commander";
import type { PilotIo } from "../io.ts";
import { parseFormat } from "../terminal/format.ts";
import { example, FORMAT, type FormatOption } from "../terminal/option.ts";

interface TailOptions extends FormatOption {
  readonly after?: string;
  readonly number: string;
}

interface VerifyOptions extends FormatOption {
  readonly key: string;
  readonly checkpoint?: readonly string[];
}

interface ProofOptions {
  readonly key: string;
  readonly record?: string;
  readonly since?: string;
  readonly at?: string;
  readonly check?: string;
}

const DIRECTORY = ["[directory]", "directory of the logs, or of a copy", "audit"] as const;

function keyOption(): Option {
  return new Option("--key <file>", "public keys, as `spike audit export` wrote them")
    .makeOptionMandatory();
}

function addTail(command: Command, deps: PilotIo): void {
  command
    .description("print the last records of the audit log")
    .option("-n, --number <count>", "how many, at most 1000", "20")
    .option("--after <record>", "from the one after this number on, instead of the last ones")
    .option(...FORMAT)
    .addHelpText("after", "\nNeeds read permission on spike/system/audit.")
    .addHelpText("after", example("spike audit tail -n 100"))
    .action(async ({ number, after, format }: TailOptions) => {
      const { auditTail } = await import("./tail.ts");
      await auditTail(deps, { number, after, format: parseFormat(format) });
    });
}

function addExport(command: Command, deps: PilotIo): void {
  command
    .description("write the public keys and the newest signed checkpoint")
    .option("--out <directory>", "write them there; without it they are printed")
    .option("--records <directory>", "print all records of the logs in a directory instead")
    .addHelpText(
      "after",
      "\nKeep both where nobody who reaches Nexus can change them: whatever is cut off a log later is\n" +
        "found against any checkpoint that was kept. A key that was exported before is never replaced.",
    )
    .addHelpText("after", example("spike audit export --out /media/auditor"))
    .action(async (options: { out?: string; records?: string }) => {
      const { auditExport } = await import("./export.ts");
      await auditExport(deps, options);
    });
}

function addVerify(command: Command, deps: PilotIo): void {
  command
    .description("verify audit logs from their files; needs no Nexus")
    .argument(...DIRECTORY)
    .addOption(keyOption())
    .option(
      "--checkpoint <file>",
      "a checkpoint that was kept; may be given more than once",
      (file: string, before?: readonly string[]) => [...before ?? [], file],
    )
    .option(...FORMAT)
    .addHelpText(
      "after",
      "\nFinds every record that was deleted, changed, inserted or moved, and says where. What was cut\n" +
        "off at the end is found against checkpoints that were kept. Ends with 2 when there is something.",
    )
    .addHelpText(
      "after",
      example("spike audit verify /var/lib/spike/audit --key keys.txt --checkpoint may.checkpoint"),
    )
    .action(async (directory: string, { key, checkpoint = [], format }: VerifyOptions) => {
      const { auditVerify } = await import("./verify.ts");
      await auditVerify(deps, { directory, key, checkpoint, format: parseFormat(format) });
    });
}

function addProof(command: Command, deps: PilotIo): void {
  command
    .description("prove that a record is in a log, or that a checkpoint is its beginning")
    .argument(...DIRECTORY)
    .addOption(keyOption())
    .option("--record <number>", "prove that this record is in the log")
    .option("--since <file>", "prove that the log goes on from this checkpoint")
    .option("--at <file>", "against this checkpoint (default: the newest in the log)")
    .option("--check <file>", "check a proof; needs no log")
    .addHelpText(
      "after",
      example(
        "spike audit proof /var/lib/spike/audit --key keys.txt --record 4711 > proof.json",
        "spike audit proof --key keys.txt --check proof.json",
      ),
    )
    .action(async (directory: string, options: ProofOptions) => {
      const { auditProof } = await import("./proof.ts");
      await auditProof(deps, { directory, ...options });
    });
}

/** `spike audit …`. */
export function addAudit(audit: Command, deps: PilotIo): void {
  audit.description("read and verify what was asked of Nexus, by whom");
  addTail(audit.command("tail"), deps);
  addVerify(audit.command("verify"), deps);
  addProof(audit.command("proof"), deps);
  addExport(audit.command("export"), deps);
}
