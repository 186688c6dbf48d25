import { type RuleResult, rulesOf, type TraceStep } from '@vouchsafe/engine';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import { isSameObject, type PolicyResponse } from '../../evaluation/evaluate-resource.ts';
import { textAt } from '../../inputs/read-fields.ts';
import type { TestExpectation } from '../../inputs/test-manifest.ts';
import { type CheckOptions, type CheckOutcome, checkStatus, checkWithObject } from './check-result.ts';
import { findKeys, nameOfKey } from './find-keys.ts';
import type { ResponsesByResource, TestRun } from './run-test.ts';
import type { RowResult, TestRow } from './test-row.ts';

const NOTHING: ResponsesByResource = new Map();

/** The rows of a manifest: each expectation on each resource it is about (kyverno-core §5.3). */
export function checkResults(
  expectations: readonly TestExpectation[],
  run: TestRun,
  folder: string,
  asKyverno = false,
): readonly TestRow[] {
  const rows: TestRow[] = [];
  for (const expectation of expectations) {
    for (const row of checkExpectation(expectation, run, { folder, asKyverno })) {
      rows.push({ ...row, id: rows.length + 1, ...(row.result === 'Fail' ? { place: expectation.place() } : {}) });
    }
  }
  return rows;
}

type Row = Omit<TestRow, 'id'>;
/** A row that was looked at and left out: nothing is missing. */
const DROPPED = Symbol('dropped');
type Checked = Row | typeof DROPPED;

function checkExpectation(
  expectation: TestExpectation,
  run: TestRun,
  { folder, asKyverno }: Pick<CheckOptions, 'folder' | 'asKyverno'>,
): readonly Row[] {
  const { operation } = expectation;
  const trigger = operation === '' ? run.trigger : (run.triggerByOperation.get(operation) ?? NOTHING);
  const name = policyName(expectation);
  const skipped = run.unsupported.get(name);
  if (skipped !== undefined) return notRun(expectation, skipped);
  const { keys, missing } = findKeys(expectation, run.target, trigger, run.targetResources, asKyverno);
  const options: CheckOptions = { expectation, folder, kinds: run.kinds, asKyverno };
  const checked = keys.flatMap((key): readonly Checked[] => {
    const found = [...checkTrigger(key, trigger.get(key) ?? [], options), ...checkTarget(key, run, options)];
    return found.length > 0 ? found : [notFound(expectation, key, run, asKyverno)];
  });
  const absent = missing.map((resource) => notFound(expectation, resource, run, asKyverno));
  const rows = checked.filter((row) => row !== DROPPED);
  if (checked.length + absent.length > 0) return [...rows, ...absent];
  return [notFound(expectation, '', run, asKyverno)];
}

/** `namespace/name` and `name` both name a policy. */
function policyName({ policy }: TestExpectation): string {
  return policy.split('/').at(-1) ?? policy;
}

function checkTrigger(key: string, responses: readonly PolicyResponse[], options: CheckOptions): readonly Checked[] {
  const { expectation, asKyverno } = options;
  const rows: Checked[] = [];
  let excluded: PolicyResponse | undefined;
  for (const response of responses) {
    if (response.policy.ref.name !== policyName(expectation)) continue;
    // Upstream ignores the rule an expectation names for kinds in CEL (kyverno-cel §9.5).
    const isAny = response.policy.family === 'cel';
    const results = response.results.filter(({ rule }) => isAny || isRuleOf(expectation.rule, rule));
    for (const result of results) rows.push(...checkRule(key, response, result, options));
    if (results.length === 0) excluded = response;
  }
  if (rows.length > 0 || !excluded || !(asKyverno || hasRule(excluded, expectation.rule))) return rows;
  return [excludedRow(key, expectation, excluded, asKyverno)];
}

/** The rule itself and those that autogen makes of it. */
function isRuleOf(wanted: string, rule: string): boolean {
  return wanted === '' || rule === wanted || rule === `autogen-${wanted}` || rule === `autogen-cronjob-${wanted}`;
}

function hasRule({ policy }: PolicyResponse, wanted: string): boolean {
  if (policy.family === 'cel') return true;
  const plain = wanted.replace(/^autogen-(?:cronjob-)?/, '');
  return wanted === '' || rulesOf(policy).some(({ name }) => name === wanted || name === plain);
}

function checkRule(
  key: string,
  response: PolicyResponse,
  result: RuleResult,
  options: CheckOptions,
): readonly Checked[] {
  // A policy in CEL is one rule, whatever its result is called.
  const isOne = response.policy.family === 'cel';
  const trace = response.trace.filter(({ rule }) => isOne || rule === result.rule);
  const toRow = (resource: string, outcome: CheckOutcome | undefined): Checked =>
    outcome ? createRow(options.expectation, result.rule, resource, outcome, trace) : DROPPED;
  if (result.type !== 'Generation') {
    const object = result.type === 'Mutation' ? response.patched : response.resource;
    return [toRow(pathOfKey(key), checkWithObject(response, result, object, options))];
  }
  const generated = objectsOf(response, 'create', result.rule);
  if (generated.length === 0) return [toRow(pathOfKey(key), checkStatus(response, result, options))];
  return generated.map((object) =>
    toRow(textAt(object, 'metadata', 'name'), checkWithObject(response, result, object, options)),
  );
}

