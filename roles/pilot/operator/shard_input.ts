import { dirname, join } from "node:path";
import { SpikeError } from "../../../lib/error/error.ts";
import { quoteValue } from "../../../lib/text/quote.ts";
import { decodeUtf8 } from "../../../lib/input/utf8.ts";
import { parseManifest, type RecoveryManifest } from "../../../lib/recovery/manifest.ts";
import { parseShard, type Shard } from "../../../lib/shamir/mod.ts";
import {
  type AgeKeys,
  decryptFile,
  isEncrypted,
  readIdentities,
  readPassphrase,
} from "./age_file.ts";
import type { PilotIo } from "../io.ts";
import { readAll, readFile, requireAnswer } from "../terminal/input.ts";
import { hasMark, requireNarrow } from "../terminal/text_file.ts";

/** Longest shard, encrypted to many or not, and longest manifest. */
const MAX_BYTES = 65_536;
const STDIN = "standard input";

/** Where shards come from, and what opens and recognises them. */
export interface ShardSources {
  /** None: one shard from standard input. */
  readonly files: readonly string[];
  readonly identities: readonly string[];
  readonly passphraseFile?: string | undefined;
  readonly manifestFile?: string | undefined;
  readonly mayAsk: boolean;
}

/** A shard and the name of where it came from. The caller wipes it. */
export interface NamedShard {
  readonly shard: Shard;
  readonly from: string;
  /** Of the same export, where one is known. */
  readonly manifest?: RecoveryManifest;
}

/**
 * Reads shards, plain or encrypted, each with the manifest that lies beside it unless one is named.
 *
 * @throws SpikeError `data_invalid_input` for what is no shard, without repeating it
 */
export async function readShards(deps: PilotIo, sources: ShardSources): Promise<NamedShard[]> {
  const keys = await readKeys(deps, sources);
  const { files, manifestFile } = sources;
  const named = manifestFile === undefined ? undefined : await readManifest(manifestFile);
  if (files.length === 0) {
    const shard = await readOne(deps, keys, sources.mayAsk);
    return [{ shard, from: STDIN, ...(named ? { manifest: named } : {}) }];
  }
  const shards: NamedShard[] = [];
  for (const file of files) {
    const bytes = await readFile(file, MAX_BYTES, "Shard file");
    const shard = await toShard(deps, { bytes, keys, name: nameOf(file) });
    const manifest = named ?? await manifestBeside(file);
    shards.push({ shard, from: file, ...(manifest ? { manifest } : {}) });
  }
  return shards;
}

async function readKeys(
  deps: PilotIo,
  { identities, passphraseFile }: ShardSources,
): Promise<AgeKeys> {
  const read = await Promise.all(identities.map(readIdentities));
  if (passphraseFile === undefined) return { identities: read.flat() };
  return { identities: read.flat(), passphrase: await readPassphrase(deps, passphraseFile) };
}

async function readOne(deps: PilotIo, keys: AgeKeys, mayAsk: boolean): Promise<Shard> {
  if (!deps.isTerminal) {
    const bytes = await readAll(deps.stdin, MAX_BYTES, nameOf(STDIN));
    if (bytes.length === 0) {
      throw new SpikeError("usage", "Standard input is empty, expected a shard", {
        hint: "Name shard files, or redirect one: … < spike.recovery.1.txt",
      });
    }
    return await toShard(deps, { bytes, keys, name: nameOf(STDIN) });
  }
  requireAnswer(mayAsk, "shard");
  deps.stderr.print("(your input will be hidden as you paste/type it)");
  deps.stderr.prompt("Enter recovery shard: ");
  const line = await deps.readHidden();
  deps.stderr.print("");
  return parseShard(line);
}

/** What a shard is read from. */
interface ShardText {
  readonly bytes: Uint8Array;
  readonly keys: AgeKeys;
  /** Begins what is said of it. */
  readonly name: string;
}

async function toShard(deps: PilotIo, { bytes, keys, name }: ShardText): Promise<Shard> {
  requireNarrow(bytes, name);
  const text = isEncrypted(bytes) ? await decryptFile(bytes, keys, name) : bytes;
  try {
    requireNarrow(text, name);
    if (hasMark(text)) {
      deps.stderr.print(`Note: ${name} begins with a byte order mark, which is ignored`);
    }
    return about(name, () => parseShard(decodeUtf8(text, "The shard")));
  } finally {
    text.fill(0);
    bytes.fill(0);
  }
}

/** How the place that a shard is from begins a sentence. */
export function nameOf(from: string): string {
  return from === STDIN ? "The shard on standard input" : `File ${quoteValue(from)}`;
}

/** Says which file a failure is about. @throws SpikeError as `work` does */
export function about<T>(name: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof SpikeError)) throw cause;
    const hint = cause.hint === undefined ? {} : { hint: cause.hint };
    throw new SpikeError(cause.code, `${name}: ${cause.message}`, { ...hint, cause });
  }
}

async function readManifest(path: string): Promise<RecoveryManifest> {
  const bytes = await readFile(path, MAX_BYTES, "Manifest");
  const name = `File ${quoteValue(path)}`;
  requireNarrow(bytes, name);
  return about(name, () => parseManifest(decodeUtf8(bytes, "The manifest")));
}

async function manifestBeside(file: string): Promise<RecoveryManifest | undefined> {
  const path = join(dirname(file), "manifest.json");
  try {
    await Deno.stat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new SpikeError("fs_file_open_failed", `File ${quoteValue(path)} cannot be read`, {
      cause: error,
    });
  }
  return await readManifest(path);
}
