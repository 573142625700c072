import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import { FakeTimers } from "./_fake_timers.ts";
import { type Authority, createAuthority } from "../authority/authority.ts";
import { type IdentityFiles, openFileSource } from "./file_source.ts";
import { parseSpiffeId, parseTrustDomain } from "./id.ts";
import { pemEncode } from "../x509/pem.ts";
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

const utf16 = (text: string) =>
  Uint8Array.from([0xff, 0xfe, ...[...text].flatMap((c) => [c.charCodeAt(0), 0])]);

Deno.test("keys in SEC1 form and files with a mark of UTF-8 are read", async () => {
  const svid = await issue();
  await withScene(async ({ files, open }) => {
    await write(files, svid);
    const key = createPrivateKey({ key: svid.privateKey, format: "der", type: "pkcs8" } as never);
    const pem = key.export({ format: "pem", type: "sec1" }).toString();
    await Deno.writeTextFile(files.key, `\ufeff${pem}`);
    await Deno.writeTextFile(files.svid, `\ufeff${pemOf(svid.certificates)}`);
    const read = (await open().ready(60_000)).svid.privateKey;
    const again = createPrivateKey({ key: read, format: "der", type: "pkcs8" } as never);
    assert(key.equals(again));
  });
});

Deno.test("what is no text of PEM is named without its content, and the hint says what to do", async () => {
  const svid = await issue();
  const pem = pemEncode("PRIVATE KEY", svid.privateKey);
  const cases: readonly (readonly [string, Uint8Array, RegExp, RegExp])[] = [
    ["UTF-16 with a mark", utf16(pem), /key.pem is UTF-16 text/, /iconv -f UTF-16/],
    ["UTF-16 without", utf16(pem).subarray(2), /key.pem is UTF-16 text/, /iconv/],
    ["DER", svid.privateKey, /key.pem is binary/, /openssl pkey -inform DER/],
    ["zeros", new Uint8Array(5000), /key.pem is binary/, /DER/],
    [
      "an encrypted key",
      new TextEncoder().encode(pem.replaceAll("PRIV", "ENCRYPTED PRIV")),
      /key.pem is encrypted/,
      /openssl pkcs8 -topk8 -nocrypt -in \S+key.pem -out \S+key.pem.pkcs8/,
    ],
  ];
  for (const [what, bytes, message, hint] of cases) {
    await withScene(async ({ files, open, timers }) => {
      await write(files, svid);
      await Deno.writeFile(files.key, bytes);
      const ready = open().ready(5000);
      await timers.running(POLL_MS);
      timers.advance(5000);
      await assert.rejects(ready, (error: Error & { hint?: string }) => {
        assert.match(error.message, message, what);
        assert.match(error.hint ?? "", hint, what);
        return true;
      });
    });
  }
});

Deno.test("what is larger than any bundle, or is not a file, is not read", async () => {
  await withScene(async ({ files, directory, open, poll, log }) => {
    await write(files, await issue());
    const source = open();
    await source.ready(60_000);
    await Deno.truncate(files.bundle, 5 * 1024 * 1024);
    await poll();
    assert.match(
      log.at(-1) ?? "",
      /bundle.pem cannot be read: it has 5242880 bytes, at most 4194304/,
    );
    const socket = `${directory}/socket`;
    using _listener = Deno.listen({ transport: "unix", path: socket });
    await Deno.remove(files.bundle);
    await Deno.symlink(socket, files.bundle);
    await poll();
    assert.match(log.at(-1) ?? "", /bundle.pem cannot be read: it is not a regular file/);
  });
});
