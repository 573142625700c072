import assert from "node:assert/strict";
import type { ErrorCode } from "../error/error.ts";
import type { Operation } from "./operation/mod.ts";
import { errorBody } from "./response.ts";
import { formatTime } from "./time.ts";

const bodyOf = (operation: Operation | undefined, code: ErrorCode) =>
  errorBody(operation, { code });

Deno.test("times are RFC 3339 in UTC without trailing zeros", () => {
  assert.equal(formatTime(Date.UTC(2026, 0, 2, 3, 4, 5, 120)), "2026-01-02T03:04:05.12Z");
  assert.equal(formatTime(Date.UTC(2026, 0, 2, 3, 4, 5, 7)), "2026-01-02T03:04:05.007Z");
  assert.equal(formatTime(Date.UTC(2026, 0, 2)), "2026-01-02T00:00:00Z");
  assert.equal(formatTime(Date.UTC(2026, 0, 2, 10, 20, 30)), "2026-01-02T10:20:30Z");
});

Deno.test("an error body is the operation's zero answer with the code", () => {
  const unauthorized = "access_unauthorized";
  assert.equal(
    bodyOf("secret.get", unauthorized),
    '{"data":null,"err":"access_unauthorized"}',
  );
  assert.equal(bodyOf("secret.put", "api_bad_request"), '{"err":"api_bad_request"}');
  assert.equal(
    bodyOf("secret.metadata", "api_not_found"),
    '{"metadata":{"currentVersion":0,"oldestVersion":0,"createdTime":"0001-01-01T00:00:00Z",' +
      '"updatedTime":"0001-01-01T00:00:00Z","maxVersions":0},"err":"api_not_found"}',
  );
  assert.equal(
    bodyOf("operator.restore", unauthorized),
    '{"collected":0,"remaining":0,"restored":false,"err":"access_unauthorized"}',
  );
  assert.equal(
    bodyOf("keeper.shard", "api_bad_request"),
    '{"shard":null,"Err":"api_bad_request"}',
  );
  assert.equal(bodyOf(undefined, "state_not_ready"), '{"err":"state_not_ready"}');
});
