import { SpikeError } from "../../../lib/api/error.ts";
import type { Client } from "../../../lib/client/mod.ts";
import type { PolicyDraft } from "../../../lib/policy/policy.ts";
import type { PilotDeps } from "../deps.ts";
import { readInput } from "../input.ts";
import { checkPolicy, draftOf, givenFlags, type PolicyFlags } from "../policy_input.ts";
import { withNexus } from "../session.ts";

const MAX_FILE_BYTES = 65_536;

/**
 * `spike policy create`: refuses a name that is in use. Looking and writing are two requests, so two of these at
 * the same time may both succeed; the later one counts.
 */
export async function policyCreate(deps: PilotDeps, flags: PolicyFlags): Promise<void> {
  const policy = checkPolicy(draftOf(flags), deps.stderr);
  await withNexus(deps, async ({ client }) => {
    if (await exists(client, policy.name)) {
      throw new SpikeError("entity_conflict", `Policy '${policy.name}' already exists.`, {
        hint: "Nothing was changed; `spike policy apply` replaces it",
      });
    }
    await client.putPolicy(policy);
  });
  deps.stdout.write("Policy created successfully.\n");
}

/** The flags of `spike policy apply`. */
export interface ApplyFlags extends PolicyFlags {
  /** In place of the others. */
  readonly file?: string;
}

/** `spike policy apply`: makes a policy or replaces the one of its name. */
export async function policyApply(
  deps: PilotDeps,
  flags: ApplyFlags,
  mayAsk: boolean,
): Promise<void> {
  const draft = flags.file === undefined
    ? draftOf(flags)
    : await readDraft(deps, { ...flags, file: flags.file }, mayAsk);
  const policy = checkPolicy(draft, deps.stderr);
  await withNexus(deps, ({ client }) => client.putPolicy(policy));
  deps.stdout.write(`Policy '${policy.name}' applied successfully\n`);
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

async function readDraft(
  deps: PilotDeps,
  { file, ...others }: ApplyFlags & { readonly file: string },
  mayAsk: boolean,
): Promise<PolicyDraft> {
  const [other] = givenFlags(others);
  if (other !== undefined) {
    throw new SpikeError("usage", `Flags --file and ${other} cannot be given together`, {
      hint: "A file says all of a policy",
    });
  }
  const bytes = await readInput(deps, { file, limitBytes: MAX_FILE_BYTES, mayAsk });
  const { parsePolicyFile } = await import("../policy_file.ts");
  return parsePolicyFile(file === "-" ? "standard input" : file, new TextDecoder().decode(bytes));
}
