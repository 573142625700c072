/** What is fuzzed: a way to make an input, and what a parser may do with it. */
import assert from "node:assert/strict";
import { SpikeError } from "../../lib/error/error.ts";
import {
  parseAnyBundle,
  parseBundle,
  parseBundleMap,
  parseJwtBundle,
} from "../../lib/spiffe/bundle.ts";
import { parseCertificate } from "../../lib/x509/certificate.ts";
import { DerError } from "../../lib/x509/der.ts";
import { encodeFrame, FrameReader, GrpcError } from "../../lib/workload_api/grpc.ts";
import {
  parseSpiffeId,
  parseTrustDomain,
  pathOf,
  SpiffeIdError,
  trustDomainOf,
} from "../../lib/spiffe/id.ts";
import { parseSvid } from "../../lib/spiffe/svid.ts";
import { verifyPeer } from "../../lib/spiffe/verify.ts";
import {
  decodeX509BundlesResponse,
  decodeX509SvidResponse,
  encodeX509SvidResponse,
} from "../../lib/workload_api/message.ts";
import { toIdentity } from "../../lib/workload_api/snapshot.ts";
import { KEY, TIME } from "./key_target.ts";
import { ANSWER } from "./answer_target.ts";
import { DATE } from "./date_target.ts";
import { PEM } from "./pem_target.ts";
import { HTTP } from "./http_target.ts";
import { WIRE } from "./wire_target.ts";
import { MANIFEST } from "./manifest_target.ts";
import { mutateBytes } from "./mutate_bytes.ts";
import { mutateDer } from "./mutate_der.ts";
import { mutateProto } from "./mutate_proto.ts";
import { mutateId, mutateJson } from "./mutate_text.ts";
import type { Random } from "./random.ts";

/** How a parser took an input. */
export type Outcome = "accepted" | "refused";

/** One parser, or a family of them. */
export interface Target {
  readonly name: string;
  /** Its part of a run, in thousandths. */
  readonly share: number;
  makeInput(random: Random): Uint8Array;
  /** Throws for whatever a parser must never do: another error than its own, or an answer that cannot be right. */
  run(input: Uint8Array): Outcome | Promise<Outcome>;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function vectors<T>(file: string): T {
  return JSON.parse(
    Deno.readTextFileSync(new URL(`../vectors/${file}`, import.meta.url)),
  );
}

/** Runs a parser; its own kind of error is a refusal, anything else gets out. */
function refusal(kind: new (...args: never[]) => Error, parse: () => void): Outcome {
  try {
    parse();
    return "accepted";
  } catch (error) {
    if (error instanceof kind) return "refused";
    throw error;
  }
}

function any(...outcomes: readonly Outcome[]): Outcome {
  return outcomes.includes("accepted") ? "accepted" : "refused";
}

const ids = vectors<{ ids: { input: string }[] }>("spiffe-id.json").ids
  .map(({ input }) => input).filter((input) => input.length < 400);

/** The grammar as the standard writes it, told once more and in another way. */
const GRAMMAR = /^spiffe:\/\/([a-z0-9._-]{1,255})((?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._-]+)*)$/;

const ID: Target = {
  name: "id",
  share: 185,
  makeInput: (random) => encoder.encode(mutateId(random.pick(ids), random)),
  run: (input) => {
    const text = decoder.decode(input);
    const match = text.length <= 2048 ? GRAMMAR.exec(text) : null;
    const outcome = refusal(SpiffeIdError, () => {
      const id = parseSpiffeId(text);
      assert.deepEqual([id, trustDomainOf(id), pathOf(id)], [text, match?.[1], match?.[2]]);
    });
    assert.equal(outcome, match ? "accepted" : "refused", "the grammar says otherwise");
    refusal(SpiffeIdError, () => parseTrustDomain(text));
    return outcome;
  },
};

interface PeerCase {
  readonly chain: string[];
  readonly bundles: Record<string, string[]>;
  readonly at: string;
  readonly spiffe_id?: string;
  readonly expect: string;
}

const peers = vectors<{ cases: PeerCase[] }>("x509-svid.json").cases
  .filter(({ expect, chain }) => expect === "accept" && chain.length > 0)
  .map(({ chain, bundles, at, spiffe_id }) => ({
    chain: chain.map((text) => Uint8Array.fromBase64(text)),
    bundles: new Map(
      Object.entries(bundles).map(([name, anchors]) => [
        parseTrustDomain(name),
        anchors.map((text) => Uint8Array.fromBase64(text)),
      ]),
    ),
    atMs: Date.parse(at),
    id: spiffe_id,
  }));

/** The first byte says which peer's certificate, the second which of its chain, was damaged. */
const CERTIFICATE: Target = {
  name: "certificate",
  share: 160,
  makeInput: (random) => {
    const which = random.below(peers.length);
    const { chain } = peers[which] ?? peerOf(0);
    const position = random.below(chain.length);
    const damaged = mutateDer(chain[position] ?? new Uint8Array(), random);
    return new Uint8Array([which, position, ...damaged]);
  },
  run: (input) => {
    const peer = peerOf(input[0] ?? 0);
    const der = input.subarray(2);
    const outcome = refusal(DerError, () => void parseCertificate(der));
    // What does not parse is refused by the same code in there, so a look now and then is enough.
    if (outcome === "refused" && der.length % 8 > 0) return outcome;
    const chain = peer.chain.map((each, i) => i === (input[1] ?? 0) ? der : each);
    const verdict = verifyPeer(chain, peer.bundles, peer.atMs);
    if (verdict.ok) {
      assert.equal(outcome, "accepted");
      assert.equal(verdict.id, peer.id, "damage made another identity");
    } else assert.match(verdict.message, /^[A-Z]/);
    return outcome;
  },
};

