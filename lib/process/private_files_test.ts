import assert from "node:assert/strict";
import { SpikeError } from "../error/error.ts";
import { type FileView, inspectFiles } from "./private_files.ts";

const KEY = "/svid/key.pem";
const DATA = "/data";

/** A machine with these files: mode, and owner where it is not this user. */
function view(
  files: Readonly<Record<string, number | readonly [mode: number, uid: number]>>,
  uid = 1000,
): FileView {
  return {
    uid,
    stat(path) {
      const found = files[path];
      if (found === undefined) return undefined;
      const [mode, owner] = typeof found === "number" ? [found, uid] : found;
      const isDirectory = path === DATA ||
        Object.keys(files).some((each) => each.startsWith(`${path}/`));
      return { isDirectory, mode, uid: owner };
    },
    list: (dir) =>
      Object.keys(files)
        .filter((path) => path.startsWith(`${dir}/`))
        .map((path) => path.slice(dir.length + 1))
        .filter((name) => !name.includes("/")),
  };
}

function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof SpikeError);
    assert.equal(error.code, "config_invalid");
    return `${error.message}; ${error.hint}`;
  }
  return "accepted";
}

Deno.test("a private key that others may read is refused, with the command that mends it", () => {
  const of = (mode: number | readonly [number, number], uid?: number) =>
    refusal(() => inspectFiles({ keyFile: KEY }, view({ [KEY]: mode }, uid)));
  assert.equal(
    of(0o100644),
    "Private key /svid/key.pem is open to others: mode 0644; chmod 0600 /svid/key.pem",
  );
  assert.match(of(0o640), /chmod 0600/);
  for (const mode of [0o600, 0o400]) assert.equal(of(mode), "accepted");
  assert.equal(
    refusal(() => inspectFiles({ keyFile: KEY }, view({}))),
    "accepted",
    "not there yet",
  );
});

Deno.test("root may hold a key for the group of another user, and no more", () => {
  const of = (mode: number, uid?: number) =>
    refusal(() => inspectFiles({ keyFile: KEY }, view({ [KEY]: [mode, 0] }, uid)));
  assert.equal(of(0o640), "accepted");
  assert.equal(of(0o440), "accepted");
  assert.match(of(0o644), /chmod 0640/);
  assert.match(of(0o660), /chmod 0640/);
  assert.match(of(0o640, 0), /chmod 0600/, "for root itself there is no other user");
});

Deno.test("files that others may write, or that are theirs, end the start", () => {
  const data = (files: Parameters<typeof view>[0]) =>
    refusal(() => inspectFiles({ dataDir: DATA }, view(files)));
  assert.match(data({ [DATA]: 0o777 }), /Data directory \/data .* 0777; chmod go-w \/data/);
  assert.match(data({ [DATA]: 0o770 }), /chmod go-w/);
  assert.match(data({ [DATA]: [0o700, 1001] }), /belongs to user 1001.*chown 1000 \/data/);
  assert.match(
    data({ [DATA]: 0o755, [`${DATA}/audit`]: 0o755, [`${DATA}/audit/current`]: 0o666 }),
    /File \/data\/audit\/current .* 0666/,
  );
  assert.equal(data({ [DATA]: [0o700, 0] }), "accepted", "root can do anything anyway");
  const file = { ...view({}), stat: () => ({ isDirectory: false, mode: 0o600, uid: 1000 }) };
  assert.match(
    refusal(() => inspectFiles({ dataDir: DATA }, file)),
    /^Data directory \/data is not a directory; /,
  );
  const settingsFile = "/etc/spike.yaml";
  const settings = (mode: number) =>
    refusal(() => inspectFiles({ settingsFile }, view({ [settingsFile]: mode })));
  assert.match(settings(0o666), /Settings file .*chmod go-w/);
  assert.equal(settings(0o644), "accepted");
});

Deno.test("what others may only read is told, and nothing that they cannot reach", () => {
  const found = (files: Parameters<typeof view>[0]) =>
    inspectFiles({ dataDir: DATA }, view(files)).map(({ path, mode }) => `${path} ${mode}`);
  const inside = {
    [`${DATA}/spike.db`]: 0o644,
    [`${DATA}/spike.db.bak`]: 0o640,
    [`${DATA}/spike.lock`]: 0o600,
    [`${DATA}/audit`]: 0o700,
    [`${DATA}/audit/x`]: 0o644,
  };
  assert.deepEqual(found({ [DATA]: 0o700, ...inside }), []);
  assert.deepEqual(found({ [DATA]: 0o755, ...inside }), [
    "/data 0755",
    "/data/spike.db 0644",
    "/data/spike.db.bak 0640",
  ]);
});

Deno.test("the files of this machine are looked at as they are", async () => {
  const dir = await Deno.makeTempDir({ prefix: "spike-files-" });
  try {
    await Deno.writeTextFile(`${dir}/key.pem`, "x", { mode: 0o600 });
    await Deno.mkdir(`${dir}/data`, { mode: 0o700 });
    const files = { keyFile: `${dir}/key.pem`, dataDir: `${dir}/data` };
    assert.deepEqual(inspectFiles(files), []);
    await Deno.chmod(files.dataDir, 0o755);
    assert.deepEqual(inspectFiles(files).map(({ command }) => command), [
      `chmod go-rwx ${dir}/data`,
    ]);
    await Deno.chmod(files.keyFile, 0o644);
    assert.match(refusal(() => inspectFiles(files)), /chmod 0600/);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("what an orchestrator opened to the group of a volume is accepted, and told", () => {
  const of = (mode: number, gid: number) => {
    const machine = view({ [DATA]: mode, [`${DATA}/spike.db`]: mode });
    const stat = (path: string) => {
      const facts = machine.stat(path);
      return facts && { ...facts, gid };
    };
    return () => inspectFiles({ dataDir: DATA }, { ...machine, stat, volumeGroup: () => 2000 });
  };
  assert.deepEqual(of(0o770, 2000)().map(({ path }) => path), [DATA, `${DATA}/spike.db`]);
  assert.match(refusal(of(0o770, 2001)), /is open to others/);
  assert.match(refusal(of(0o777, 2000)), /is open to others/);
});
