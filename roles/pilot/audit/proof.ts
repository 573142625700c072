import {
  consistencyProof,
  feedLog,
  inclusionProof,
  leafOf,
  type LogKey,
  LogVerifier,
  nativeHash,
  nativeVerifier,
  rangeHashOf,
  verifyConsistency,
  verifyInclusion,
} from "../../../lib/audit/mod.ts";
import { SpikeError } from "../../../lib/error/error.ts";
import { quoteValue } from "../../../lib/text/quote.ts";
import { logsIn, readCheckpoint, readKeys, readText, requireCheckpoint } from "./files.ts";
import type { PilotIo } from "../io.ts";
import { printAs } from "../terminal/format.ts";
import { parseCount } from "./tail.ts";

/** What `spike audit proof` was given. */
export interface ProofInput {
  readonly directory: string;
  readonly key: string;
  readonly record?: string;
  readonly since?: string;
  readonly at?: string;
  readonly check?: string;
}

/** A proof as it is written: whoever has the key needs nothing else to check it. */
type Proof =
  | {
    readonly kind: "inclusion";
    readonly record: number;
    /** The record itself; its hash where it was dropped after its time. */
    readonly text?: string;
    readonly leaf: string;
    readonly checkpoint: string;
    readonly proof: readonly string[];
  }
  | {
    readonly kind: "consistency";
    readonly since: string;
    readonly checkpoint: string;
    readonly proof: readonly string[];
  };

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const base64 = (hashes: readonly Uint8Array[]) => hashes.map((hash) => hash.toBase64());

/** `spike audit proof`. */
export async function auditProof(deps: PilotIo, input: ProofInput): Promise<void> {
  const keys = await readKeys(input.key);
  const given = [input.record, input.since, input.check].filter((one) => one !== undefined);
  if (given.length !== 1) {
    throw new SpikeError("usage", "Exactly one of --record, --since and --check is required");
  }
  if (input.check !== undefined) return await checkProof(deps, input.check, keys);
  const proof = input.record === undefined
    ? await proveConsistency(input, keys)
    : await proveInclusion(input, keys);
  await printAs(deps, "json", { data: () => proof, lines: () => [] });
}

/** All hashes of a log that verifies, the checkpoint to prove against, and the text of one record. */
async function readTree(
  { directory, at }: ProofInput,
  key: LogKey,
  keys: readonly LogKey[],
  wanted?: number,
) {
  const leaves: Uint8Array[] = [];
  let text: Uint8Array | undefined;
  const verifier = new LogVerifier({
    key,
    hash: nativeHash,
    verify: nativeVerifier(),
    onLeaf: (leaf) => leaves.push(leaf),
    onRecord: (n, bytes) => {
      if (n === wanted) text = bytes.slice();
    },
  });
  await feedLog(verifier, directory, key.log);
  const { findings, newest } = verifier.end();
  if (findings.length > 0) {
    throw new SpikeError("state_integrity_check", "The log does not verify; no proof was made", {
      hint: "Run `spike audit verify`",
    });
  }
  const note = at === undefined ? newest : await readText("Checkpoint", at);
  if (note === undefined) {
    throw new SpikeError("data_invalid_input", "The log has no signed checkpoint yet");
  }
  const checkpoint = requireCheckpoint(note, at ?? "newest", keys);
  if (checkpoint.size > leaves.length) {
    throw new SpikeError("state_integrity_check", "The log is shorter than the checkpoint");
  }
  return { note, checkpoint, leaves, text, range: rangeHashOf(leaves, nativeHash) };
}

async function proveInclusion(input: ProofInput, keys: readonly LogKey[]): Promise<Proof> {
  const record = parseCount("--record", input.record ?? "", 0, Number.MAX_SAFE_INTEGER);
  const key = await keyFor(input, keys);
  const tree = await readTree(input, key, keys, record);
  const { note, checkpoint, leaves, text, range } = tree;
  const leaf = leaves[record];
  if (leaf === undefined || record >= checkpoint.size) {
    throw new SpikeError(
      "data_invalid_input",
      `Record ${record} is not among the ${checkpoint.size} records of the checkpoint`,
    );
  }
  return {
    kind: "inclusion",
    record,
    ...(text ? { text: decoder.decode(text) } : {}),
    leaf: leaf.toBase64(),
    checkpoint: note,
    proof: base64(inclusionProof(record, checkpoint.size, range)),
  };
}

