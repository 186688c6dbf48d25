import type { PolicyRef, RuleResult } from '@vouchsafe/engine';
import { toDocumentPath } from '@vouchsafe/engine/kernel';
import { detach } from '../inputs/detach.ts';
import { textAt } from '../inputs/read-fields.ts';
import type { InputResource } from '../inputs/resources.ts';
import type { PolicyResponse } from './evaluate-resource.ts';

/** A place in a file; lines and columns count from 1. */
export interface FindingPlace {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One result of one rule on one resource, with where the resource is written. Holds no object, so that many can be kept. */
export interface Finding {
  readonly policy: PolicyRef;
  readonly annotations: Readonly<Record<string, string>>;
  readonly background: boolean;
  readonly admission: boolean;
  readonly result: RuleResult;
  /** As a report would hold it: an unscored failure, or one of Audit when asked so, is a warning. */
  readonly status: RuleResult['status'];
  readonly resource: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
  };
  readonly place: FindingPlace | undefined;
}

export interface FindingOptions {
  /** Failures of rules in Audit are warnings. */
  readonly auditWarn: boolean;
}

export function toFindings(
  response: PolicyResponse,
  resource: InputResource,
  options: FindingOptions,
): readonly Finding[] {
  const { policy } = response;
  const results = policy.family === 'cleanup' && response.results.length === 0 ? [kept(policy)] : response.results;
  if (results.length === 0) return [];
  const about = aboutOf(resource);
  return results.map((result) => ({
    ...policyOf(response),
    result,
    status: reportedStatus(policy.annotations, result, options),
    resource: about,
    place: placeOf(resource, result),
  }));
}

/** A cleanup tells of each resource what becomes of it, as Kyverno's CLI does: also of one that it is not about. */
function kept({ ref }: PolicyResponse['policy']): RuleResult {
  return { rule: ref.name, type: 'Deletion', status: 'fail', message: 'resource did not match', action: 'Audit' };
}

function policyOf({ policy }: PolicyResponse): Pick<Finding, 'policy' | 'annotations' | 'background' | 'admission'> {
  const { ref, annotations, spec } = policy;
  return { policy: ref, annotations, background: spec.background, admission: spec.admission };
}

const known = new WeakMap<InputResource, Finding['resource']>();

/** Told once a resource. Findings outlive what was read, so that nothing of it may hang on them. */
function aboutOf(resource: InputResource): Finding['resource'] {
  const found = known.get(resource);
  if (found) return found;
  const { object, namespace, name } = resource;
  const about = {
    apiVersion: detach(textAt(object, 'apiVersion')),
    kind: detach(textAt(object, 'kind')),
    namespace: detach(namespace),
    name: detach(name),
    uid: detach(textAt(object, 'metadata', 'uid')),
    resourceVersion: detach(textAt(object, 'metadata', 'resourceVersion')),
  };
  known.set(resource, about);
  return about;
}

function reportedStatus(
  annotations: Readonly<Record<string, string>>,
  { status, type, action }: RuleResult,
  { auditWarn }: FindingOptions,
): RuleResult['status'] {
  if (status !== 'fail' || (type !== 'Validation' && type !== 'ImageVerify')) return status;
  const isUnscored = annotations['policies.kyverno.io/scored'] === 'false';
  return isUnscored || (auditWarn && action === 'Audit') ? 'warn' : 'fail';
}

/** Where the failing field is written, or the nearest place above it. */
function placeOf({ sources, origin }: InputResource, { path, status }: RuleResult): FindingPlace | undefined {
  // Objects of a cluster are written nowhere.
  if (status === 'pass' || status === 'skip' || origin === '') return undefined;
  const segments = (path ?? '').split('/').filter((segment) => segment !== '');
  for (let length = segments.length; length >= 0; length -= 1) {
    const range = sources(toDocumentPath(segments.slice(0, length).map(toSegment)));
    if (range) return { file: origin, line: range.line, column: range.column };
  }
  return { file: origin, line: 1, column: 1 };
}

function toSegment(text: string): string | number {
  return /^\d+$/.test(text) ? Number(text) : text;
}
