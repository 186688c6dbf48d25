import { celTypes, createMatchConditionEnvironment, type Environment } from '@vouchsafe/cel';
import { isJsonObject, type JsonObject, member } from '../kernel/json.ts';
import type { CelPolicy, NamedExpression } from '../model/cel-policy.ts';
import { toNamedExpressions } from '../model/cel-policy-document.ts';
import type { PolicyWebhook } from '../model/compiled-policy.ts';
import { readObject, readObjects, readText } from '../model/read-json.ts';

let environment: Environment | undefined;

/**
 * What the API server can decide about a policy before it calls (kyverno-cel §5.5): its selectors, and its conditions
 * where all of them are of the language of webhooks. Those of autogen's variants are guarded by what they are about.
 */
export function toPolicyWebhook({ spec, kind }: CelPolicy, autogen: JsonObject | undefined): PolicyWebhook {
  const constraints = readObject(spec.written, 'matchConstraints');
  const own = spec.matchConditions;
  const variants = toVariants(autogen);
  const isSynchronized = kind === 'GeneratingPolicy' && isOn(spec.written, 'synchronize');
  const conditions =
    variants.length === 0
      ? own
      : [
          ...guarded('', [POD], own),
          ...variants.flatMap(({ name, targets, conditions: rewritten }) => guarded(name, targets, rewritten)),
        ];
  return {
    matchConditions:
      own.every(isOfWebhooks) && areAccepted(conditions) ? conditions.map(isSynchronized ? forCreateAlone : same) : [],
    namespaceSelector: readObject(constraints, 'namespaceSelector'),
    objectSelector: readObject(constraints, 'objectSelector'),
    isExact: readText(constraints, 'matchPolicy') === 'Exact',
    reinvocationPolicy: readText(spec.written, 'reinvocationPolicy') === 'IfNeeded' ? 'IfNeeded' : 'Never',
  };
}

/** What the API server takes of one webhook, with room for a condition of the operator's own. */
const MOST = 63;
const NAME = /^([a-z0-9][-a-z0-9.]{0,252}\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/** It refuses a whole configuration for one condition, and with it the webhooks of all other policies. */
function areAccepted(conditions: readonly NamedExpression[]): boolean {
  const names = new Set(conditions.map(({ name }) => name));
  return conditions.length <= MOST && names.size === conditions.length && [...names].every((name) => NAME.test(name));
}

/** The API server has no namespace to show in the conditions of webhooks. */
function isOfWebhooks({ expression }: NamedExpression): boolean {
  environment ??= createMatchConditionEnvironment();
  const compiled = environment.compile(expression);
  return 'program' in compiled && celTypes.isSameType(compiled.resultType, celTypes.BOOL);
}

interface Variant {
  readonly name: string;
  readonly targets: readonly JsonObject[];
  readonly conditions: readonly NamedExpression[];
}

const POD: JsonObject = { group: '', version: 'v1', kind: 'Pod' };

function toVariants(autogen: JsonObject | undefined): readonly Variant[] {
  return Object.keys(autogen ?? {})
    .sort()
    .flatMap((name) => {
      const config = autogen && member(autogen, name);
      if (!isJsonObject(config)) return [];
      const conditions = toNamedExpressions(readObject(config, 'spec'), 'matchConditions');
      return [{ name, targets: readObjects(config, 'targets'), conditions }];
    });
}

function guarded(
  name: string,
  targets: readonly JsonObject[],
  conditions: readonly NamedExpression[],
): readonly NamedExpression[] {
  const kinds = targets.map((target) => {
    const [group = '', version = '', kind = ''] = ['group', 'version', 'kind'].map((key) => readText(target, key));
    const apiVersion = group === '' ? version : `${group}/${version}`;
    return `(object.apiVersion == '${apiVersion}' && object.kind =='${kind}')`;
  });
  return conditions.map((condition) => ({
    name: `autogen-${name === '' ? '' : `${name}-`}${condition.name}`,
    expression: `!(${kinds.join(' || ')}) || (${condition.expression})`,
  }));
}

/** A trigger that no longer matches must still be told of, so that what was generated goes. */
function forCreateAlone({ name, expression }: NamedExpression): NamedExpression {
  return { name, expression: `request.operation != 'CREATE' || (${expression})` };
}

function same(condition: NamedExpression): NamedExpression {
  return condition;
}

function isOn(spec: JsonObject, setting: string): boolean {
  const holder = readObject(readObject(spec, 'evaluation'), setting);
  return holder !== undefined && member(holder, 'enabled') === true;
}