function objectsOf({ effects }: PolicyResponse, kind: 'create' | 'update', rule: string): readonly JsonObject[] {
  return effects.flatMap((effect) => (effect.kind === kind && effect.rule === rule ? [effect.resource] : []));
}

/** The expectations on an object that a rule about another one changed. */
function checkTarget(key: string, run: TestRun, options: CheckOptions): readonly Checked[] {
  const target = run.targetResources.find((resource) => resource.key === key);
  if (!target) return [];
  return (run.target.get(key) ?? []).flatMap((response): readonly Checked[] => {
    const effect = response.effects.find(
      (candidate) => candidate.kind === 'update' && isSameObject(candidate.resource, target.object),
    );
    if (effect?.kind !== 'update') return [];
    const message = messageOf(effect.resource);
    const own = response.results.filter(({ rule }) => rule === effect.rule);
    const result = own.find((candidate) => candidate.message === message) ?? own[0];
    if (!result || response.policy.ref.name !== policyName(options.expectation)) return [];
    const outcome = checkWithObject(response, result, effect.resource, options);
    const trace = response.trace.filter(({ rule }) => rule === result.rule);
    return [outcome ? createRow(options.expectation, result.rule, pathOfKey(key), outcome, trace) : DROPPED];
  });
}

/** How a mutation of the object is told. */
function messageOf(object: JsonObject): string {
  const namespace = textAt(object, 'metadata', 'namespace');
  const subject = `mutated ${textAt(object, 'kind')}/${textAt(object, 'metadata', 'name')}`;
  return namespace === '' ? subject : `${subject} in namespace ${namespace}`;
}

function createRow(
  { policy }: TestExpectation,
  rule: string,
  resource: string,
  { holds, reason, message }: CheckOutcome,
  trace: readonly TraceStep[],
): Row {
  return { policy, rule, resource, result: holds ? 'Pass' : 'Fail', reason, message, trace };
}

function pathOfKey(key: string): string {
  return key.replaceAll(',', '/');
}

/** No rule was about the resource. That is what `skip` stands for, and upstream lets it pass for `pass` too. */
function excludedRow(key: string, expectation: TestExpectation, { trace }: PolicyResponse, asKyverno: boolean): Row {
  const { policy, rule, result } = expectation;
  const isExpected = asKyverno || result === 'skip' || result === 'pass';
  const steps = trace.filter((step) => isRuleOf(rule, step.rule));
  return {
    policy,
    rule,
    resource: pathOfKey(key),
    result: isExpected ? 'Pass' : 'Fail',
    reason: isExpected ? 'Excluded' : `Want ${result}, got excluded`,
    message: isExpected ? 'Excluded' : 'no rule was about the resource',
    trace: steps,
  };
}

function notFound(expectation: TestExpectation, key: string, run: TestRun, asKyverno: boolean): Row {
  const name = policyName(expectation);
  const invalid = run.invalid.get(name);
  const row = { policy: expectation.policy, rule: expectation.rule, resource: pathOfKey(key), trace: [] };
  if (invalid !== undefined) {
    // Upstream counts it as passed whatever was expected; a policy that cannot run has not passed anything.
    const result: RowResult = asKyverno || expectation.result === 'skip' ? 'Skip' : 'Fail';
    return { ...row, result, reason: 'Invalid Policy', message: invalid };
  }
  return { ...row, result: 'Fail', reason: 'Not found', message: whatIsMissing(expectation, key, run) };
}

function whatIsMissing({ rule, policy }: TestExpectation, key: string, run: TestRun): string {
  const rules = run.rules.get(policy.split('/').at(-1) ?? policy);
  if (!rules)
    return `Not found: no policy \`${policy}\` was loaded (loaded: ${[...run.rules.keys()].join(', ') || 'none'})`;
  if (rule !== '' && !rules.some((name) => isRuleOf(rule, name))) {
    return `Not found: the policy has no rule \`${rule}\` (it has: ${rules.join(', ')})`;
  }
  if (key === '') return 'Not found: the test gives no resource to evaluate';
  return `Not found: no resource \`${nameOfKey(key)}\` was evaluated`;
}

function notRun({ policy, rule, resources }: TestExpectation, reason: string): readonly Row[] {
  const about = resources === undefined || resources.length === 0 ? [''] : resources;
  return about.map((resource) => ({
    policy,
    rule,
    resource,
    result: 'Not run',
    reason: 'Not supported',
    message: reason,
    trace: [],
  }));
}
