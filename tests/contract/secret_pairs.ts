/** Secrets: wire-api 5.1, in the order in which they happen to one store. */
import type { Pair } from "./pair.ts";
import { asked, deleted, live, metadata, summary, written } from "./secret_rows.ts";
import { badRequest, notFound } from "./zero.ts";

const PATH = "tenants/acme/db/creds";
const DATA = { password: "s3cr3t", username: "admin" };
const RENEWED = { password: "n3w", username: "admin" };

const MISSING = notFound("secret.get");
const BAD = badRequest("secret.put");

const basics: readonly Pair[] = [
  asked("an empty store lists no keys", "list", {}, [200, { keys: [] }]),
  asked("a first put makes version 1", "", { path: PATH, values: DATA }, [200, { version: 1 }]),
  asked("a second put makes version 2", "", { path: PATH, values: RENEWED }, [200, { version: 2 }]),
  asked("a put may carry an empty err", "", { path: "err", values: DATA, err: "" }, [
    200,
    { version: 1 },
  ]),
  asked("get without a version gives the current one", "get", { path: PATH }, [
    200,
    { data: RENEWED, version: 2 },
  ]),
  asked("version 0 is the current one", "get", { path: PATH, version: 0 }, [
    200,
    { data: RENEWED, version: 2 },
  ]),
  asked("an older version is still there", "get", { path: PATH, version: 1 }, [
    200,
    { data: DATA, version: 1 },
  ]),
  ...[3, -1, 9007199254740991].map((version) =>
    asked(`version ${version} does not exist`, "get", { path: PATH, version }, MISSING)
  ),
  asked("an unknown path does not exist", "get", { path: "none" }, MISSING),
  asked("no pairs are a value", "", { path: "pairs/none", values: {} }, [200, { version: 1 }]),
  asked("no pairs come back as none", "get", { path: "pairs/none" }, [
    200,
    { data: {}, version: 1 },
  ]),
  asked("null is a value", "", { path: "pairs/null", values: null }, [200, { version: 1 }]),
  asked("null comes back as null", "get", { path: "pairs/null" }, [
    200,
    { data: null, version: 1 },
  ]),
  ...[
    {},
    { vaules: DATA },
    { data: DATA },
    { values: { ...DATA, password: null } },
    { values: { password: null } },
  ].map((body) =>
    asked(`${JSON.stringify(body)} is no set of values`, "", { path: "pairs/null", ...body }, BAD)
  ),
  asked("a get whose action is lost is no put", "", { path: "pairs/null", version: 1 }, BAD),
  asked(
    "a deletion whose action is lost is no put",
    "",
    { path: "pairs/null", versions: [1] },
    BAD,
  ),
  asked("nothing of that hides what is there", "get", { path: "pairs/null" }, [
    200,
    { data: null, version: 1 },
  ]),
];

const deletions: readonly Pair[] = [
  asked(
    "delete takes numbers, 0 is the current one",
    "delete",
    { path: PATH, versions: [1, 0] },
    written(0),
  ),
  asked("what is deleted is not found", "get", { path: PATH }, MISSING),
  asked("not by its number either", "get", { path: PATH, version: 2 }, MISSING),
  metadata("metadata of what is deleted is not found", { path: PATH }, notFound("secret.metadata")),
  asked("deleting again is a success", "delete", { path: PATH, versions: [1, 2] }, written(0)),
  asked(
    "numbers that do not exist are passed over",
    "delete",
    { path: PATH, versions: [77, -3] },
    written(0),
  ),
  asked(
    "deleting what never was is not found",
    "delete",
    { path: "none", versions: [] },
    notFound("secret.delete"),
  ),
  asked("a list names paths of which every version is deleted", "list", {}, [
    200,
    { keys: ["err", "pairs/none", "pairs/null", PATH] },
  ]),
  asked("undelete takes numbers", "undelete", { path: PATH, versions: [1] }, written(1)),
  asked("what is taken back is current", "get", { path: PATH }, [200, { data: DATA, version: 1 }]),
  metadata("metadata lists all versions", { path: PATH, version: 0 }, [
    200,
    { versions: { "1": live(1), "2": deleted(2) }, metadata: summary(1, 1) },
  ]),
  asked("undelete without a list takes the deleted one above the current one", "undelete", {
    path: PATH,
  }, written(2)),
  asked("which then is current", "get", { path: PATH }, [200, { data: RENEWED, version: 2 }]),
  asked(
    "undelete of nothing deleted is not found",
    "undelete",
    { path: PATH, versions: [] },
    notFound("secret.delete"),
  ),
  asked(
    "undelete of an unknown path is not found",
    "undelete",
    { path: "none" },
    notFound("secret.delete"),
  ),
  ...[null, []].map((versions) =>
    asked(`versions ${JSON.stringify(versions)} delete the current one`, "delete", {
      path: PATH,
      versions,
    }, written(versions === null ? 1 : 0))
  ),
  asked("undelete of 0 takes the highest deleted one when all are", "undelete", {
    path: PATH,
    versions: [0],
  }, written(2)),
  metadata("a version only decides whether there is an answer", { path: PATH, version: 2 }, [
    200,
    { versions: { "1": deleted(1), "2": live(2) }, metadata: summary(2, 2) },
  ]),
  metadata("and a deleted one gives none", { path: PATH, version: 1 }, notFound("secret.metadata")),
];

