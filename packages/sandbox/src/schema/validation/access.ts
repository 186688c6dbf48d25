import { arrayMember, equalJson, type JsonObject, type JsonValue, member, stringMember } from '../json/json-value.ts';
import { invalidCause, notSupportedCause, requiredCause } from '../model/field-cause.ts';
import type { StatusCause } from '../model/status-cause.ts';
import { named } from './field-rules.ts';
import { dns1123SubdomainProblems, pathSegmentProblems } from './name-syntax.ts';

const GROUP = 'rbac.authorization.k8s.io';

/** Problems of a Role or ClusterRole. */
export function validateRole(role: JsonObject, isNamespaced: boolean): StatusCause[] {
  return arrayMember(role, 'rules').flatMap((rule, index) => ruleCauses(rule, `rules[${index}]`, isNamespaced));
}

function ruleCauses(rule: JsonValue, path: string, isNamespaced: boolean): StatusCause[] {
  const causes: StatusCause[] = [];
  const isGiven = (field: string) => arrayMember(rule, field).length > 0;
  if (!isGiven('verbs')) causes.push(requiredCause(`${path}.verbs`, 'verbs must contain at least one value'));
  const urls = arrayMember(rule, 'nonResourceURLs');
  if (urls.length > 0) {
    const fail = (detail: string) => causes.push(invalidCause(`${path}.nonResourceURLs`, [...urls], detail));
    if (isNamespaced) fail('namespaced rules cannot apply to non-resource URLs');
    if (isGiven('apiGroups') || isGiven('resources') || isGiven('resourceNames')) {
      fail('rules cannot apply to both regular resources and non-resource URLs');
    }
    return causes;
  }
  if (!isGiven('apiGroups')) {
    causes.push(requiredCause(`${path}.apiGroups`, 'resource rules must supply at least one api group'));
  }
  if (!isGiven('resources')) {
    causes.push(requiredCause(`${path}.resources`, 'resource rules must supply at least one resource'));
  }
  return causes;
}

/** Problems of a RoleBinding or ClusterRoleBinding; what it refers to never changes. */
export function validateBinding(
  binding: JsonObject,
  old: JsonObject | undefined,
  isNamespaced: boolean,
): StatusCause[] {
  const reference = member(binding, 'roleRef');
  const kinds = isNamespaced ? ['Role', 'ClusterRole'] : ['ClusterRole'];
  const group = stringMember(reference, 'apiGroup');
  const kind = stringMember(reference, 'kind');
  const name = stringMember(reference, 'name');
  return [
    ...(group === GROUP ? [] : [notSupportedCause('roleRef.apiGroup', group, [GROUP])]),
    ...(kinds.includes(kind) ? [] : [notSupportedCause('roleRef.kind', kind, kinds)]),
    ...(name === '' ? [requiredCause('roleRef.name')] : named('roleRef.name', name, pathSegmentProblems(name))),
    ...arrayMember(binding, 'subjects').flatMap((subject, index) =>
      subjectCauses(subject, `subjects[${index}]`, isNamespaced),
    ),
    ...(old === undefined || equalJson(reference, member(old, 'roleRef'))
      ? []
      : [invalidCause('roleRef', reference ?? null, 'cannot change roleRef')]),
  ];
}

function subjectCauses(subject: JsonValue, path: string, isNamespaced: boolean): StatusCause[] {
  const name = stringMember(subject, 'name');
  const group = stringMember(subject, 'apiGroup');
  const kind = stringMember(subject, 'kind');
  const causes = name === '' ? [requiredCause(`${path}.name`)] : [];
  switch (kind) {
    case 'ServiceAccount':
      if (name !== '') causes.push(...named(`${path}.name`, name, dns1123SubdomainProblems(name)));
      if (group !== '') causes.push(notSupportedCause(`${path}.apiGroup`, group, ['']));
      if (!isNamespaced && stringMember(subject, 'namespace') === '') causes.push(requiredCause(`${path}.namespace`));
      return causes;
    case 'User':
    case 'Group':
      return group === GROUP ? causes : [...causes, notSupportedCause(`${path}.apiGroup`, group, [GROUP])];
    default:
      return [...causes, notSupportedCause(`${path}.kind`, kind, ['ServiceAccount', 'User', 'Group'])];
  }
}