function peerOf(index: number) {
  const peer = peers[index % peers.length];
  if (peer === undefined) throw new Error("there are no peers");
  return peer;
}

interface Material {
  readonly spiffe_id_field: string;
  readonly x509_svid: string;
  readonly x509_svid_key: string;
}

const materials = vectors<{ cases: Material[] }>("x509-svid-material.json").cases
  .map(({ spiffe_id_field, x509_svid, x509_svid_key }) => ({
    spiffeId: spiffe_id_field,
    certificates: Uint8Array.fromBase64(x509_svid),
    privateKey: Uint8Array.fromBase64(x509_svid_key),
  }));

/** The first byte says whose material, the second whether its certificates or its key were damaged. */
const SVID: Target = {
  name: "svid",
  share: 50,
  makeInput: (random) => {
    const which = random.below(materials.length);
    const part = random.below(2);
    const { certificates, privateKey } = materialOf(which);
    return new Uint8Array([which, part, ...mutateDer(part ? privateKey : certificates, random)]);
  },
  run: (input) => {
    const good = materialOf(input[0] ?? 0);
    const damaged = input.slice(2);
    const change = input[1] ? { privateKey: damaged } : { certificates: damaged };
    return refusal(SpikeError, () => void parseSvid({ ...good, ...change }));
  },
};

function materialOf(index: number) {
  const material = materials[index % materials.length];
  if (material === undefined) throw new Error("there is no material");
  return material;
}

const documents = vectors<{ cases: { document: string }[] }>("spiffe-bundle.json").cases
  .map(({ document }) => document);
const someDomain = parseTrustDomain("example.org");

const BUNDLE: Target = {
  name: "bundle",
  share: 120,
  makeInput: (random) => {
    const one = random.pick(documents);
    const whole = random.below(4) === 0
      ? `{"trust_domains":{"a.test":${one},"b.test":${random.pick(documents)}}}`
      : one;
    const text = encoder.encode(mutateJson(whole, random));
    return random.below(4) === 0 ? mutateBytes(text, random) : text;
  },
  run: (input) =>
    any(
      refusal(SpikeError, () => void parseBundle(input)),
      refusal(SpikeError, () => void parseJwtBundle(input)),
      refusal(SpikeError, () => void parseBundleMap(input)),
      refusal(SpikeError, () => void parseAnyBundle(input, someDomain)),
    ),
};

const wire = vectors<{ cases: { hex: string }[]; frames: { hex: string }[] }>("workload-wire.json");
const messages = [
  ...wire.cases.map(({ hex }) => Uint8Array.fromHex(hex)),
  ...materials.map(({ spiffeId, certificates, privateKey }) =>
    encodeX509SvidResponse({
      svids: [{
        spiffeId,
        x509Svid: certificates,
        x509SvidKey: privateKey,
        bundle: peerOf(0).bundles.values().next().value?.[0] ?? new Uint8Array(),
        hint: "internal",
      }],
      crl: [],
      federatedBundles: new Map([["spiffe://other.test", new Uint8Array()]]),
    })
  ),
];

const MESSAGE: Target = {
  name: "message",
  share: 105,
  makeInput: (random) => mutateProto(random.pick(messages), random),
  run: (input) => {
    refusal(SpikeError, () => void decodeX509BundlesResponse(input));
    return refusal(SpikeError, () => {
      const response = decodeX509SvidResponse(input);
      const again = decodeX509SvidResponse(encodeX509SvidResponse(response));
      assert.deepEqual(again, response);
      toIdentity(response, response.svids[0]?.hint ?? "");
    });
  },
};

const streams = [
  ...wire.frames.map(({ hex }) => Uint8Array.fromHex(hex)),
  new Uint8Array(messages.slice(0, 6).flatMap((message) => [...encodeFrame(message)])),
];
const FRAME_LIMIT = 1 << 16;

/** The first byte says in pieces of how many bytes the rest arrives. */
const FRAME: Target = {
  name: "frame",
  share: 105,
  makeInput: (random) => {
    const stream = mutateBytes(random.pick(streams), random);
    return new Uint8Array([random.below(256), ...stream]);
  },
  run: (input) => {
    const stream = input.subarray(1);
    const whole = readFrames(stream, stream.length + 1);
    const pieces = readFrames(stream, 1 + (input[0] ?? 0));
    assert.deepEqual(pieces, whole, "how it was cut made a difference");
    return whole.isRefused ? "refused" : "accepted";
  },
};

function readFrames(stream: Uint8Array, pieceBytes: number) {
  const reader = new FrameReader(FRAME_LIMIT);
  const taken: Uint8Array[] = [];
  const outcome = refusal(GrpcError, () => {
    for (let at = 0; at < stream.length; at += pieceBytes) {
      taken.push(...reader.push(stream.subarray(at, at + pieceBytes)));
    }
  });
  const isRefused = outcome === "refused";
  // What came in the same piece before the refusal is lost with it, so only whole streams are compared.
  return isRefused ? { isRefused } : { isRefused, taken, isAtRest: reader.isBetweenFrames() };
}

/** All of them; their shares make a thousand. */
export const TARGETS: readonly Target[] = [
  ID,
  CERTIFICATE,
  SVID,
  BUNDLE,
  MESSAGE,
  FRAME,
  HTTP,
  WIRE,
  MANIFEST,
  KEY,
  TIME,
  ANSWER,
  DATE,
  PEM,
];
