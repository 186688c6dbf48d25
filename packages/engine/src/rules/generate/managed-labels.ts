import { type Json, type JsonObject, memberAt } from '../../kernel/json.ts';
import type { RuleInput } from '../../model/compiled-policy.ts';
import type { LegacyPolicy } from '../../model/policy.ts';

/** The labels by which a generated object is found again (kyverno-core §1.7.3); unknown values are empty. */
export function managedLabels(
  { ref }: LegacyPolicy,
  rule: string,
  { request, resource }: RuleInput,
): Readonly<Record<string, string>> {
  return {
    'app.kubernetes.io/managed-by': 'kyverno',
    'generate.kyverno.io/policy-name': ref.name,
    'generate.kyverno.io/policy-namespace': ref.namespace ?? '',
    'generate.kyverno.io/rule-name': rule,
    'generate.kyverno.io/trigger-version': request.kind.version,
    'generate.kyverno.io/trigger-group': request.kind.group,
    'generate.kyverno.io/trigger-kind': request.kind.kind,
    'generate.kyverno.io/trigger-namespace': request.namespace,
    'generate.kyverno.io/trigger-uid': textOf(memberAt(resource, 'metadata', 'uid')),
  };
}

/** Where a copy came from. */
export function sourceLabels(source: JsonObject): Readonly<Record<string, string>> {
  const apiVersion = textOf(memberAt(source, 'apiVersion'));
  const cut = apiVersion.indexOf('/');
  return {
    'generate.kyverno.io/source-group': cut < 0 ? '' : apiVersion.slice(0, cut),
    'generate.kyverno.io/source-version': apiVersion.slice(cut + 1),
    'generate.kyverno.io/source-kind': textOf(memberAt(source, 'kind')),
    'generate.kyverno.io/source-namespace': textOf(memberAt(source, 'metadata', 'namespace')),
    'generate.kyverno.io/source-uid': textOf(memberAt(source, 'metadata', 'uid')),
  };
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
