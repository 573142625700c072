import { SpikeError } from "../error/error.ts";
import { following } from "../bytes/following.ts";

/** A backup that is being received. */
export interface ReceivedBackup {
  /** The signed manifest. */
  readonly manifest: string;
  /** The database; throws if it is incomplete. */
  readonly database: AsyncIterable<Uint8Array>;
}

const LENGTH_BYTES = 4;
/** No manifest is longer. */
const MAX_MANIFEST_BYTES = 1024 * 1024;

/** Takes a backup apart: length of its manifest in 4 bytes, big-endian; the manifest; the database. */
export async function receiveBackup(stream: AsyncIterable<Uint8Array>): Promise<ReceivedBackup> {
  const pieces = stream[Symbol.asyncIterator]();
  let held: Uint8Array = new Uint8Array(0);
  const take = async (length: number): Promise<Uint8Array> => {
    while (held.length < length) {
      const { value, done } = await pieces.next();
      if (done) throw unreadable("it ended before its manifest did");
      held = joined(held, value);
    }
    const taken = held.subarray(0, length);
    held = held.subarray(length);
    return taken;
  };
  try {
    const head = await take(LENGTH_BYTES);
    const length = new DataView(head.buffer, head.byteOffset).getUint32(0);
    if (length > MAX_MANIFEST_BYTES) throw unreadable(`its manifest would have ${length} bytes`);
    const manifest = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
      .decode(await take(length));
    return { manifest, database: following(held, pieces) };
  } catch (error) {
    await pieces.return?.();
    throw error instanceof TypeError ? unreadable("its manifest is not text") : error;
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}

function unreadable(why: string): SpikeError {
  return new SpikeError("data_unmarshal_failure", `The backup of Nexus cannot be read: ${why}`, {
    hint: "Check that SPIKE_NEXUS_API_URL names a Nexus, and that its version is compatible",
  });
}
