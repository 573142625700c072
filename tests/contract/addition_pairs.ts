/** What secrets have beyond the original, in the order in which it happens to one store. */
import type { Pair } from "./pair.ts";
import {
  asked,
  conflict,
  deleted,
  destroyed,
  live,
  METADATA,
  metadata,
  summary,
  written,
} from "./secret_rows.ts";
import { badRequest, denied, notFound } from "./zero.ts";

const SET = "/v1/store/secrets/metadata?action=set";

function set(that: string, body: unknown, gives: Pair["gives"]): Pair {
  return { that, as: "superuser", at: SET, body, gives };
}

const expectations: readonly Pair[] = [
  asked("cas 0 makes what was not there", "", { path: "cas", values: {}, cas: 0 }, written(1)),
  asked("and nothing else", "", { path: "cas", values: {}, cas: 0 }, conflict("secret.put")),
  asked("cas is the current version", "", { path: "cas", values: {}, cas: 1 }, written(2)),
  asked("a negative cas is none", "", { path: "cas", cas: -1 }, badRequest("secret.put")),
  ...(["delete", "undelete", "destroy", "purge"] as const).map((action) =>
    asked(
      `${action} takes a cas too`,
      action,
      { path: "cas", versions: [1], cas: 7 },
      conflict(`secret.${action}`),
    )
  ),
  set("and so does metadata", { path: "cas", custom: {}, cas: 7 }, conflict("secret.setMetadata")),
  asked("delete with its cas", "delete", { path: "cas", cas: 2 }, written(1)),
  asked("undelete with its cas", "undelete", { path: "cas", cas: 1 }, written(2)),
];

const destruction: readonly Pair[] = [
  ...[1, 2, 3].map((n) =>
    asked(`put ${n} to be destroyed`, "", { path: "gone", values: { n: `${n}` } }, written(n))
  ),
  asked("destroy takes numbers", "destroy", { path: "gone", versions: [1] }, written(3)),
  asked("destroying again is a success", "destroy", { path: "gone", versions: [1, 9] }, written(3)),
  ...(["delete", "destroy"] as const).map((action) =>
    asked(
      `${action} tells which numbers stand for nothing to who wants to know`,
      action,
      { path: "gone", versions: [9, 1, 77], report: true },
      [200, { version: 3, missing: [9, 77] }],
    )
  ),
  asked(
    "destroy without a list is refused",
    "destroy",
    { path: "gone", version: [1] },
    badRequest("secret.destroy"),
  ),
  asked(
    "destroy with an empty list is about the current one",
    "destroy",
    { path: "gone", versions: [] },
    written(2),
  ),
  asked(
    "what is destroyed is not found",
    "get",
    { path: "gone", version: 1 },
    notFound(
      "secret.get",
    ),
  ),
  asked(
    "and nothing brings it back",
    "undelete",
    { path: "gone", versions: [1, 3] },
    notFound("secret.undelete"),
  ),
  metadata("its number stays, and who destroyed it", { path: "gone" }, [
    200,
    {
      versions: { "1": destroyed(1), "2": live(2), "3": destroyed(3) },
      metadata: summary(2, 2),
    },
  ]),
  asked(
    "nothing to destroy",
    "destroy",
    { path: "none", versions: [] },
    notFound("secret.destroy"),
  ),
  asked("purge leaves nothing", "purge", { path: "gone" }, written(0)),
  asked("and may be repeated", "purge", { path: "gone" }, written(0)),
  asked("nothing to purge", "purge", { path: "none" }, notFound("secret.purge")),
  asked("what is purged is not found", "get", { path: "gone" }, notFound("secret.get")),
  asked("nor deleted", "delete", { path: "gone" }, notFound("secret.delete")),
  {
    that: "nor described, whatever is asked for",
    as: "superuser",
    at: METADATA,
    body: { path: "gone", all: true },
    gives: notFound("secret.metadata"),
  },
  asked("nor listed", "list", { prefix: "gone" }, [200, { keys: [] }]),
  asked("its numbers do not come again", "", { path: "gone", values: {}, cas: 0 }, written(4)),
  metadata("but it begins anew", { path: "gone" }, [
    200,
    { versions: { "4": live(4) }, metadata: summary(4, 4) },
  ]),
];

const FAR = "2999-12-31T23:59:59Z";
const PAST = "2001-02-03T04:05:06.789Z";

