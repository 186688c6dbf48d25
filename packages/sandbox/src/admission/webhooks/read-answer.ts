import type { SchemaPort } from '../../api/schema-port.ts';
import { StatusError } from '../../api/status-error.ts';
import type { JsonObject, JsonValue } from '../../store/json-value.ts';
import {
  isJsonObject,
  listAt,
  memberAt,
  numberAt,
  objectAt,
  objectsAt,
  stringAt,
  stringsAt,
} from '../../store/json-value.ts';

/** A well-formed answer of a webhook. */
export interface WebhookAnswer {
  readonly allowed: boolean;
  readonly warnings: readonly string[];
  readonly status: JsonObject | undefined;
  /** Operations of the JSON patch; empty when there is none. */
  readonly patch: readonly JsonObject[];
}

/** The answer, or what is wrong with it in the real server's words. */
export type AnswerResult =
  | { readonly ok: true; readonly answer: WebhookAnswer }
  | { readonly ok: false; readonly message: string };

/** Reads and verifies the AdmissionReview a webhook returned (apiserver `VerifyAdmissionResponse`). */
export function readAnswer(
  schema: SchemaPort,
  text: string,
  uid: string,
  version: 'v1' | 'v1beta1',
  mutating: boolean,
): AnswerResult {
  const parsed = parseReview(schema, text);
  if (typeof parsed === 'string') {
    return { ok: false, message: `failed to call webhook: ${parsed}` };
  }
  const problem = envelopeProblem(parsed, uid, version);
  if (problem !== undefined) {
    return { ok: false, message: `received invalid webhook response: ${problem}` };
  }
  const response = objectAt(parsed, 'response') ?? {};
  const patch = mutating ? readPatch(schema, response) : [];
  if (typeof patch === 'string') {
    return { ok: false, message: patch };
  }
  return {
    ok: true,
    answer: {
      allowed: memberAt(response, 'allowed') === true,
      warnings: stringsAt(response, 'warnings'),
      status: objectAt(response, 'status'),
      patch,
    },
  };
}

function parseReview(schema: SchemaPort, text: string): JsonObject | string {
  try {
    const { value } = schema.parseJson(text);
    return isJsonObject(value)
      ? value
      : "couldn't get version/kind; json parse error: json: cannot unmarshal into Go value";
  } catch (error) {
    if (error instanceof StatusError) {
      return `couldn't get version/kind; json parse error: ${error.message}`;
    }
    throw error;
  }
}

function envelopeProblem(review: JsonObject, uid: string, version: string): string | undefined {
  const apiVersion = stringAt(review, 'apiVersion');
  const kind = stringAt(review, 'kind');
  if (version === 'v1' && (apiVersion !== 'admission.k8s.io/v1' || kind !== 'AdmissionReview')) {
    const found = apiVersion.includes('/') ? apiVersion : `/${apiVersion}`;
    return `expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${found}, Kind=${kind}`;
  }
  const response = objectAt(review, 'response');
  if (response === undefined) {
    return 'webhook response was absent';
  }
  const found = stringAt(response, 'uid');
  return version === 'v1' && found !== uid
    ? `expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(found)}`
    : undefined;
}

function readPatch(schema: SchemaPort, response: JsonObject): readonly JsonObject[] | string {
  const encoded = stringAt(response, 'patch');
  const patchType = memberAt(response, 'patchType');
  if (encoded !== '' && typeof patchType !== 'string') {
    return 'received invalid webhook response: webhook returned response.patch but not response.patchType';
  }
  if (encoded === '' && typeof patchType === 'string') {
    return 'received invalid webhook response: webhook returned response.patchType but not response.patch';
  }
  if (encoded === '') {
    return [];
  }
  if (patchType !== 'JSONPatch') {
    return `received invalid webhook response: webhook returned invalid response.patchType of ${JSON.stringify(patchType ?? null)}`;
  }
  return decodePatch(schema, encoded);
}

function decodePatch(schema: SchemaPort, encoded: string): readonly JsonObject[] | string {
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  let value: JsonValue;
  try {
    value = schema.parseJson(text).value;
  } catch (error) {
    if (error instanceof StatusError) {
      return `received undecodable patch in webhook response: ${error.message}`;
    }
    throw error;
  }
  if (!Array.isArray(value)) {
    return 'received undecodable patch in webhook response: json: cannot unmarshal into Go value of type jsonpatch.Patch';
  }
  const operations = objectsAt({ value }, 'value');
  return operations.length === listAt({ value }, 'value').length
    ? operations
    : 'received undecodable patch in webhook response: json: cannot unmarshal into Go value of type jsonpatch.Operation';
}

/** The Status a denial is answered with: never below 400, never without a text. */
export function denialOf(webhookName: string, status: JsonObject | undefined): StatusError {
  const denied = `admission webhook ${JSON.stringify(webhookName)} denied the request`;
  const message = stringAt(status, 'message');
  const reason = stringAt(status, 'reason');
  const details = objectAt(status, 'details');
  return new StatusError({
    code: Math.max(400, numberAt(status, 'code') ?? 0),
    message:
      message !== ''
        ? `${denied}: ${message}`
        : reason !== ''
          ? `${denied}: ${reason}`
          : `${denied} without explanation`,
    reason,
    ...(details === undefined ? {} : { details }),
  });
}
