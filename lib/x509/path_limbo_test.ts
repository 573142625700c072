import assert from "node:assert/strict";
import { nameAbsence, nameCounts, readForeignVectors } from "../spiffe/_vectors.ts";
import { type Certificate, parseCertificate } from "./certificate.ts";
import { DerError } from "./der.ts";
import { validatePath } from "./path.ts";
import { pemDecodeAll } from "./pem.ts";

interface Case {
  id: string;
  trusted_certs: string[];
  untrusted_intermediates: string[];
  peer_certificate: string;
  validation_time: string | null;
  expected_result: "SUCCESS" | "FAILURE";
}

function parse(pem: string): Certificate | undefined {
  const [block] = pemDecodeAll(pem);
  assert(block, "a case without a certificate");
  try {
    return parseCertificate(block.der);
  } catch (error) {
    if (error instanceof DerError) return undefined;
    throw error;
  }
}

const isCertificate = (each: Certificate | undefined) => each !== undefined;

function isValid(c: Case): boolean {
  const leaf = parse(c.peer_certificate);
  if (leaf === undefined) return false;
  const anchors = c.trusted_certs.map(parse).filter(isCertificate);
  const pool = c.untrusted_intermediates.map(parse).filter(isCertificate);
  const instantMs = Date.parse(c.validation_time ?? "2030-01-01T00:00:00Z");
  return validatePath({ leaf, pool, anchors, instantMs }).ok;
}

const cases = readForeignVectors<{ testcases: Case[] }>("limbo-path.json")?.testcases;
if (cases === undefined) nameAbsence("limbo-path.json");
else nameCounts("limbo-path.json", { paths: [34, cases.length] });

for (const c of cases ?? []) {
  Deno.test(`path case ${c.id} is a ${c.expected_result.toLowerCase()}`, () => {
    assert.equal(isValid(c), c.expected_result === "SUCCESS");
  });
}
