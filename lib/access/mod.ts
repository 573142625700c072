/**
 * Who may do what: roles first, then policies, as one set of rules for those who decide on requests and those
 * who explain the decisions. Pure, like `lib/policy`, which it builds upon.
 *
 * Start reading at `judge.ts` (what roles grant), then `explain.ts`.
 *
 * @module
 */
export {
  type AccessExplanation,
  type AccessQuestion,
  type DecidedBy,
  explainAccess,
} from "./explain.ts";
export { isCaller, judgeByRole, type Judgement } from "./judge.ts";
export { routesWanting, targetOf } from "./target.ts";
export { type GrantingPolicy, type GrantingRole, type Grants, whoCan } from "./who_can.ts";
export { parseAskedId, parseQuestion, parseWanted, type QuestionDraft } from "./question.ts";