async function proveConsistency(input: ProofInput, keys: readonly LogKey[]): Promise<Proof> {
  const since = await readText("Checkpoint", input.since ?? "");
  const first = requireCheckpoint(since, input.since ?? "", keys);
  const key = keys.find(({ log }) => log === first.log) as LogKey;
  const { note, checkpoint, range } = await readTree(input, key, keys);
  if (first.size > checkpoint.size) {
    throw new SpikeError(
      "state_integrity_check",
      `The log has ${checkpoint.size} records, the checkpoint that was kept ${first.size}`,
    );
  }
  const proof = base64(consistencyProof(first.size, checkpoint.size, range));
  return { kind: "consistency", since, checkpoint: note, proof };
}

/** The log that a checkpoint names, or the only one there is. */
async function keyFor({ directory, at }: ProofInput, keys: readonly LogKey[]): Promise<LogKey> {
  const here = logsIn(directory, keys);
  const named = at === undefined ? undefined : (await readCheckpoint(at, keys)).log;
  const found = named === undefined ? here : here.filter(({ log }) => log === named);
  const [only] = found;
  if (only && found.length === 1) return only;
  throw new SpikeError(
    "usage",
    `Directory ${quoteValue(directory)} holds ${found.length} logs of the keys given`,
    { hint: "Select one with --at CHECKPOINT, or pass the key of one log only" },
  );
}

async function checkProof(deps: PilotIo, path: string, keys: readonly LogKey[]): Promise<void> {
  const proof = parseProof(await readText("Proof", path), path);
  const tree = requireCheckpoint(proof.checkpoint, path, keys);
  const hashes = proof.proof.map((hash) => Uint8Array.fromBase64(hash));
  if (proof.kind === "consistency") {
    const first = requireCheckpoint(proof.since, path, keys);
    require(verifyConsistency(first, tree, hashes) && first.log === tree.log, path);
    deps.stdout.print(
      `The first ${first.size} of ${tree.size} records are those of the checkpoint`,
    );
    return;
  }
  const leaf = proof.text === undefined
    ? Uint8Array.fromBase64(proof.leaf)
    : leafOf(encoder.encode(proof.text));
  require(verifyInclusion(leaf, proof.record, tree, hashes), path);
  deps.stdout.print(
    `Record ${proof.record} is one of the ${tree.size} records of the checkpoint`,
  );
}

function require(holds: boolean, path: string): void {
  if (holds) return;
  throw new SpikeError(
    "state_integrity_check",
    `The proof in ${quoteValue(path)} does not hold`,
  );
}

function parseProof(text: string, path: string): Proof {
  try {
    const proof = JSON.parse(text);
    if (isProof(proof)) return proof;
  } catch {
    // What is no JSON is no proof either.
  }
  throw new SpikeError("data_invalid_input", `File ${quoteValue(path)} is not a proof`);
}

function isProof(value: unknown): value is Proof {
  const proof: Readonly<Record<string, unknown>> = Object(value);
  const hashes = proof["proof"];
  if (!Array.isArray(hashes) || !hashes.every(isHash)) return false;
  if (typeof proof["checkpoint"] !== "string") return false;
  if (proof["kind"] === "consistency") return typeof proof["since"] === "string";
  const { text } = proof;
  return proof["kind"] === "inclusion" && Number.isSafeInteger(proof["record"]) &&
    Number(proof["record"]) >= 0 && (text === undefined || typeof text === "string") &&
    isHash(proof["leaf"]);
}

/** Whether something is SHA-256 in base64. */
function isHash(text: unknown): boolean {
  return typeof text === "string" && /^[A-Za-z0-9+/]{43}=$/.test(text);
}
