import assert from "node:assert/strict";
import { allocateLocked, attachLocked, LIBC_PATHS } from "./locked_memory.ts";

const root = new URL("../../", import.meta.url);
const FLAGS = Deno.readTextFileSync(new URL("scripts/flags", root)).trim().split("\n");
const FFI_FLAG = FLAGS.find((flag) => flag.startsWith("--allow-ffi=")) ?? "";
const isLinux = Deno.build.os === "linux";

/** Runs `code` in a process of its own with the given permissions; its last line of output is JSON. */
async function runChild(flags: string[], code: string): Promise<Record<string, unknown>> {
  const module = new URL("locked_memory.ts", import.meta.url).href;
  const source = `import * as m from ${JSON.stringify(module)};\n${code}`;
  const url = "data:application/typescript," + encodeURIComponent(source);
  const config = new URL("deno.json", root).pathname;
  const read = `--allow-read=${root.pathname}`;
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--config", config, read, ...flags, url],
    stdout: "piped",
    stderr: "piped",
  });
  const { stdout, stderr, success } = await command.output();
  const text = new TextDecoder();
  assert.ok(success, text.decode(stderr));
  return JSON.parse(text.decode(stdout).trim().split("\n").at(-1) ?? "");
}

/** Mappings of another process; undefined where only root may look at one that hardened itself. */
function mappedPages(pid: number): string | undefined {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/smaps`);
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) return undefined;
    throw error;
  }
}

Deno.test("the released flags permit FFI for exactly the listed files, all absolute", () => {
  assert.equal(FFI_FLAG, `--allow-ffi=${LIBC_PATHS.join(",")}`);
  assert.ok(LIBC_PATHS.every((path) => path.startsWith("/")));
});

Deno.test("slots are zeroed, separate, and shared with whoever attaches", () => {
  const region = allocateLocked(3);
  assert.equal(region.slotBytes, 32);
  for (let i = 0; i < 3; i++) assert.deepEqual(region.slot(i).slice(), new Uint8Array(32));
  region.slot(0).fill(1);
  region.slot(2).fill(3);
  const attached = attachLocked(region.buffer, structuredClone(region.layout));
  assert.deepEqual(attached.slot(0).slice(), new Uint8Array(32).fill(1));
  assert.deepEqual(attached.slot(1).slice(), new Uint8Array(32));
  attached.wipe();
  assert.deepEqual(region.slot(2).slice(), new Uint8Array(32));
});

Deno.test("impossible sizes are refused", () => {
  for (const [slots, bytes] of [[0, 32], [1, 0], [-1, 32], [1.5, 1], [2 ** 53, 2]] as const) {
    assert.throws(() => allocateLocked(slots, bytes), RangeError);
  }
});

Deno.test({
  name: "under the released FFI flag, pages are locked and kept out of core dumps",
  ignore: !isLinux,
  async fn() {
    // Reading /proc needs every permission, so the parent looks while the child waits for the end of stdin.
    const module = new URL("locked_memory.ts", import.meta.url).href;
    const source = `import * as m from ${JSON.stringify(module)};
      const region = m.allocateLocked(200);
      console.log(JSON.stringify({ ...region.report, ...m.hardenProcess() }));
      await new Response(Deno.stdin.readable).text();
      region.slot(199).fill(1);`;
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--quiet", "--no-prompt", "--config", new URL("deno.json", root).pathname],
        ...[`--allow-read=${root.pathname}`, FFI_FLAG],
        "data:application/typescript," + encodeURIComponent(source),
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const reader = child.stdout.getReader();
    const first = new TextDecoder().decode((await reader.read()).value);
    const status = Deno.readTextFileSync(`/proc/${child.pid}/status`);
    const limits = Deno.readTextFileSync(`/proc/${child.pid}/limits`);
    const pages = mappedPages(child.pid);
    await child.stdin.close();
    while (!(await reader.read()).done);
    assert.equal((await child.status).success, true);

    const report = JSON.parse(first) as Record<string, string>;
    assert.equal(report["dumpable"], "ok");
    assert.equal(report["core"], "ok");
    assert.equal(report["dontDump"], "ok");
    // "dd" is the kernel's mark for a mapping that core dumps leave out.
    if (pages !== undefined) assert.match(pages, /^VmFlags:.* dd\b/m);
    assert.match(limits, /^Max core file size\s+0\s+0\s/m);
    const lockedKiB = Number(/^VmLck:\s+(\d+) kB$/m.exec(status)?.[1]);
    // 200 slots of 32 bytes are 6.25 KiB, so at least 8 KiB; where locking is forbidden, the report says so.
    if (report["mlock"] === "ok") assert.ok(lockedKiB >= 8, status);
    else assert.match(report["mlock"] ?? "", /^(EPERM|ENOMEM|EAGAIN)$/);
  },
});

Deno.test("without FFI permission everything still works, and the report says why it is not locked", async () => {
  const result = await runChild(
    [],
    `const region = m.allocateLocked(2);
     region.slot(1).set([1, 2]);
     const harden = m.hardenProcess();
     console.log(JSON.stringify({ ...region.report, ...harden, byte: region.slot(1)[1] }));`,
  );
  const why = isLinux ? "no permission for FFI" : `not available on ${Deno.build.os}`;
  assert.deepEqual(result, { mlock: why, dontDump: why, dumpable: why, core: why, byte: 2 });
});

Deno.test({
  name: "a library of the same name in the working directory is never loaded",
  ignore: !isLinux,
  async fn() {
    const result = await runChild(
      [FFI_FLAG],
      `let refused = false;
       try { Deno.dlopen("libc.so.6", {}).close(); } catch { refused = true; }
       console.log(JSON.stringify({ refused, mlock: m.allocateLocked(1).report.mlock !== "" }));`,
    );
    assert.deepEqual(result, { refused: true, mlock: true });
  },
});

Deno.test({
  name: "keys in locked memory outlive the revocation of FFI",
  ignore: !isLinux,
  async fn() {
    const result = await runChild(
      [FFI_FLAG],
      `const before = m.allocateLocked(1);
       before.slot(0).fill(5);
       Deno.permissions.revokeSync({ name: "ffi" });
       const after = m.allocateLocked(1).report.mlock;
       console.log(JSON.stringify({ byte: before.slot(0)[31], after, harden: m.hardenProcess().core }));`,
    );
    const why = "no permission for FFI";
    assert.deepEqual(result, { byte: 5, after: why, harden: why });
  },
});

Deno.test({
  name: "hardening twice is as good as once",
  ignore: !isLinux,
  async fn() {
    const code = "m.hardenProcess(); console.log(JSON.stringify(m.hardenProcess()));";
    assert.deepEqual(await runChild([FFI_FLAG], code), { dumpable: "ok", core: "ok" });
  },
});
