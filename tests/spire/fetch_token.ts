import { connect } from "node:http2";
import { connect as dial } from "node:net";
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { encodeFrame, FrameReader } from "../../lib/workload_api/grpc.ts";

/** Asks an agent's unix socket for a JWT-SVID of this process; undefined while it has no identity. */
export function fetchToken(path: string, audience: string): Promise<string | undefined> {
  const session = connect("http://localhost", { createConnection: () => dial({ path }) });
  const call = session.request({
    ":method": "POST",
    ":path": "/SpiffeWorkloadAPI/FetchJWTSVID",
    "content-type": "application/grpc",
    "te": "trailers",
    "workload.spiffe.io": "true",
  });
  const frames = new FrameReader();
  const messages: Uint8Array[] = [];
  call.on("data", (chunk: Uint8Array) => messages.push(...frames.push(chunk)));
  call.end(
    encodeFrame(new BinaryWriter().tag(1, WireType.LengthDelimited).string(audience).finish()),
  );
  return new Promise((resolve, reject) => {
    session.once("error", reject);
    call.once("error", reject);
    call.once("close", () => {
      session.destroy();
      const [first] = messages;
      resolve(first && tokenIn(first));
    });
  });
}

/** JWTSVIDResponse: field 1 are identities, field 2 of each its token. */
function tokenIn(message: Uint8Array): string | undefined {
  const svid = fieldOf(message, 1);
  const token = svid && fieldOf(svid, 2);
  return token && new TextDecoder().decode(token);
}

function fieldOf(message: Uint8Array, wanted: number): Uint8Array | undefined {
  const reader = new BinaryReader(message);
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === wanted && wireType === WireType.LengthDelimited) return reader.bytes();
    reader.skip(wireType, field);
  }
  return undefined;
}
