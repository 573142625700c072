import assert from "node:assert/strict";
import { FakeTimers } from "./_fake_timers.ts";
import { type Authority, createAuthority } from "./authority.ts";
import { type IdentityFiles, openFileSource } from "./file_source.ts";
import { parseSpiffeId, parseTrustDomain } from "./id.ts";
import { pemEncode } from "./pem.ts";
import type { SvidSource, X509Svid } from "./source.ts";

const DOMAIN = parseTrustDomain("spike.ist");
const OTHER = parseTrustDomain("other.test");
const ID = parseSpiffeId("spiffe://spike.ist/w");
const POLL_MS = 1000;

let sharedAuthority: Promise<Authority> | undefined;

function authority(): Promise<Authority> {
  return sharedAuthority ??= createAuthority({ trustDomain: DOMAIN });
}

async function issue(): Promise<X509Svid> {
  return await (await authority()).issue(ID, 3_600_000);
}

interface Scene {
  readonly files: IdentityFiles;
  readonly directory: string;
  readonly timers: FakeTimers;
  readonly log: string[];
  open(files?: IdentityFiles): SvidSource;
  /** Lets one poll happen and waits until it is over. */
  poll(): Promise<void>;
}

async function withScene(run: (scene: Scene) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "spike-files-" });
  const timers = new FakeTimers();
  const log: string[] = [];
  const files = {
    svid: `${directory}/svid.pem`,
    key: `${directory}/key.pem`,
    bundle: `${directory}/bundle.pem`,
  };
  const sources: SvidSource[] = [];
  try {
    await run({
      files,
      directory,
      timers,
      log,
      open: (chosen = files) => {
        const source = openFileSource(chosen, {
          now: timers.now,
          startTimer: timers.start,
          log: (reason) => log.push(reason),
        });
        sources.push(source);
        return source;
      },
      poll: async () => {
        await timers.running(POLL_MS);
        timers.advance(POLL_MS);
        await timers.running(POLL_MS);
      },
    });
  } finally {
    for (const source of sources) await source.close();
    await Deno.remove(directory, { recursive: true });
  }
}

function pemOf(certificates: readonly Uint8Array[]): string {
  return certificates.map((der) => pemEncode("CERTIFICATE", der)).join("");
}

async function write(files: IdentityFiles, svid: X509Svid): Promise<void> {
  await Deno.writeTextFile(files.svid, pemOf(svid.certificates));
  await Deno.writeTextFile(files.key, pemEncode("PRIVATE KEY", svid.privateKey));
  await Deno.writeTextFile(files.bundle, pemOf((await authority()).anchors()));
}

Deno.test("a source of files reads SVID, key and bundle", async () => {
  await withScene(async ({ files, open }) => {
    const svid = await issue();
    await write(files, svid);
    const snapshot = await open().ready(60_000);
    assert.deepEqual(snapshot.svid, svid);
    assert.deepEqual([...snapshot.bundles], [[DOMAIN, (await authority()).anchors()]]);
  });
});

Deno.test("federated bundles are read under the name they are given", async () => {
  await withScene(async ({ files, directory, open }) => {
    const other = await createAuthority({ trustDomain: OTHER });
    const path = `${directory}/other.pem`;
    await write(files, await issue());
    await Deno.writeTextFile(path, pemOf(other.anchors()));
    const { bundles } = await open({ ...files, federated: { [OTHER]: path } }).ready(60_000);
    assert.deepEqual(bundles.get(OTHER), other.anchors());
    assert.deepEqual(bundles.get(DOMAIN), (await authority()).anchors());
  });
});

function bundleDocument(anchors: readonly Uint8Array[]): object {
  const keys = anchors.map((der) => ({ kty: "EC", use: "x509-svid", x5c: [der.toBase64()] }));
  return { keys };
}

Deno.test("a SPIFFE bundle document stands for the SVID's own trust domain", async () => {
  await withScene(async ({ files, open }) => {
    const anchors = (await authority()).anchors();
    await write(files, await issue());
    await Deno.writeTextFile(files.bundle, JSON.stringify(bundleDocument(anchors)));
    const { bundles } = await open().ready(60_000);
    assert.deepEqual([...bundles], [[DOMAIN, anchors]]);
  });
});

Deno.test("a map of bundles brings federated anchors, and must have the own domain", async () => {
  await withScene(async ({ files, open, log, poll }) => {
    const anchors = (await authority()).anchors();
    const other = (await createAuthority({ trustDomain: OTHER })).anchors();
    await write(files, await issue());
    const map = { [OTHER]: bundleDocument(other) };
    await Deno.writeTextFile(files.bundle, JSON.stringify({ trust_domains: map }));
    const source = open();
    await poll();
    assert.match(log.join(), /bundle.pem has no bundle of spike.ist/);
    const both = { ...map, [DOMAIN]: bundleDocument(anchors) };
    await Deno.writeTextFile(files.bundle, JSON.stringify({ trust_domains: both }));
    await poll();
    const { bundles } = source.current();
    assert.deepEqual(bundles.get(OTHER), other);
    assert.deepEqual(bundles.get(DOMAIN), anchors);
  });
});

