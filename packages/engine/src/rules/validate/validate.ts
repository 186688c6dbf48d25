import { isJsonObject, type JsonObject, member } from '../../kernel/json.ts';
import { joinDemands } from '../../lang/pattern/join-demands.ts';
import { compileTemplate } from '../../lang/variables/compile-template.ts';
import type { Scope } from '../../lang/variables/scope.ts';
import type { Phase, RuleInput } from '../../model/compiled-policy.ts';
import type { Demand } from '../../model/demand.ts';
import { readObjects } from '../../model/read-json.ts';
import { addsVariables } from '../../model/request.ts';
import type { JointBody, RuleBody, RuleBodyOutcome, RuleCompilation, RuleEvaluation, RuleKind } from '../rule-kind.ts';
import { compileCelCheck } from './cel/compile-cel.ts';
import type { CheckCompilation, QuickPass } from './check.ts';
import { compileCheck } from './compile-check.ts';
import { excuseExisting, excusesExisting } from './existing-violations.ts';
import { compileManifests } from './manifests/compile-manifests.ts';
import { compilePodSecurity } from './pod-security/compile-pod-security.ts';

/** `validate` rules: pattern, anyPattern, deny, foreach, podSecurity, cel, manifests (kyverno-core §2.9). */
export const validateRules: RuleKind = {
  name: 'validate',
  reads: (rule) => rule.validate !== undefined,
  compile: compileValidate,
};

const PHASES: ReadonlySet<Phase> = new Set(['validate']);

export function compileValidate(compilation: RuleCompilation): RuleBody {
  const block = compilation.rule.validate ?? {};
  const { evaluate, passes, joint } = compileBlock(block, compilation);
  const { name } = compilation.rule;
  return {
    type: 'Validation',
    phases: PHASES,
    ...(passes ? { passes } : {}),
    ...(joint ? { joint } : {}),
    evaluate: (evaluation) => {
      const outcome = evaluate(evaluation);
      if (outcome) evaluation.input.trace?.({ rule: name, step: 'check', ...traceOf(outcome) });
      return outcome;
    },
  };
}

type Evaluate = (evaluation: RuleEvaluation) => RuleBodyOutcome | undefined;

type Evaluation = { readonly evaluate: Evaluate } & Pick<RuleBody, 'passes' | 'joint'>;

/** The same order of precedence as upstream: manifests, podSecurity, cel, then the patterns and conditions. */
function compileBlock(block: JsonObject, compilation: RuleCompilation): Evaluation {
  const manifests = member(block, 'manifests');
  if (isJsonObject(manifests) && readObjects(manifests, 'attestors').length > 0) {
    return { evaluate: compileManifests(manifests) };
  }
  const podSecurity = member(block, 'podSecurity');
  if (isJsonObject(podSecurity)) return compilePodSecurity(podSecurity, compilation);
  const cel = member(block, 'cel');
  if (isJsonObject(cel)) return compileCelCheck(cel, compilation);
  return compileResourceCheck(block, compilation);
}

function compileResourceCheck(block: JsonObject, { policy, rule, host, report }: RuleCompilation): Evaluation {
  const path = `${rule.path}.validate`;
  const message = member(block, 'message');
  const source = typeof message === 'string' ? message : '';
  const compilation: CheckCompilation = {
    ruleName: rule.name,
    policy: policy.ref,
    host,
    report,
    path,
    message: { source, template: compileTemplate(source, { host, report, path: `${path}.message` }) },
    nesting: 0,
  };
  const { run, quick, passes, demands, outcomes } = compileCheck(block, compilation);
  const judge = (input: RuleInput, scope: Scope) => run({ input, scope, element: undefined });
  const excuses = excusesExisting(policy, rule);
  const evaluate: Evaluate = (evaluation) => {
    const outcome = judge(evaluation.input, evaluation.scope);
    return excuses ? excuseExisting(outcome, evaluation, judge) : outcome;
  };
  if (quick && rule.context.length === 0) return { evaluate, passes: quickly(quick) };
  if (!passes) return { evaluate };
  return {
    evaluate,
    passes: ({ request, resource }) => (request.operation === 'DELETE' ? undefined : passes(resource)),
    ...(demands && outcomes ? { joint: () => toJoint(demands(), outcomes) } : {}),
  };
}

/** Only where nobody adds variables: what is told of the resource alone may be told of something else then. */
function quickly({ test, outcome }: QuickPass): NonNullable<RuleBody['passes']> {
  return ({ request, resource }) => {
    if (request.operation === 'DELETE' || addsVariables(request)) return undefined;
    return test({ request: { object: resource } }) ? outcome : undefined;
  };
}

function toJoint(demands: readonly Demand[] | undefined, outcomes: readonly RuleBodyOutcome[]): JointBody | undefined {
  if (!demands) return undefined;
  return {
    demands,
    join: joinDemands,
    passed: (demand, { request }) => (request.operation === 'DELETE' ? undefined : outcomes[demand]),
  };
}

const TRACE_OUTCOMES = { pass: 'yes', fail: 'no', warn: 'no', error: 'error', skip: 'info' } as const;

function traceOf({ status, message, path }: RuleBodyOutcome) {
  return { outcome: TRACE_OUTCOMES[status], detail: message, ...(path === undefined ? {} : { path }) };
}
