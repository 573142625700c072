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

const DIRECTORY = ["[directory]", "Directory of the audit logs or of a copy", "audit"] as const;

function keyOption(): Option {
  return new Option("--key <file>", "Public keys that `spike audit export` wrote")
    .makeOptionMandatory();
}

function addTail(command: Command, deps: PilotIo): void {
  command
    .description("Print the last records of the audit log")
    .option("-n, --number <count>", "Number of records, at most 1000", "20")
    .option("--after <record>", "Print records after this number instead of the last ones")
    .option(...FORMAT)
    .addHelpText("after", "\nRequires read permission on spike/system/audit.")
    .addHelpText("after", example("spike audit tail -n 100"))
    .action(async ({ number, after, format }: TailOptions) => {
      const { auditTail } = await import("./tail.ts");
      await auditTail(deps, { number, after, format: parseFormat(format) });
    });
}

function addExport(command: Command, deps: PilotIo): void {
  command
    .description("Export the public keys and the newest signed checkpoint")
    .option("--out <directory>", "Write them to this directory (default: print them)")
    .option("--records <directory>", "Print all records of the logs in this directory instead")
    .addHelpText(
      "after",
      "\nStore both where users with access to Nexus cannot modify them. `spike audit verify` detects a\n" +
        "truncated log by comparing it with a stored checkpoint. An exported key is never replaced.",
    )
    .addHelpText("after", example("spike audit export --out /media/auditor"))
    .action(async (options: { out?: string; records?: string }) => {
      const { auditExport } = await import("./export.ts");
      await auditExport(deps, options);
    });
}

function addVerify(command: Command, deps: PilotIo): void {
  command
    .description("Verify the files of audit logs, without Nexus")
    .argument(...DIRECTORY)
    .addOption(keyOption())
    .option(
      "--checkpoint <file>",
      "Checkpoint exported earlier (repeatable)",
      (file: string, before?: readonly string[]) => [...before ?? [], file],
    )
    .option(...FORMAT)
    .addHelpText(
      "after",
      "\nReports each deleted, modified, inserted or moved record and its position. Pass checkpoints to\n" +
        "detect truncation at the end. Exits with 2 if verification fails.",
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
    .description("Prove that a log contains a record, or that it extends a checkpoint")
    .argument(...DIRECTORY)
    .addOption(keyOption())
    .option("--record <number>", "Prove that the log contains this record")
    .option("--since <file>", "Prove that the log extends this checkpoint")
    .option("--at <file>", "Prove against this checkpoint (default: newest in the log)")
    .option("--check <file>", "Verify a proof, without a log")
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
  audit.description("Read and verify the audit log");
  addTail(audit.command("tail"), deps);
  addVerify(audit.command("verify"), deps);
  addProof(audit.command("proof"), deps);
  addExport(audit.command("export"), deps);
}
