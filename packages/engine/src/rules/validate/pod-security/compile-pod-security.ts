import { isJsonArray, isJsonObject, type Json, type JsonObject, member } from '../../../kernel/json.ts';
import type { Scope } from '../../../lang/variables/scope.ts';
import type { RuleBody, RuleBodyOutcome, RuleCompilation, RuleEvaluation } from '../../rule-kind.ts';
import { excuseExisting, excusesExisting } from '../existing-violations.ts';
import { parsePodSecurityVersion } from './controls.ts';
import { compilePodEvaluation, type PodEvaluation, type Violation } from './evaluate-pod.ts';
import { applyExclusions, type Exclusion, readExclusion } from './exclusions.ts';
import { podOf } from './pod.ts';
import { formatViolations } from './pod-security-message.ts';

interface PodSecurity {
  readonly ruleName: string;
  readonly level: string;
  /** As written: messages repeat it, also when it is empty. */
  readonly version: string;
  /** `undefined` for a version that is none. */
  readonly evaluatePod: PodEvaluation | undefined;
  readonly exclusions: readonly Exclusion[];
  readonly passed: RuleBodyOutcome;
}

/** `podSecurity`: a level of the Pod Security Standards, minus exclusions (kyverno-core §2.9, §2.13). */
export function compilePodSecurity(block: JsonObject, { policy, rule }: RuleCompilation): CompiledPodSecurity {
  const level = textOf(member(block, 'level'));
  const version = textOf(member(block, 'version'));
  const minor = parsePodSecurityVersion(version);
  const podSecurity: PodSecurity = {
    ruleName: rule.name,
    level,
    version,
    evaluatePod: minor === undefined ? undefined : compilePodEvaluation(level, minor),
    exclusions: objectsOf(member(block, 'exclude')).map(readExclusion),
    passed: Object.freeze({ status: 'pass', message: `Validation rule '${rule.name}' passed.` }),
  };
  const excuses = excusesExisting(policy, rule);
  return {
    passes: ({ request, resource }) => {
      const pod = request.operation === 'DELETE' ? undefined : podOf(resource);
      return pod && podSecurity.evaluatePod?.(pod).length === 0 ? podSecurity.passed : undefined;
    },
    evaluate: (evaluation) => {
      const { input, scope } = evaluation;
      if (input.request.operation === 'DELETE') return undefined;
      const outcome = judge(podSecurity, evaluation, input.resource, scope);
      if (!excuses) return outcome;
      return excuseExisting(outcome, evaluation, (before, beforeScope) =>
        judge(podSecurity, evaluation, before.resource, beforeScope),
      );
    },
  };
}

interface CompiledPodSecurity {
  readonly passes: NonNullable<RuleBody['passes']>;
  readonly evaluate: (evaluation: RuleEvaluation) => RuleBodyOutcome | undefined;
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

function objectsOf(value: Json | undefined): readonly JsonObject[] {
  return isJsonArray(value) ? value.filter(isJsonObject) : [];
}

function judge(
  { ruleName, level, version, evaluatePod, exclusions, passed }: PodSecurity,
  { podSecurityExceptions = [] }: RuleEvaluation,
  resource: JsonObject,
  scope: Scope,
): RuleBodyOutcome {
  const pod = podOf(resource);
  if (!pod) {
    return { status: 'error', message: 'Error while getting new resource: could not find correct resource type' };
  }
  if (evaluatePod === undefined) {
    return {
      status: 'error',
      message: `failed to parse pod security api version: invalid version "${version}"`,
    };
  }
  const found = applyExclusions(evaluatePod(pod), exclusions, pod, evaluatePod);
  if (found.length === 0) return passed;
  const excepted = podSecurityExceptions.flatMap(({ exclude }) => exclude).map(readExclusion);
  const left = applyExclusions(found, excepted, pod, evaluatePod);
  if (left.length === 0) {
    const exceptions = podSecurityExceptions.map(({ key }) => key);
    return { status: 'skip', message: `rule is skipped due to policy exceptions ${exceptions.join(', ')}`, exceptions };
  }
  const details = formatViolations(left, textOf(member(resource, 'kind')));
  return {
    status: 'fail',
    message: `Validation rule '${ruleName}' failed. It violates PodSecurity "${level}:${version}": ${details}`,
    properties: propertiesOf(left, level, version, scope),
  };
}

/** What reports say about it: the failed controls, with the images of the containers that broke them. */
function propertiesOf(
  violations: readonly Violation[],
  level: string,
  version: string,
  scope: Scope,
): Readonly<Record<string, string>> {
  const controls = violations.map(({ control, containers }) => ({
    ID: control.id,
    Name: control.name,
    Images: containers?.map((name) => imageOf(name, scope)) ?? null,
  }));
  return {
    standard: level,
    version,
    controls: controls.map(({ ID }) => ID).join(','),
    controlsJSON: JSON.stringify(controls),
  };
}

/** The reference of a container's image, its name when that is unknown. */
function imageOf(name: string, scope: Scope): string {
  const images = scope.lookup('images');
  if (!isJsonObject(images)) return name;
  for (const list of ['containers', 'initContainers', 'ephemeralContainers']) {
    const group = member(images, list);
    const image = isJsonObject(group) ? member(group, name) : undefined;
    const reference = isJsonObject(image) ? member(image, 'reference') : undefined;
    if (typeof reference === 'string') return reference;
  }
  return name;
}
