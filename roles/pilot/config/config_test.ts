import assert from "node:assert/strict";
import { spike } from "../fake_nexus.ts";

const env = {
  SPIKE_NEXUS_KEEPER_PEERS: "https://k1:8554,https://k2:8554,https://k3:8554",
  SPIKE_DATA_DIR: "~/store",
  SPIKE_NEXUS_URL: "https://nexus:8553/",
};

Deno.test("config show tells each setting of a role and where it comes from", async () => {
  const { code, out, err } = await spike(["config", "show", "nexus"], { env });
  assert.deepEqual({ code, err }, { code: 0, err: "" });
  const rows = out.trimEnd().split("\n").map((line) => line.split(/ {2,}/));
  assert.deepEqual(rows[0], ["SETTING", "VALUE", "FROM"]);
  assert.deepEqual(rows.find(([name]) => name === "data-dir"), [
    "data-dir",
    "/home/ada/store",
    "SPIKE_DATA_DIR",
  ]);
  assert.deepEqual(rows.find(([name]) => name === "workers"), ["workers", "2", "default"]);
  assert.deepEqual(rows.find(([name]) => name === "svid-file"), ["svid-file", "-", "default"]);
});

Deno.test("config show prints documents, of this command line by default", async () => {
  const json = await spike(["config", "show", "-f", "json"], { env });
  assert.deepEqual(JSON.parse(json.out)["nexus-url"], {
    value: "https://nexus:8553",
    origin: "SPIKE_NEXUS_URL",
  });
  const yaml = await spike(["config", "show", "pilot", "-f", "yaml"], { env });
  assert.match(
    yaml.out,
    /\nnexus-url:\n {2}value: https:\/\/nexus:8553\n {2}origin: SPIKE_NEXUS_URL\n/,
  );
});

Deno.test("config show does not repeat a private key that stands in a setting", async () => {
  const env = { SPIKE_PILOT_RECOVERY_DIR: "/media/AGE-SECRET-KEY-1QQQQQQQQQQQQ" };
  for (const format of ["human", "json", "yaml"]) {
    const { code, out } = await spike(["config", "show", "-f", format], { env });
    assert.equal(code, 0);
    assert.match(out, /\/media\/\[private key, not shown\]/);
    assert.doesNotMatch(out, /AGE-SECRET/);
  }
});

Deno.test("config show tells everything that is wrong, and what is no role", async () => {
  const wrong = await spike(["config", "show", "bootstrap"], {
    env: { SPIKE_NEXUS_URL: "nexus", SPIKE_SHAMIR_SHARES: "none" },
  });
  assert.deepEqual({ code: wrong.code, out: wrong.out }, { code: 1, out: "" });
  assert.match(wrong.err, /^Error: 2 settings are invalid:\n/);
  const unknown = await spike(["config", "show", "nexis"]);
  assert.equal(unknown.code, 1);
  assert.equal(
    unknown.err,
    'Error: Role is "nexis", expected nexus, keeper, bootstrap, pilot\n',
  );
});

Deno.test("settings of a file count for the command line and are shown with their place", async () => {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(
      path,
      "nexus-url: https://elsewhere:8553\ntrust-root: [a.org, b.org]\n",
    );
    const fromFile = { SPIKE_CONFIG_FILE: path };
    const { out } = await spike(["config", "show", "-f", "json"], { env: fromFile });
    const shown = JSON.parse(out);
    assert.deepEqual(shown["nexus-url"], {
      value: "https://elsewhere:8553",
      origin: `nexus-url in ${path}`,
    });
    assert.deepEqual(shown["config-file"], { value: path, origin: "SPIKE_CONFIG_FILE" });
    const { err } = await spike(["operator", "recover", "--plaintext"], {
      nexus: () => ({}),
      env: fromFile,
      id: "spiffe://a.org/spike/pilot/role/superuser",
    });
    assert.match(err, /but spiffe:\/\/a\.org\/.* or spiffe:\/\/b\.org\/.* is needed\n/);
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("config show shows no password", async () => {
  const { err, out } = await spike(["config", "show"], {
    env: { SPIKE_NEXUS_URL: "https://ada:hunter2@nexus" },
  });
  assert.doesNotMatch(out + err, /hunter2/);
});
