import { isJsonObject, type Json, type JsonObject, member } from '@vouchsafe/engine/kernel';

/** The `request` of an AdmissionReview v1, checked for what every handler relies on. */
export interface AdmissionRequest {
  readonly uid: string;
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly subresource: string;
  readonly namespace: string;
  readonly username: string;
  readonly groups: readonly string[];
  readonly object: JsonObject | undefined;
  readonly oldObject: JsonObject | undefined;
  /** As received. */
  readonly document: JsonObject;
}

export interface AdmissionAnswer {
  readonly allowed: boolean;
  readonly message?: string;
  readonly warnings?: readonly string[];
  readonly patch?: readonly unknown[];
}

const OPERATIONS = ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'] as const;

/** Reads the body of a webhook call. `undefined` when it is no AdmissionReview v1 with a request. */
export function parseAdmissionReview(body: string): AdmissionRequest | undefined {
  let review: Json;
  try {
    review = JSON.parse(body);
  } catch {
    return undefined;
  }
  if (!isJsonObject(review) || review['kind'] !== 'AdmissionReview' || review['apiVersion'] !== 'admission.k8s.io/v1') {
    return undefined;
  }
  const request = member(review, 'request');
  if (!isJsonObject(request)) return undefined;
  const { uid } = request;
  const operation = OPERATIONS.find((known) => known === request['operation']);
  if (typeof uid !== 'string' || uid === '' || !operation || !isJsonObject(request['kind'])) return undefined;
  const user = isJsonObject(request['userInfo']) ? request['userInfo'] : {};
  return {
    uid,
    operation,
    subresource: text(request['subResource']),
    namespace: text(request['namespace']),
    username: text(user['username']),
    groups: Array.isArray(user['groups']) ? user['groups'].filter((group) => typeof group === 'string') : [],
    object: objectOf(request['object']),
    oldObject: objectOf(request['oldObject']),
    document: request,
  };
}

/** The AdmissionReview that answers it. The request is not echoed: the API server does not read it. */
export function renderAdmissionReview(uid: string, { allowed, message, warnings, patch }: AdmissionAnswer): string {
  if (allowed && message === undefined && !warnings?.length && !patch?.length) return renderPlainYes(uid);
  return JSON.stringify({
    kind: 'AdmissionReview',
    apiVersion: 'admission.k8s.io/v1',
    response: {
      uid,
      allowed,
      ...(message === undefined ? {} : { status: { metadata: {}, status: 'Failure', message } }),
      ...(patch && patch.length > 0
        ? { patch: Buffer.from(JSON.stringify(patch)).toString('base64'), patchType: 'JSONPatch' }
        : {}),
      // the API server drops a warning that holds a line break
      ...(warnings && warnings.length > 0
        ? { warnings: warnings.map((warning) => warning.replace(/\s*\n\s*/g, ' ')) }
        : {}),
    },
  });
}

/** What nearly every answer is. */
function renderPlainYes(uid: string): string {
  return `{"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{"uid":${JSON.stringify(uid)},"allowed":true}}`;
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

function objectOf(value: Json | undefined): JsonObject | undefined {
  return isJsonObject(value) ? value : undefined;
}