const metadataSet: readonly Pair[] = [
  asked("put to be described", "", { path: "meta", values: { v: "1" } }, written(1)),
  set("metadata is set", {
    path: "meta",
    custom: { owner: "web", tier: "1" },
    maxVersions: 2,
    expiresAt: FAR,
  }, written(1)),
  metadata("and told", { path: "meta" }, [200, {
    versions: { "1": live(1) },
    metadata: {
      ...summary(1, 1),
      maxVersions: 2,
      expiresAt: FAR,
      custom: { owner: "web", tier: "1" },
    },
  }]),
  set(
    "what is not named stays",
    { path: "meta", custom: { tier: "2" }, unset: ["owner"] },
    written(
      1,
    ),
  ),
  metadata("so here", { path: "meta" }, [200, {
    versions: { "1": live(1) },
    metadata: { ...summary(1, 1), maxVersions: 2, expiresAt: FAR, custom: { tier: "2" } },
  }]),
  asked("an expiry is told with the value", "get", { path: "meta" }, [
    200,
    { data: { v: "1" }, version: 1, expiresAt: FAR },
  ]),
  asked("a second version", "", { path: "meta", values: { v: "2" } }, written(2)),
  asked("a third, of two that are kept", "", { path: "meta", values: { v: "3" } }, written(3)),
  asked("so the first is gone", "get", { path: "meta", version: 1 }, notFound("secret.get")),
  set("a time that is over", { path: "meta", expiresAt: PAST }, written(0)),
  asked("what has expired is not found", "get", { path: "meta" }, notFound("secret.get")),
  metadata("nor described", { path: "meta" }, notFound("secret.metadata")),
  {
    that: "unless one asks for it",
    as: "superuser",
    at: METADATA,
    body: { path: "meta", all: true },
    gives: [200, {
      versions: { "2": live(2), "3": live(3) },
      metadata: {
        ...summary(3, 2),
        maxVersions: 2,
        expiresAt: PAST,
        custom: { tier: "2" },
      },
    }],
  },
  asked("it is listed as expired", "list", { prefix: "meta" }, [
    200,
    { keys: ["meta"], expired: ["meta"] },
  ]),
  set(
    "an expiry cannot be taken back",
    { path: "meta", expiresAt: "never", cas: 0 },
    notFound("secret.setMetadata"),
  ),
  set("nor put off", { path: "meta", expiresAt: FAR }, notFound("secret.setMetadata")),
  asked("nor does an undelete", "undelete", { path: "meta" }, notFound("secret.undelete")),
  set("a note can be left", { path: "meta", custom: { tier: "2" } }, written(0)),
  asked("a put after the expiry begins anew", "", { path: "meta", values: {}, cas: 0 }, written(4)),
  asked(
    "and what was before stays away",
    "get",
    { path: "meta", version: 3 },
    notFound(
      "secret.get",
    ),
  ),
  asked(
    "whatever is tried",
    "undelete",
    { path: "meta", versions: [3] },
    notFound("secret.undelete"),
  ),
  asked(
    "not by a copy either",
    "copy",
    { from: "meta", to: "meta/copy", version: 3 },
    notFound("secret.copy"),
  ),
  set("nothing to describe", { path: "none", custom: {} }, notFound("secret.setMetadata")),
  ...[{}, { maxVersion: 2 }, { custom: null, unset: [] }].map((change) =>
    set(
      `${JSON.stringify(change)} says nothing to set`,
      { path: "meta", ...change },
      badRequest("secret.setMetadata"),
    )
  ),
  ...[
    { expiresAt: "tomorrow" },
    { expiresAt: "" },
    { expiresAt: "2027-01-01" },
    { expiresAt: "1969-12-31T23:59:59Z" },
    { expiresAt: "2030-02-30T00:00:00Z" },
    { expiresAt: "2030-02-29T12:00:00Z" },
    { expiresAt: "2030-04-31T12:00:00+02:00" },
    { expiresAt: "2030-01-01T24:00:00Z" },
    { expiresAt: "2030-01-01T12:00:00+24:00" },
    { expiresAt: "9999-12-31T23:59:59-01:00" },
    { maxVersions: 0 },
    { maxVersions: -1 },
    { maxVersions: 1001 },
    { custom: { "a.b": "" } },
    { custom: { "": "" } },
    { custom: { a: "x".repeat(513) } },
    { custom: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, ""])) },
  ].map((body) =>
    set(
      `no metadata is ${JSON.stringify(body).slice(0, 40)}`,
      { path: "cas", ...body },
      badRequest("secret.setMetadata"),
    )
  ),
  set("64 entries are", {
    path: "cas",
    custom: Object.fromEntries(Array.from({ length: 64 }, (_, i) => [`k${i}`, "x".repeat(512)])),
  }, written(2)),
  set("one more is not", { path: "cas", custom: { more: "" } }, badRequest("secret.setMetadata")),
  set("unless another goes", { path: "cas", custom: { more: "" }, unset: ["k0"] }, written(2)),
];

const binaries: readonly Pair[] = [
  asked("bytes go beside texts", "", {
    path: "binary",
    values: { user: "ada" },
    binary: { key: "/wCA" },
  }, written(1)),
  asked("and come back so", "get", { path: "binary" }, [
    200,
    { data: { user: "ada" }, binary: { key: "/wCA" }, version: 1 },
  ]),
  asked("bytes alone are no null", "", { path: "binary", binary: { key: "" } }, written(2)),
  asked("but no texts", "get", { path: "binary" }, [
    200,
    { data: {}, binary: { key: "" }, version: 2 },
  ]),
  ...[
    { values: {}, binary: { key: "x" } },
    { values: {}, binary: { key: "_w==" } },
    { values: {}, binary: { "a.b": "" } },
    { values: {}, binary: { key: null } },
    { values: { key: "" }, binary: { key: "" } },
  ].map((body) =>
    asked(
      `${JSON.stringify(body)} is no secret`,
      "",
      { path: "binary", ...body },
      badRequest("secret.put"),
    )
  ),
];

