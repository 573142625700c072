import { SpikeError } from "../../../lib/error/error.ts";
import { decodeUtf8 } from "../../../lib/input/utf8.ts";
import type { Client } from "../../../lib/client/mod.ts";
import { type Policy, unanchoredPatterns } from "../../../lib/policy/policy.ts";
import type { PilotIo } from "../io.ts";
import { parseFormat, printAs } from "../terminal/format.ts";
import { isStdin, readInput } from "../terminal/input.ts";
import { checkPolicy, draftOf, givenFlags, type PolicyFlags, warnUnanchored } from "./input.ts";
import { withNexus } from "../session.ts";

const MAX_FILE_BYTES = 65_536;

/**
 * `spike policy create`: refuses a name that is in use. Looking and writing are two requests, so two of these at
 * the same time may both succeed; the later one counts.
 */
export async function policyCreate(deps: PilotIo, flags: PolicyFlags): Promise<void> {
  const policy = checkPolicy(draftOf(flags), deps.stderr);
  await withNexus(deps, async ({ client }) => {
    if (await exists(client, policy.name)) {
      throw new SpikeError("entity_conflict", `Policy '${policy.name}' already exists.`, {
        hint: "Nothing was changed; `spike policy apply` replaces it",
      });
    }
    await client.putPolicy(policy);
  });
  deps.stdout.print("Policy created successfully.");
}

/** The flags of `spike policy apply`. */
export interface ApplyFlags extends PolicyFlags {
  /** In place of the others: a file, or a directory of files. */
  readonly file?: string;
  readonly dryRun?: boolean;
  readonly prune?: boolean;
  readonly yes?: boolean;
  readonly format: string;
}

/** `spike policy apply`: makes a policy or replaces the one of its name, or does so with all of a directory. */
export async function policyApply(
  deps: PilotIo,
  { format, ...flags }: ApplyFlags,
  mayAsk: boolean,
): Promise<void> {
  const { file, dryRun = false, prune = false, yes = false, ...others } = flags;
  const parsed = parseFormat(format);
  if (file !== undefined) refuseBoth(others);
  if (file !== undefined && (dryRun || prune || await isDirectory(file))) {
    const { policyPlan } = await import("./plan.ts");
    const how = { isDryRun: dryRun, prunes: prune, isAgreed: yes, mayAsk, format: parsed };
    return await policyPlan(deps, { path: file, ...how });
  }
  if (dryRun || prune) {
    throw new SpikeError("usage", "Flags --dry-run and --prune need --file", {
      hint: "Pass a directory of policies or a file",
    });
  }
  const policy = file === undefined
    ? checkPolicy(draftOf(others), deps.stderr)
    : await readPolicy(deps, file, mayAsk);
  await withNexus(deps, ({ client }) => client.putPolicy(policy));
  await printAs(deps, parsed, {
    data: () => ({ name: policy.name, applied: true }),
    lines: () => [`Policy '${policy.name}' applied successfully`],
  });
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return !isStdin(path) && (await Deno.stat(path)).isDirectory;
  } catch {
    // Whoever reads it says what is wrong with it.
    return false;
  }
}

function refuseBoth(others: PolicyFlags): void {
  const [other] = givenFlags(others);
  if (other === undefined) return;
  throw new SpikeError("usage", `Flags --file and ${other} cannot be given together`, {
    hint: "The file contains the complete policy",
  });
}

async function exists(client: Client, name: string): Promise<boolean> {
  try {
    await client.getPolicy(name);
    return true;
  } catch (error) {
    if (error instanceof SpikeError && error.code === "api_not_found") return false;
    throw error;
  }
}

/** The policy of a file; what is wrong with it, or seems so, is told with file and line. */
async function readPolicy(deps: PilotIo, file: string, mayAsk: boolean): Promise<Policy> {
  const bytes = await readInput(deps, { file, limitBytes: MAX_FILE_BYTES, mayAsk });
  const { parsePolicyFile } = await import("./file.ts");
  const { checkPlaced } = await import("./set.ts");
  const name = isStdin(file) ? "standard input" : file;
  const text = decodeUtf8(bytes, isStdin(file) ? "Standard input" : `File ${JSON.stringify(file)}`);
  const checked = checkPlaced(parsePolicyFile(name, text));
  if (checked instanceof SpikeError) throw checked;
  const { policy, line } = checked;
  for (const member of unanchoredPatterns(policy)) {
    warnUnanchored(deps.stderr, policy, member, `${name}:${line}: `);
  }
  return policy;
}
