/** Decoding of messages by operation. Members that only this project knows are optional everywhere. */
import { decodeMessage } from "./decode.ts";
import { ANSWER_LIMITS, BYTES_LIMITS, REQUEST_LIMITS } from "../json/json.ts";
import {
  type AnswerOf,
  type ClientOperation,
  type Operation,
  OPERATIONS,
  type RequestOf,
} from "./operation/mod.ts";

/**
 * Decodes the request of an operation. Shapes are checked; the values are not yet validated.
 *
 * @throws {SpikeError} `api_bad_request`
 */
export function decodeRequest<O extends Operation>(operation: O, body: Uint8Array): RequestOf<O> {
  const { request, carriesBytes } = OPERATIONS[operation];
  const limits = carriesBytes ? BYTES_LIMITS : REQUEST_LIMITS;
  return decodeMessage(request, body, limits) as RequestOf<O>;
}

/**
 * Decodes the answer of an operation.
 *
 * @throws {SpikeError} `api_bad_request` that names the member, never its value
 */
export function decodeAnswer<O extends ClientOperation>(
  operation: O,
  body: Uint8Array,
): AnswerOf<O> {
  return decodeMessage(OPERATIONS[operation].answer, body, ANSWER_LIMITS) as AnswerOf<O>;
}
