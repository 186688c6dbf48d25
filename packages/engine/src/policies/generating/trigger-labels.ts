import { type Json, type JsonObject, memberAt } from '../../kernel/json.ts';
import type { RuleInput } from '../../model/compiled-policy.ts';
import type { PolicyRef } from '../../model/decision.ts';

/**
 * The labels by which an object in the cluster is found again: who generated it, for whom (kyverno-cel §4.4). Files get none,
 * as from Kyverno's CLI.
 */
export function triggerLabels(
  policy: PolicyRef,
  { request, resource }: RuleInput,
): (source: JsonObject) => Readonly<Record<string, string>> {
  if (request.standIns !== undefined) return () => NO_LABELS;
  const labels = {
    'app.kubernetes.io/managed-by': 'kyverno',
    'generate.kyverno.io/policy-name': toLabel(policy.name),
    'generate.kyverno.io/policy-namespace': policy.namespace ?? '',
    'generate.kyverno.io/trigger-name': toLabel(request.name),
    'generate.kyverno.io/trigger-namespace': request.namespace,
    'generate.kyverno.io/trigger-uid': textOf(memberAt(resource, 'metadata', 'uid')),
    'generate.kyverno.io/trigger-kind': request.kind.kind,
    'generate.kyverno.io/trigger-group': request.kind.group,
    'generate.kyverno.io/trigger-version': request.kind.version,
  };
  return (source) => {
    const uid = textOf(memberAt(source, 'metadata', 'uid'));
    // Only what was read from the cluster has a version: a copy of it.
    const isCopy = textOf(memberAt(source, 'metadata', 'resourceVersion')) !== '';
    return isCopy ? { ...labels, 'generate.kyverno.io/source-uid': uid } : labels;
  };
}

const NO_LABELS: Readonly<Record<string, string>> = Object.freeze({});

const LABEL = /^(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/;

/** A name as a label may hold it: at most 63 characters, empty when it has others than labels allow. */
function toLabel(name: string): string {
  const short = name.slice(0, 63).replace(/[^A-Za-z0-9]+$/, '');
  return LABEL.test(short) ? short : '';
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
