import { isJsonArray, type JsonObject, member } from '../../kernel/json.ts';
import { readObject } from '../../model/read-json.ts';
import { kindsOf, plainKind } from './check-advice.ts';
import type { RulePlace } from './check-rule.ts';
import type { Problems } from './problems.ts';

/** Kinds whose images are found without being told where (kyverno-core §3.4). */
const WORKLOADS = [
  'Pod',
  'CronJob',
  'DaemonSet',
  'Deployment',
  'Job',
  'ReplicaSet',
  'ReplicationController',
  'StatefulSet',
];

/** Ours: a rule that verifies images of a kind it cannot find images in looks at nothing, and nobody is told. */
export function checkImageExtractors(rule: JsonObject, { path }: RulePlace, problems: Problems): void {
  const extractors = readObject(rule, 'imageExtractors') ?? {};
  const kinds = new Set(kindsOf(readObject(rule, 'match')).map(plainKind));
  for (const kind of kinds) {
    const given = member(extractors, kind);
    if (/[*?{]/.test(kind) || WORKLOADS.includes(kind) || (isJsonArray(given) && given.length > 0)) continue;
    const message = `no image is found in a \`${kind}\`: the rule verifies nothing of it`;
    const hint = `tell where the image is: \`imageExtractors.${kind}: [{ path: /spec/image }]\``;
    problems.warning(`${path}.imageExtractors`, message, 'policy-invalid-value', hint);
  }
}
