import assert from "node:assert/strict";
import fc from "fast-check";
import {
  type Budget,
  consume,
  isRenewalDue,
  RENEW_AT,
  reserve,
  RESERVE_BLOCK,
  resumeBudget,
  SEAL_LIMIT,
} from "./budget.ts";

Deno.test("a new key has to reserve before it seals", () => {
  const fresh = resumeBudget(0);
  assert.equal(consume(fresh, 1), undefined);
  const reserved = reserve(fresh, 1);
  assert.deepEqual(reserved, { reserved: RESERVE_BLOCK, used: 0 });
  assert.deepEqual(consume(reserved, 3), { reserved: RESERVE_BLOCK, used: 3 });
});

Deno.test("the last sealing of a block is allowed, the one after it is not", () => {
  const reserved = reserve(resumeBudget(0), 1);
  assert.ok(consume(reserved, RESERVE_BLOCK));
  assert.equal(consume(reserved, RESERVE_BLOCK + 1), undefined);
});

Deno.test("after a crash the rest of the block counts as used", () => {
  const resumed = resumeBudget(RESERVE_BLOCK);
  assert.equal(consume(resumed, 1), undefined);
  assert.equal(reserve(resumed, 1).reserved, 2 * RESERVE_BLOCK);
});

Deno.test("reserving for many takes as many blocks as they need", () => {
  assert.equal(reserve(resumeBudget(0), RESERVE_BLOCK + 1).reserved, 2 * RESERVE_BLOCK);
  assert.equal(reserve(resumeBudget(0), RESERVE_BLOCK).reserved, RESERVE_BLOCK);
});

Deno.test("a key never passes its limit", () => {
  const last = reserve(resumeBudget(SEAL_LIMIT - RESERVE_BLOCK), 1);
  assert.equal(last.reserved, SEAL_LIMIT);
  assert.throws(() => reserve(resumeBudget(SEAL_LIMIT), 1), { code: "state_not_ready" });
});

Deno.test("renewal is due long before the limit", () => {
  assert.ok(RENEW_AT * 4 <= SEAL_LIMIT);
  assert.equal(isRenewalDue(resumeBudget(RENEW_AT - 1)), false);
  assert.equal(isRenewalDue(resumeBudget(RENEW_AT)), true);
});

Deno.test("what was written down is never less than what was sealed, across any crashes", () => {
  const step = fc.oneof(fc.constant("crash"), fc.integer({ min: 1, max: 3 * RESERVE_BLOCK }));
  fc.assert(fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
    let budget: Budget = resumeBudget(0);
    let sealed = 0;
    for (const now of steps) {
      if (now === "crash") {
        budget = resumeBudget(budget.reserved);
        continue;
      }
      const count = now as number;
      budget = consume(budget, count) ?? consume(reserve(budget, count), count) ?? assert.fail();
      sealed += count;
      assert.ok(sealed <= budget.used && budget.used <= budget.reserved);
    }
  }));
});

Deno.test("a reservation that cannot be one is refused", () => {
  for (const bad of [-1, 0.5, NaN, SEAL_LIMIT + 1]) {
    assert.throws(() => resumeBudget(bad), { code: "state_integrity_check" });
  }
  assert.throws(() => consume(resumeBudget(0), -1), TypeError);
});
