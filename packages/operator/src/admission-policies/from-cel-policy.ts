import type { CelPolicyException } from '@vouchsafe/engine';
import { type Json, type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import { type GenerationPlan, generatedLabels, MANAGED_BY_KYVERNO } from './generated-policy.ts';
import { objectAt, objectsAt, pick, textAt, textsAt } from './read-json.ts';

/** What is known of a policy in CEL beside its text. */
export interface CelGenerationInput {
  readonly document: JsonObject;
  readonly labels: Readonly<Record<string, string>>;
  readonly exceptions: readonly CelPolicyException[];
  /** Autogen extends the policy to controllers, which one policy of the API server cannot say. */
  readonly hasAutogen: boolean;
}

/** What becomes of a policy of one kind. */
interface Form {
  readonly kind: 'ValidatingAdmissionPolicy' | 'MutatingAdmissionPolicy';
  readonly prefix: 'vpol' | 'mpol';
  /** What of this kind alone keeps it with us. */
  readonly problem: (spec: JsonObject) => string | undefined;
  readonly specOf: (spec: JsonObject, exceptions: readonly CelPolicyException[]) => JsonObject;
  readonly bindingOf: (spec: JsonObject) => JsonObject;
}

const VALIDATING: Form = {
  kind: 'ValidatingAdmissionPolicy',
  prefix: 'vpol',
  problem: () => undefined,
  specOf(spec, exceptions) {
    const variables = objectsAt(spec, 'variables');
    const allowed = allowedVariables(exceptions).filter((one) =>
      [...variables, ...objectsAt(spec, 'validations')].some((part) => reads(part, one)),
    );
    // A variable knows those before it alone. Where it does not matter, Kyverno's order.
    const isRead = variables.some((part) => allowed.some((one) => reads(part, one)));
    const own = variables.map(withAllowed);
    return {
      ...pick(spec, ['matchConstraints', 'auditAnnotations', 'failurePolicy']),
      ...conditionsOf([...objectsAt(spec, 'matchConditions'), ...negated(exceptions)]),
      ...nonEmpty('variables', isRead ? [...allowed, ...own] : [...own, ...allowed]),
      validations: objectsAt(spec, 'validations').map(withAllowed),
    };
  },
  bindingOf: (spec) => ({ validationActions: actionsOf(spec) }),
};

const MUTATING: Form = {
  kind: 'MutatingAdmissionPolicy',
  prefix: 'mpol',
  problem: (spec) =>
    memberAt(spec, 'evaluation', 'useServerSideApply') === true
      ? 'useServerSideApply is enabled, which mutates atomic fields that a native MutatingAdmissionPolicy rejects.'
      : undefined,
  specOf: (spec, exceptions) => ({
    ...pick(spec, ['matchConstraints', 'failurePolicy']),
    ...conditionsOf([...negated(exceptions), ...objectsAt(spec, 'matchConditions')]),
    ...nonEmpty('variables', objectsAt(spec, 'variables')),
    mutations: objectsAt(spec, 'mutations'),
    reinvocationPolicy: textAt(spec, 'reinvocationPolicy') || 'Never',
  }),
  bindingOf: () => ({}),
};

/** A ValidatingPolicy as the API server's own policy (kyverno-cel §1.1). */
export const planFromValidatingPolicy = (input: CelGenerationInput): GenerationPlan => planFrom(VALIDATING, input);

/** A MutatingPolicy as the API server's own policy. */
export const planFromMutatingPolicy = (input: CelGenerationInput): GenerationPlan => planFrom(MUTATING, input);

function planFrom(form: Form, { document, labels, exceptions, hasAutogen }: CelGenerationInput): GenerationPlan {
  const spec = objectAt(document, 'spec') ?? {};
  const problem = findProblem(form, spec, exceptions, hasAutogen);
  if (problem !== undefined) return { skip: `skip generating ${form.kind}: ${problem}` };
  const name = `${form.prefix}-${textAt(document, 'metadata', 'name')}`;
  return {
    policy: { name, labels: generatedLabels(labels), spec: form.specOf(spec, exceptions) },
    binding: {
      name: `${name}-binding`,
      labels: MANAGED_BY_KYVERNO,
      spec: { policyName: name, ...form.bindingOf(spec) },
    },
  };
}

function findProblem(
  { kind, problem }: Form,
  spec: JsonObject,
  exceptions: readonly CelPolicyException[],
  hasAutogen: boolean,
): string | undefined {
  const member = `${kind.charAt(0).toLowerCase()}${kind.slice(1)}`;
  if (memberAt(spec, 'autogen', member, 'enabled') !== true) return 'not enabled.';
  const own = problem(spec);
  if (own !== undefined) return own;
  return hasAutogen ? 'pod controllers autogen is enabled.' : commonProblem(spec, exceptions);
}

function commonProblem(spec: JsonObject, exceptions: readonly CelPolicyException[]): string | undefined {
  // Existing objects are ours to change; the API server only sees requests.
  if (memberAt(spec, 'evaluation', 'mutateExisting', 'enabled') === true) return 'existing resources are mutated.';
  if (memberAt(spec, 'evaluation', 'admission', 'enabled') === false) return 'admission is not enabled.';
  const mode = textAt(spec, 'evaluation', 'mode');
  if (mode !== '' && mode !== 'Kubernetes') return `mode ${mode} is not applicable.`;
  // A policy of the API server would go on excusing what is excused no more.
  if (exceptions.some(({ expiresAt }) => expiresAt !== undefined)) {
    return 'a PolicyException that expires is not applicable.';
  }
  return undefined;
}

function actionsOf(spec: JsonObject): readonly string[] {
  const written = textsAt(spec, 'validationActions');
  return written.length > 0 ? written : ['Deny'];
}

const isPartial = ({ images, allowedValues }: CelPolicyException): boolean => images.length + allowedValues.length > 0;

/** All conditions of an exception must hold for it to excuse: one of several must not do so alone. */
function conjunction({ matchConditions }: CelPolicyException): string {
  const expressions = matchConditions.map(({ expression }) => expression);
  return expressions.length === 1 ? (expressions[0] ?? '') : expressions.map((text) => `(${text})`).join(' && ');
}

/** Exceptions that excuse an object as a whole, as conditions of the policy. One without conditions excuses everything. */
function negated(exceptions: readonly CelPolicyException[]): readonly JsonObject[] {
  return exceptions
    .filter((exception) => !isPartial(exception))
    .map((exception) => ({
      name: exception.matchConditions[0]?.name || `exception-${exception.name}`,
      expression: exception.matchConditions.length === 0 ? 'false' : `!(${conjunction(exception)})`,
    }));
}

const ALLOWED = ['allowedImages', 'allowedValues'] as const;

/** What partial exceptions allow, each under its conditions. */
function allowedVariables(exceptions: readonly CelPolicyException[]): readonly JsonObject[] {
  const partial = exceptions.filter(isPartial);
  return ALLOWED.map((name) => {
    const parts = partial.flatMap((exception) => {
      const values = name === 'allowedImages' ? exception.images : exception.allowedValues;
      if (values.length === 0) return [];
      const list = `[${values.map(quoted).join(', ')}]`;
      return exception.matchConditions.length === 0 ? [list] : [`((${conjunction(exception)}) ? ${list} : [])`];
    });
    return { name, expression: parts.length === 0 ? '[]' : parts.join(' + ') };
  });
}

/** A text of CEL in single quotes, in which the escapes of JSON mean the same. */
function quoted(value: string): string {
  const inner = JSON.stringify(value).slice(1, -1);
  return `'${inner.replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

function reads(part: JsonObject, { name }: JsonObject): boolean {
  return JSON.stringify(part).includes(`exceptions.${String(name)}`);
}

/** `exceptions.allowedImages` is a variable of the generated policy. */
function withAllowed(part: JsonObject): JsonObject {
  const replaced = Object.entries(part).map(([key, value]): [string, Json] => [
    key,
    typeof value === 'string' && key.toLowerCase().endsWith('expression')
      ? value.replaceAll(/\bexceptions\.(allowedImages|allowedValues)\b/g, 'variables.$1')
      : value,
  ]);
  return Object.fromEntries(replaced);
}

/** Names of conditions are unique to the API server; two exceptions may well give the same. */
function conditionsOf(conditions: readonly JsonObject[]): JsonObject {
  const taken = new Set<string>();
  const named = conditions.map((condition) => {
    const wanted = textAt(condition, 'name');
    let name = wanted;
    for (let count = 2; taken.has(name); count += 1) name = `${wanted}-${count}`;
    taken.add(name);
    return { ...condition, name };
  });
  return nonEmpty('matchConditions', named);
}

function nonEmpty(name: string, list: readonly JsonObject[]): JsonObject {
  return list.length === 0 ? {} : { [name]: list };
}
