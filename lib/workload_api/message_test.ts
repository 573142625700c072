import assert from "node:assert/strict";
import { SpikeError } from "../error/error.ts";
import { nameCounts, readVectors } from "../spiffe/_vectors.ts";
import {
  decodeX509BundlesResponse,
  decodeX509SvidResponse,
  encodeX509BundlesResponse,
  encodeX509SvidResponse,
  type X509SvidResponse,
} from "./message.ts";

interface PlainResponse {
  readonly svids: readonly {
    readonly spiffe_id: string;
    readonly x509_svid: string;
    readonly x509_svid_key: string;
    readonly bundle: string;
    readonly hint: string;
  }[];
  readonly crl: readonly string[];
  readonly federated_bundles: Record<string, string>;
}

interface WireCase {
  readonly id: string;
  readonly hex: string;
  readonly decode: PlainResponse | null;
  readonly also_ok?: PlainResponse;
  readonly why: string;
}

const { cases } = readVectors<{ cases: WireCase[] }>("workload-wire.json");
nameCounts("workload-wire.json", { messages: [27, cases.length] });

function plain(message: X509SvidResponse): PlainResponse {
  return {
    svids: message.svids.map((svid) => ({
      spiffe_id: svid.spiffeId,
      x509_svid: svid.x509Svid.toBase64(),
      x509_svid_key: svid.x509SvidKey.toBase64(),
      bundle: svid.bundle.toBase64(),
      hint: svid.hint,
    })),
    crl: message.crl.map((crl) => crl.toBase64()),
    federated_bundles: Object.fromEntries(
      [...message.federatedBundles].map(([key, value]) => [key, value.toBase64()]),
    ),
  };
}

for (const vector of cases) {
  const wanted = vector.decode ?? vector.also_ok;
  Deno.test(`decodeX509SvidResponse() handles ${vector.id}: ${vector.why}`, () => {
    const bytes = Uint8Array.fromHex(vector.hex);
    if (wanted === undefined) {
      assert.throws(() => decodeX509SvidResponse(bytes), (error) => {
        assert(error instanceof SpikeError);
        assert.equal(error.code, "data_unmarshal_failure");
        return true;
      });
      return;
    }
    const message = decodeX509SvidResponse(bytes);
    assert.deepEqual(plain(message), wanted);
    assert.deepEqual(plain(decodeX509SvidResponse(encodeX509SvidResponse(message))), wanted);
  });
}

Deno.test("encodeX509SvidResponse() writes the canonical bytes of the usual cases", () => {
  for (const id of ["one", "hint", "two", "federated", "crl", "empty-message", "missing-key"]) {
    const vector = cases.find((candidate) => candidate.id === id);
    assert(vector !== undefined, id);
    const message = decodeX509SvidResponse(Uint8Array.fromHex(vector.hex));
    assert.equal(encodeX509SvidResponse(message).toHex(), vector.hex, id);
  }
});

Deno.test("decodeX509SvidResponse() never reads past the end of a cut message", () => {
  const vector = cases.find((candidate) => candidate.id === "federated");
  assert(vector !== undefined);
  const bytes = Uint8Array.fromHex(vector.hex);
  const boundaries = new Set([0, 41, bytes.length]);
  for (let length = 0; length <= bytes.length; length++) {
    const cut = bytes.subarray(0, length);
    if (boundaries.has(length)) decodeX509SvidResponse(cut);
    else assert.throws(() => decodeX509SvidResponse(cut), { code: "data_unmarshal_failure" });
  }
});

Deno.test("X509BundlesResponse keeps CRLs in field 1 and bundles in field 2", () => {
  const message = {
    crl: [new Uint8Array([0x30, 0])],
    bundles: new Map([["spiffe://a.test", new Uint8Array([0x30, 1, 0xaa])]]),
  };
  const bytes = encodeX509BundlesResponse(message);
  assert.equal(bytes.toHex(), "0a02300012160a0f7370696666653a2f2f612e7465737412033001aa");
  assert.deepEqual(decodeX509BundlesResponse(bytes), message);
  assert.throws(() => decodeX509BundlesResponse(new Uint8Array([0x12, 5])), {
    code: "data_unmarshal_failure",
  });
});
