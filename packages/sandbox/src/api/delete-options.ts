import type { JsonObject } from '../store/json-value.ts';
import { memberAt, numberAt, objectAt, stringAt, stringsAt } from '../store/json-value.ts';
import type { FieldCause } from './status-error.ts';
import { invalid, invalidField, unsupportedField } from './status-error.ts';

const POLICIES = ['Foreground', 'Background', 'Orphan', 'nil'];

/** Checked `DeleteOptions`. */
export interface DeleteOptions {
  readonly gracePeriodSeconds: number | undefined;
  readonly propagationPolicy: '' | 'Foreground' | 'Background' | 'Orphan';
  readonly preconditionUid: string | undefined;
  readonly preconditionResourceVersion: string | undefined;
  readonly dryRun: boolean;
  /** The options as AdmissionReview carries them. */
  readonly object: JsonObject;
}

/** Options of in-process deletions. */
export const PLAIN_DELETE: DeleteOptions = parseDeleteOptions({}, new URLSearchParams());

/** Reads delete options from the body, or from the query when there is no body. */
export function parseDeleteOptions(body: JsonObject | undefined, query: URLSearchParams): DeleteOptions {
  const source = body !== undefined && Object.keys(body).length > 0 ? body : fromQuery(query);
  const dryRun = stringsAt(source, 'dryRun');
  const policy = memberAt(source, 'propagationPolicy');
  const causes: FieldCause[] = [];
  if (dryRun.some((value) => value !== 'All')) {
    causes.push(unsupportedField('dryRun', dryRun, ['All']));
  }
  if (typeof policy === 'string' && policy !== '' && !isPolicy(policy)) {
    causes.push(unsupportedField('propagationPolicy', policy, POLICIES));
  }
  if (typeof policy === 'string' && memberAt(source, 'orphanDependents') !== undefined) {
    causes.push(
      invalidField('propagationPolicy', policy, 'orphanDependents and deletionPropagation cannot be both set'),
    );
  }
  if (causes.length > 0) {
    throw invalid('DeleteOptions', 'meta.k8s.io', '', causes);
  }
  const preconditions = objectAt(source, 'preconditions');
  return {
    gracePeriodSeconds: numberAt(source, 'gracePeriodSeconds'),
    propagationPolicy: propagationOf(source, policy),
    preconditionUid: stringAt(preconditions, 'uid') || undefined,
    preconditionResourceVersion: stringAt(preconditions, 'resourceVersion') || undefined,
    dryRun: dryRun.length > 0,
    object: admissionForm(source),
  };
}

function isPolicy(policy: unknown): policy is 'Foreground' | 'Background' | 'Orphan' {
  return policy === 'Foreground' || policy === 'Background' || policy === 'Orphan';
}

function propagationOf(source: JsonObject, policy: unknown): DeleteOptions['propagationPolicy'] {
  if (isPolicy(policy)) {
    return policy;
  }
  const orphan = memberAt(source, 'orphanDependents');
  return orphan === true ? 'Orphan' : orphan === false ? 'Background' : '';
}

function fromQuery(query: URLSearchParams): JsonObject {
  const grace = query.get('gracePeriodSeconds');
  const policy = query.get('propagationPolicy');
  const dryRun = query.getAll('dryRun').filter((value) => value !== '');
  return {
    ...(grace !== null && /^-?\d{1,18}$/.test(grace) ? { gracePeriodSeconds: Number(grace) } : {}),
    ...(policy === null ? {} : { propagationPolicy: policy }),
    ...(dryRun.length === 0 ? {} : { dryRun }),
  };
}

function admissionForm(source: JsonObject): JsonObject {
  const form: JsonObject = { kind: 'DeleteOptions', apiVersion: 'meta.k8s.io/v1' };
  for (const key of ['gracePeriodSeconds', 'preconditions', 'orphanDependents', 'propagationPolicy', 'dryRun']) {
    const value = memberAt(source, key);
    if (value !== undefined && value !== null) {
      form[key] = value;
    }
  }
  return form;
}