Deno.test("a bundle document that cannot be read names the file and changes nothing", async () => {
  await withScene(async ({ files, open, poll, log }) => {
    await write(files, await issue());
    const source = open();
    await source.ready(60_000);
    await Deno.writeTextFile(files.bundle, '{"keys":[],"keys":[]}');
    await poll();
    assert.match(log.join(), /bundle.pem: Trust bundle is not usable: .*a name twice/);
    assert.equal(source.current().bundles.get(DOMAIN)?.length, 1);
  });
});

Deno.test("a federated name that is no trust domain is refused at once", () => {
  const files = { svid: "/a", key: "/b", bundle: "/c", federated: { "Other.Test": "/d" } };
  assert.throws(() => openFileSource(files), { code: "spiffe_invalid_spiffe_id" });
});

Deno.test("files that appear late are found", async () => {
  await withScene(async ({ files, open, poll, log }) => {
    const source = open();
    const ready = source.ready(60_000);
    await poll();
    await poll();
    await write(files, await issue());
    await poll();
    assert.equal((await ready).svid.id, ID);
    assert.equal(log.length, 1, "the same reason is logged once");
    assert.match(log[0] ?? "", /svid.pem cannot be read/);
  });
});

Deno.test("a new set of files is taken, an untouched one is not read again", async () => {
  await withScene(async ({ files, open, poll }) => {
    await write(files, await issue());
    const source = open();
    await source.ready(60_000);
    await poll();
    assert.equal(source.current().generation, 1);

    const renewed = await issue();
    await write(files, renewed);
    await poll();
    assert.equal(source.current().generation, 2);
    assert.deepEqual(source.current().svid, renewed);
  });
});

Deno.test("a directory that is swapped behind a link is noticed", async () => {
  await withScene(async ({ directory, open, poll }) => {
    const link = `${directory}/current`;
    const filesIn = (folder: string) => ({
      svid: `${folder}/svid.pem`,
      key: `${folder}/key.pem`,
      bundle: `${folder}/bundle.pem`,
    });
    const second = await issue();
    for (const [name, svid] of [["one", await issue()], ["two", second]] as const) {
      await Deno.mkdir(`${directory}/${name}`);
      await write(filesIn(`${directory}/${name}`), svid);
    }
    await Deno.symlink("one", link);
    const source = open(filesIn(link));
    await source.ready(60_000);

    await Deno.symlink("two", `${directory}/next`);
    await Deno.rename(`${directory}/next`, link);
    await poll();
    assert.deepEqual(source.current().svid, second);
  });
});

Deno.test("a half-written set keeps the former state and is reported once", async () => {
  await withScene(async ({ files, open, poll, log }) => {
    await write(files, await issue());
    const source = open();
    const before = await source.ready(60_000);

    const renewed = await issue();
    await Deno.writeTextFile(files.svid, pemOf(renewed.certificates));
    await poll();
    await poll();
    assert.equal(source.current(), before);
    assert.equal(log.length, 1);
    assert.match(log[0] ?? "", /private key does not belong to the leaf/);

    await Deno.writeTextFile(files.key, pemEncode("PRIVATE KEY", renewed.privateKey));
    await poll();
    assert.deepEqual(source.current().svid, renewed);
  });
});

Deno.test("files that vanish leave the former state", async () => {
  await withScene(async ({ files, open, poll, log }) => {
    await write(files, await issue());
    const source = open();
    const before = await source.ready(60_000);
    await Deno.remove(files.bundle);
    await poll();
    assert.equal(source.current(), before);
    assert.match(log[0] ?? "", /bundle.pem cannot be read/);
  });
});

Deno.test("what is wrong with a file is said with its name and without its content", async () => {
  const svid = await issue();
  const secret = svid.privateKey.toBase64();
  const cases: readonly (readonly [keyof IdentityFiles, string, RegExp])[] = [
    [
      "key",
      pemEncode("EC PRIVATE KEY", svid.privateKey),
      /key.pem has EC PRIVATE KEY, expected PRIV/,
    ],
    ["key", "", /key.pem has no PEM block, expected PRIVATE KEY/],
    ["key", `-----BEGIN PRIVATE KEY-----\n${secret}`, /key.pem: PEM text is malformed/],
    ["svid", "", /svid.pem has no CERTIFICATE/],
    ["bundle", "", /bundle.pem has no CERTIFICATE/],
    ["bundle", pemEncode("CERTIFICATE", new Uint8Array([1, 2])), /bundle.pem: Certificate 1/],
  ];
  for (const [which, text, expected] of cases) {
    await withScene(async ({ files, open, timers }) => {
      await write(files, svid);
      await Deno.writeTextFile(String(files[which]), text);
      const source = open();
      const ready = source.ready(5000);
      await timers.running(POLL_MS);
      timers.advance(5000);
      await assert.rejects(ready, (error: Error) => {
        assert.match(error.message, expected);
        assert(!error.message.includes(secret.slice(0, 20)));
        return true;
      });
    });
  }
});

Deno.test("close() ends the polling", async () => {
  await withScene(async ({ files, open, timers }) => {
    await write(files, await issue());
    const source = open();
    await source.ready(60_000);
    await source.close();
    assert.deepEqual(timers.delays(), []);
    assert.throws(() => source.current(), /it was closed/);
  });
});
