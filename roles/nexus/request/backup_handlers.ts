import type { Handlers } from "../../../lib/http/app.ts";
import { SpikeError } from "../../../lib/error/mod.ts";
import { STREAM_TYPE, type StreamHandler } from "../../../lib/http/raw.ts";
import type { BackupBegun, BackupPort } from "../../../lib/backup/backup_port.ts";

/** The operations on backups. */
export type BackupOperation = "operator.backup" | "operator.backup.confirm";

const LENGTH_BYTES = 4;

/** Operations with a body in JSON. */
export function createBackupHandlers(core: BackupPort): Handlers<BackupOperation> {
  return {
    "operator.backup": () => {
      throw new SpikeError("api_bad_request", "A backup is answered as a stream only", {
        hint: `Send content-type ${STREAM_TYPE} and no body`,
      });
    },
    "operator.backup.confirm": async ({ sha256 }, call) => {
      if (!/^[0-9a-f]{64}$/.test(sha256)) {
        throw new SpikeError("api_bad_request", "Member sha256 must be 64 lower-case hex digits");
      }
      await core.confirmBackup({ sha256, call });
      return {};
    },
  };
}

/** A backup as it travels: length of the manifest in 4 bytes, big-endian; the manifest; the database. */
export function createBackupStreamHandler(core: BackupPort): StreamHandler {
  return async (body, call) => {
    for await (const piece of body) {
      if (piece.length > 0) throw new SpikeError("api_bad_request", "A backup takes no body");
    }
    const begun = await core.beginBackup({ call });
    const manifest = new TextEncoder().encode(begun.manifest);
    return {
      bytes: pieces(core, begun, manifest),
      length: LENGTH_BYTES + manifest.length + begun.bytes,
      names: { sha256: begun.sha256, bytes: String(begun.bytes) },
    };
  };
}

async function* pieces(
  core: BackupPort,
  { id, bytes }: BackupBegun,
  manifest: Uint8Array,
): AsyncGenerator<Uint8Array> {
  try {
    const head = new Uint8Array(LENGTH_BYTES + manifest.length);
    new DataView(head.buffer).setUint32(0, manifest.length);
    head.set(manifest, LENGTH_BYTES);
    yield head;
    for (let at = 0; at < bytes;) {
      const piece = await core.readBackup({ id, at });
      if (piece.length === 0) throw new Error(`The copy ended after ${at} of ${bytes} bytes`);
      yield piece;
      at += piece.length;
    }
  } finally {
    await core.endBackup({ id });
  }
}
