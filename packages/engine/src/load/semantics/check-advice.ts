import { type JsonObject, member } from '../../kernel/json.ts';
import { readObject, readObjects, readText, readTexts } from '../../model/read-json.ts';
import type { RulePlace } from './check-rule.ts';
import type { Problems } from './problems.ts';

const ON_POD =
  'Pods managed by workload controllers should not be directly mutated using policies. Use the autogen feature or write policies that match Pod controllers.';
const REPLICAS = 'You are matching on replicas but not including the scale subresource in the policy.';
const ASSERT = '`assert` is not evaluated: this rule checks nothing';
const BODIES = ['pattern', 'anyPattern', 'deny', 'podSecurity', 'manifests', 'foreach', 'cel'] as const;
const STATUS = 'You are matching on status but not including the status subresource in the policy.';

/** Kyverno's warnings about rules that are right in form and probably wrong in intent (kyverno-core §4.4.11). */
export function checkAdvice(rule: JsonObject, { path }: RulePlace, problems: Problems): void {
  const mutate = readObject(rule, 'mutate');
  const inline = readTexts(readObject(readObject(rule, 'match'), 'resources'), 'kinds');
  if (inline.includes('Pod') && readText(mutate, 'patchesJson6902')) advise(problems, `${path}.mutate`, ON_POD);
  const kinds = [...kindsOf(readObject(rule, 'match')), ...kindsOf(readObject(rule, 'exclude'))];
  const validate = readObject(rule, 'validate');
  if (validate && isAssertAlone(validate)) advise(problems, `${path}.validate.assert`, ASSERT);
  if (validate) checkSubresources(withoutConditions(validate), kinds, `${path}.validate`, problems);
  if (mutate) {
    const targets = readObjects(mutate, 'targets').map((target) => readText(target, 'kind') ?? '');
    checkSubresources(mutate, [...kinds, ...targets], `${path}.mutate`, problems);
  }
}

/** Upstream takes `assert` and, since 1.19, does nothing with it. */
function isAssertAlone(validate: JsonObject): boolean {
  return validate['assert'] !== undefined && !BODIES.some((body) => validate[body] !== undefined);
}

function advise(problems: Problems, path: string, message: string): void {
  problems.warning(path, message, 'policy-invalid-value');
}

/** Deny conditions are left out, as upstream leaves them out. */
function withoutConditions(validate: JsonObject): JsonObject {
  const deny = member(validate, 'deny');
  return deny === undefined ? validate : { ...validate, deny: null };
}

function checkSubresources(body: JsonObject, kinds: readonly string[], path: string, problems: Problems): void {
  const text = JSON.stringify(body);
  const names = (word: string): boolean => kinds.some((kind) => kind.toLowerCase().includes(word));
  if (text.includes('replicas') && !names('scale')) advise(problems, path, REPLICAS);
  if ((text.includes('.status') || text.includes('"status":')) && !names('status')) advise(problems, path, STATUS);
}

/** Every kind a `match` or `exclude` block names, as written. */
export function kindsOf(block: JsonObject | undefined): string[] {
  if (!block) return [];
  return [block, ...readObjects(block, 'any'), ...readObjects(block, 'all')].flatMap((filter) =>
    readTexts(readObject(filter, 'resources'), 'kinds'),
  );
}

const CONTROLLERS = 'cronjob,daemonset,deployment,job,statefulset';
const EXCLUDED =
  'Policies that match Pods apply to all Pods including those created and managed by controllers excluded from autogen. Use preconditions to exclude the Pods managed by controllers which are excluded from autogen. Refer to https://kyverno.io/docs/policy-types/cluster-policy/autogen/ for details.';

/** A rule about Pods alone in a policy whose annotation leaves some pod controllers out. */
export function checkExcludedControllers(document: JsonObject, problems: Problems): void {
  const annotations = readObject(readObject(document, 'metadata'), 'annotations');
  const controllers = readText(annotations, 'pod-policies.kyverno.io/autogen-controllers');
  if (controllers === undefined || controllers === 'none') return;
  if (controllers.toLowerCase().split(',').sort().join(',') === CONTROLLERS) return;
  for (const [index, rule] of readObjects(readObject(document, 'spec'), 'rules').entries()) {
    const kinds = new Set(kindsOf(readObject(rule, 'match')).map(plainKind));
    if (kinds.size === 1 && kinds.has('Pod')) advise(problems, `spec.rules[${index}]`, EXCLUDED);
  }
}

/** The kind without group, version and subresource. */
export function plainKind(kind: string): string {
  const segments = kind.split('/');
  const last = segments.at(-1) ?? '';
  return (
    (segments.length === 2 && !/^(v\d|\*)/.test(segments[0] ?? '') ? (segments[0] ?? '') : last).split('.')[0] ?? ''
  );
}
