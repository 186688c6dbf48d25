import type { CelPolicyException } from '@vouchsafe/engine';
import { type Json, type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import { type GenerationPlan, generatedLabels, MANAGED_BY_KYVERNO } from './generated-policy.ts';
import { objectAt, objectsAt, pick, textAt, textsAt } from './read-json.ts';

const SKIP_VALIDATING = 'skip generating ValidatingAdmissionPolicy:';
const SKIP_MUTATING = 'skip generating MutatingAdmissionPolicy:';

/** What is known of a policy in CEL beside its text. */
export interface CelGenerationInput {
  readonly document: JsonObject;
  readonly labels: Readonly<Record<string, string>>;
  readonly exceptions: readonly CelPolicyException[];
  /** Autogen extends the policy to controllers, which one policy of the API server cannot say. */
  readonly hasAutogen: boolean;
}

/** A ValidatingPolicy as the API server's own policy (kyverno-cel §1.1). */
export function planFromValidatingPolicy({
  document,
  labels,
  exceptions,
  hasAutogen,
}: CelGenerationInput): GenerationPlan {
  const spec = objectAt(document, 'spec') ?? {};
  if (memberAt(spec, 'autogen', 'validatingAdmissionPolicy', 'enabled') !== true) {
    return { skip: `${SKIP_VALIDATING} not enabled.` };
  }
  if (hasAutogen) return { skip: `${SKIP_VALIDATING} pod controllers autogen is enabled.` };
  const problem = commonProblem(spec, exceptions);
  if (problem !== undefined) return { skip: `${SKIP_VALIDATING} ${problem}` };
  const name = `vpol-${textAt(document, 'metadata', 'name')}`;
  const parts = [...objectsAt(spec, 'variables'), ...objectsAt(spec, 'validations')];
  const allowed = allowedVariables(exceptions).filter(({ name: one }) =>
    parts.some((part) => reads(part, String(one))),
  );
  return {
    policy: {
      name,
      labels: generatedLabels(labels),
      spec: {
        ...pick(spec, ['matchConstraints', 'auditAnnotations', 'failurePolicy']),
        ...conditionsOf([...objectsAt(spec, 'matchConditions'), ...negated(exceptions)]),
        ...nonEmpty('variables', [...allowed, ...objectsAt(spec, 'variables').map(withAllowed)]),
        validations: objectsAt(spec, 'validations').map(withAllowed),
      },
    },
    binding: {
      name: `${name}-binding`,
      labels: MANAGED_BY_KYVERNO,
      spec: { policyName: name, validationActions: actionsOf(spec) },
    },
  };
}

/** A MutatingPolicy as the API server's own policy. `isOnByDefault`: `--generateMutatingAdmissionPolicy`. */
export function planFromMutatingPolicy({
  document,
  labels,
  exceptions,
  hasAutogen,
}: CelGenerationInput): GenerationPlan {
  const spec = objectAt(document, 'spec') ?? {};
  if (memberAt(spec, 'autogen', 'mutatingAdmissionPolicy', 'enabled') !== true) {
    return { skip: `${SKIP_MUTATING} not enabled.` };
  }
  if (memberAt(spec, 'evaluation', 'useServerSideApply') === true) {
    const reason =
      'useServerSideApply is enabled, which mutates atomic fields that a native MutatingAdmissionPolicy rejects.';
    return { skip: `${SKIP_MUTATING} ${reason}` };
  }
  if (hasAutogen) return { skip: `${SKIP_MUTATING} pod controllers autogen is enabled.` };
  // Existing objects are ours to change; the API server only sees requests.
  if (memberAt(spec, 'evaluation', 'mutateExisting', 'enabled') === true) {
    return { skip: `${SKIP_MUTATING} existing resources are mutated.` };
  }
  const problem = commonProblem(spec, exceptions);
  if (problem !== undefined) return { skip: `${SKIP_MUTATING} ${problem}` };
  const name = `mpol-${textAt(document, 'metadata', 'name')}`;
  return {
    policy: {
      name,
      labels: generatedLabels(labels),
      spec: {
        ...pick(spec, ['matchConstraints', 'failurePolicy']),
        ...conditionsOf([...negated(exceptions), ...objectsAt(spec, 'matchConditions')]),
        ...nonEmpty('variables', objectsAt(spec, 'variables')),
        mutations: objectsAt(spec, 'mutations'),
        reinvocationPolicy: textAt(spec, 'reinvocationPolicy') || 'Never',
      },
    },
    binding: { name: `${name}-binding`, labels: MANAGED_BY_KYVERNO, spec: { policyName: name } },
  };
}

function commonProblem(spec: JsonObject, exceptions: readonly CelPolicyException[]): string | undefined {
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
      const list = `[${values.map((value) => JSON.stringify(value)).join(', ')}]`;
      return exception.matchConditions.length === 0 ? [list] : [`((${conjunction(exception)}) ? ${list} : [])`];
    });
    return { name, expression: parts.length === 0 ? '[]' : parts.join(' + ') };
  });
}

function reads(part: JsonObject, name: string): boolean {
  return JSON.stringify(part).includes(`exceptions.${name}`);
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
