import {
  type AdmissionPolicyEnvironment,
  CelError,
  createMatchConditionEnvironment,
  type Environment,
} from '@vouchsafe/cel';
import type { Diagnostic } from '../kernel/diagnostics/diagnostic.ts';
import { toActivation, toAttributes } from '../lang/cel/admission-attributes.ts';
import { CostBudget } from '../lang/cel/cost-budget.ts';
import { allHold, compileMatchConditions } from '../lang/cel/match-conditions.ts';
import type { CompiledPolicy } from '../model/compiled-policy.ts';
import type { LegacyPolicy } from '../model/policy.ts';

const PATH = 'spec.webhookConfiguration.matchConditions';

let webhooks: Environment | undefined;

/** The language of webhooks: what compiles here is what the API server takes. Made when first needed. */
const ENVIRONMENT: AdmissionPolicyEnvironment = {
  compile: (text) => {
    webhooks ??= createMatchConditionEnvironment();
    return webhooks.compile(text);
  },
  addVariable: () => {},
};

/**
 * `webhookConfiguration.matchConditions`, which are also evaluated in process (kyverno-core §2.1). What cannot be told
 * there means that the policy does not apply, as upstream; unless it verifies images, which is safer. Nobody is asked
 * what users may do: in an admission the API server, which called the policy's webhook, has judged those conditions.
 */
export function compilePolicyConditions(
  { spec }: LegacyPolicy,
  report: (diagnostic: Diagnostic) => void,
): CompiledPolicy['matchConditions'] {
  const { matchConditions } = spec;
  if (matchConditions.length === 0) return undefined;
  checkNames(
    matchConditions.map(({ name }) => name),
    report,
  );
  const names = { params: false, authorizer: true };
  const written = matchConditions.map(({ name, expression }) => ({ name, expression }));
  const all = compileMatchConditions(written, PATH, { environment: ENVIRONMENT, names, report, severity: 'error' });
  const own = all.filter(({ variables }) => !variables.includes('authorizer'));
  const ifUnknown = spec.rules.some(({ verifyImages }) => verifyImages.length > 0);
  return {
    written,
    hold: (request) => {
      const resource = request.resource ?? request.oldResource ?? {};
      const activation = toActivation(toAttributes({ request, resource }));
      const expressions = request.admission === undefined ? all : own;
      const holds = allHold(expressions, activation, { budget: new CostBudget() });
      return holds instanceof CelError ? ifUnknown : holds;
    },
  };
}

const MOST = 63;
const NAME = /^([a-z0-9][-a-z0-9.]*\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/** What the API server would refuse, together with the webhooks of all other policies. */
function checkNames(names: readonly string[], report: (diagnostic: Diagnostic) => void): void {
  const refuse = (code: Diagnostic['code'], message: string, path: string): void =>
    report({ code, severity: 'error', message, path });
  if (names.length > MOST) refuse('policy-invalid-value', `there are more than ${MOST} conditions`, PATH);
  for (const [index, name] of names.entries()) {
    const path = `${PATH}[${index}].name`;
    if (!NAME.test(name)) refuse('policy-invalid-value', `\`${name}\` is no qualified name`, path);
    if (names.indexOf(name) !== index) refuse('policy-conflict', `two conditions are named \`${name}\``, path);
  }
}