const lists: readonly Pair[] = [
  ...["tree/a/1", "tree/a/2", "tree/b", "tree/c/d/e"].map((path) =>
    asked(`put ${path}`, "", { path, values: {} }, written(1))
  ),
  asked("a list goes all the way down", "list", { prefix: "tree/" }, [
    200,
    { keys: ["tree/a/1", "tree/a/2", "tree/b", "tree/c/d/e"] },
  ]),
  asked("or one level only", "list", { prefix: "tree/", recursive: false }, [
    200,
    { keys: ["tree/a/", "tree/b", "tree/c/"] },
  ]),
  asked("in pages", "list", { prefix: "tree/", recursive: false, limit: 2 }, [
    200,
    { keys: ["tree/a/", "tree/b"], next: "tree/b" },
  ]),
  asked("that go on", "list", { prefix: "tree/", recursive: false, limit: 2, after: "tree/b" }, [
    200,
    { keys: ["tree/c/"] },
  ]),
];

const batches: readonly Pair[] = [
  asked("a batch has a verdict for each path", "batch", {
    paths: ["tree/b", "none", "a b", "tree/b"],
  }, [200, {
    secrets: [
      { path: "tree/b", data: {}, version: 1 },
      { path: "none", data: null, err: "api_not_found" },
      { path: "a b", data: null, err: "api_bad_request" },
      { path: "tree/b", data: {}, version: 1 },
    ],
  }]),
  {
    that: "also for who may read nothing",
    as: "workload",
    at: "/v1/store/secrets?action=batch",
    body: { paths: ["tree/b", "none"] },
    gives: [200, {
      secrets: ["tree/b", "none"].map((path) => ({
        path,
        data: null,
        err: "access_unauthorized",
      })),
    }],
  },
  asked("a hundred paths are one", "batch", { paths: Array(100).fill("none") }, [200, {
    secrets: Array(100).fill({ path: "none", data: null, err: "api_not_found" }),
  }]),
  asked("one more is not", "batch", { paths: Array(101).fill("none") }, badRequest("secret.batch")),
  asked("nor is none", "batch", {}, badRequest("secret.batch")),
];

const transfers: readonly Pair[] = [
  asked(
    "a copy is a new version",
    "copy",
    { from: "binary", to: "copied", version: 1 },
    written(
      1,
    ),
  ),
  asked("with all that is in it", "get", { path: "copied" }, [
    200,
    { data: { user: "ada" }, binary: { key: "/wCA" }, version: 1 },
  ]),
  asked(
    "cas is about the destination",
    "copy",
    { from: "binary", to: "copied", cas: 0 },
    conflict(
      "secret.copy",
    ),
  ),
  asked("a copy onto itself makes an older version current", "copy", {
    from: "binary",
    to: "binary",
    version: 1,
  }, written(3)),
  asked("a move takes it away", "move", { from: "copied", to: "moved" }, written(1)),
  asked("from where it was", "get", { path: "copied" }, notFound("secret.get")),
  {
    that: "softly",
    as: "superuser",
    at: METADATA,
    body: { path: "copied", all: true },
    gives: [200, { versions: { "1": deleted(1) }, metadata: summary(0, 0) }],
  },
  asked("to where it goes", "get", { path: "moved" }, [
    200,
    { data: { user: "ada" }, binary: { key: "/wCA" }, version: 1 },
  ]),
  asked(
    "nothing is moved onto itself",
    "move",
    { from: "moved", to: "moved" },
    badRequest(
      "secret.move",
    ),
  ),
  ...(["copy", "move"] as const).flatMap((action) => [
    asked(
      `no ${action} of nothing`,
      action,
      { from: "none", to: "x" },
      notFound(
        `secret.${action}`,
      ),
    ),
    asked(
      `no ${action} to a bad path`,
      action,
      { from: "moved", to: "a b" },
      badRequest(
        `secret.${action}`,
      ),
    ),
    asked(`no ${action} to the system's own`, action, {
      from: "moved",
      to: "spike/system/x",
    }, badRequest(`secret.${action}`)),
    {
      that: `no ${action} for who may nothing`,
      as: "workload",
      at: `/v1/store/secrets?action=${action}`,
      body: { from: "moved", to: "tree/b" },
      gives: denied(`secret.${action}`),
    } as const,
  ]),
];

/** All rows; each counts on those before it. */
export const ADDITION_PAIRS: readonly Pair[] = [
  ...expectations,
  ...destruction,
  ...metadataSet,
  ...binaries,
  ...lists,
  ...batches,
  ...transfers,
];