const eleven = Array.from({ length: 11 }, (_, i) => i + 1);

const pruning: readonly Pair[] = [
  ...eleven.map((version) =>
    asked(`put ${version} of 11 makes version ${version}`, "", {
      path: "pruned",
      values: { n: String(version) },
    }, [200, { version }])
  ),
  metadata("ten versions are kept", { path: "pruned" }, [
    200,
    {
      versions: Object.fromEntries(eleven.slice(1).map((n) => [String(n), live(n)])),
      metadata: summary(11, 2),
    },
  ]),
  asked("what was pruned is not found", "get", { path: "pruned", version: 1 }, MISSING),
];

const EVERY_CHARACTER = "abcXYZ019._-/()?+*|[]{}\\";

const names: readonly Pair[] = [
  ...["/a", "a/", "a//b", "../a", ".", EVERY_CHARACTER, "p".repeat(500)].map((path) =>
    asked(`path ${path.slice(0, 30)} is one of its own`, "", { path, values: {} }, [
      200,
      { version: 1 },
    ])
  ),
  ...["", "p".repeat(501), "a b", "a^", "a$", "a:b", "a@b", "a%b", "a#b", "a&b", "a,b", "é", "a\n"]
    .flatMap((path) => [
      asked(
        `no put to ${JSON.stringify(path.slice(0, 30))}`,
        "",
        { path, values: {} },
        badRequest("secret.put"),
      ),
      asked(
        `no get of ${JSON.stringify(path.slice(0, 30))}`,
        "get",
        { path },
        badRequest("secret.get"),
      ),
      asked(
        `no delete of ${JSON.stringify(path.slice(0, 30))}`,
        "delete",
        { path },
        badRequest("secret.put"),
      ),
      asked(
        `no undelete of ${JSON.stringify(path.slice(0, 30))}`,
        "undelete",
        { path },
        badRequest("secret.put"),
      ),
      metadata(
        `no metadata of ${JSON.stringify(path.slice(0, 30))}`,
        { path },
        badRequest("secret.metadata"),
      ),
    ]),
  ...["A-b_c 9", "k".repeat(250)].map((key) =>
    asked(`key ${key.slice(0, 30)} is a name`, "", {
      path: `key/${key.length}`,
      values: { [key]: "" },
    }, [
      200,
      { version: 1 },
    ])
  ),
  ...["", "tls.crt", "a/b", "k\n", "ä", "k".repeat(251)].map((key) =>
    asked(`key ${JSON.stringify(key.slice(0, 30))} is none`, "", {
      path: "key/bad",
      values: { [key]: "x" },
    }, badRequest("secret.put"))
  ),
  asked("nothing comes of a refused put", "get", { path: "key/bad" }, MISSING),
];

const VALUE = '\u0000 " \\ / \u2028 é \u{1f511} \r\n </script>';

const texts: readonly Pair[] = [
  asked("a value is any text", "", { path: "text", values: { k: VALUE, empty: "" } }, [
    200,
    { version: 1 },
  ]),
  asked("and comes back as it was", "get", { path: "text" }, [
    200,
    { data: { empty: "", k: VALUE }, version: 1 },
  ]),
  asked("a list is in order of bytes", "list", null, [200, {
    keys: [
      ...[PATH, "/a", "a/", "a//b", "../a", ".", EVERY_CHARACTER, "p".repeat(500)],
      ...["err", "key/250", "key/7", "pairs/none", "pairs/null", "pruned", "text"],
    ].toSorted(),
  }]),
];

/** All rows; each counts on those before it. */
export const SECRET_PAIRS: readonly Pair[] = [
  ...basics,
  ...deletions,
  ...pruning,
  ...names,
  ...texts,
];
