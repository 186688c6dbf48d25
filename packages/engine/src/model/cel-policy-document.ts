import { type JsonObject, member } from '../kernel/json.ts';
import type {
  AdmissionPolicyBinding,
  CelPolicy,
  CelPolicyException,
  CelPolicyKind,
  CelPolicySpec,
  MatchConstraints,
  NamedExpression,
  ResourceRule,
} from './cel-policy.ts';
import { toLabelSelector } from './failure-action.ts';
import type { SourceMap } from './policy.ts';
import { readFlag, readNumber, readObject, readObjects, readText, readTextMap, readTexts } from './read-json.ts';

const NAMESPACED = 'Namespaced';
const NOTHING: JsonObject = {};

/** A policy in CEL that passed its schema, normalised: defaults applied (kyverno-cel §1). */
export function toCelPolicy(document: JsonObject, sources: SourceMap): CelPolicy {
  const metadata = readObject(document, 'metadata');
  const kind = readText(document, 'kind') ?? '';
  const isNamespaced = kind.startsWith(NAMESPACED);
  const uid = readText(metadata, 'uid');
  const resourceVersion = readText(metadata, 'resourceVersion');
  return {
    family: 'cel',
    // The loader asked the list of schemas, which holds these kinds alone.
    kind: (isNamespaced ? kind.slice(NAMESPACED.length) : kind) as CelPolicyKind,
    ref: {
      apiVersion: readText(document, 'apiVersion') ?? '',
      kind,
      name: readText(metadata, 'name') ?? '',
      ...(isNamespaced ? { namespace: readText(metadata, 'namespace') || 'default' } : {}),
      ...(uid ? { uid } : {}),
      ...(resourceVersion ? { resourceVersion } : {}),
    },
    labels: readTextMap(metadata, 'labels'),
    annotations: readTextMap(metadata, 'annotations'),
    spec: toCelSpec(readObject(document, 'spec') ?? NOTHING),
    document,
    sources,
  };
}

/** The parts of a spec that the kinds share. */
export function toCelSpec(spec: JsonObject): CelPolicySpec {
  const constraints = readObject(spec, 'matchConstraints');
  const evaluation = readObject(spec, 'evaluation');
  const timeoutSeconds = readNumber(readObject(spec, 'webhookConfiguration'), 'timeoutSeconds');
  const controllers = readObject(readObject(spec, 'autogen'), 'podControllers');
  const actions = readTexts(spec, 'validationActions');
  return {
    matchConstraints: constraints && toMatchConstraints(constraints),
    matchConditions: toNamedExpressions(spec, 'matchConditions'),
    variables: toNamedExpressions(spec, 'variables'),
    failurePolicy: readText(spec, 'failurePolicy') === 'Ignore' ? 'Ignore' : 'Fail',
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
    mode: readText(evaluation, 'mode') || 'Kubernetes',
    admission: readFlag(readObject(evaluation, 'admission'), 'enabled') ?? true,
    background: readFlag(readObject(evaluation, 'background'), 'enabled') ?? true,
    validationActions: actions.length > 0 ? actions : ['Deny'],
    autogenControllers:
      controllers && member(controllers, 'controllers') ? readTexts(controllers, 'controllers') : undefined,
    written: spec,
  };
}

export function toNamedExpressions(holder: JsonObject | undefined, key: string): readonly NamedExpression[] {
  return readObjects(holder, key).map((item) => ({
    name: readText(item, 'name') ?? '',
    expression: readText(item, 'expression') ?? '',
  }));
}

/** `matchConstraints`, `matchResources`, `targetMatchConstraints`. Empty selectors select everything: they are none. */
export function toMatchConstraints(constraints: JsonObject): MatchConstraints {
  const selectorOf = (key: string) => {
    const selector = readObject(constraints, key);
    return selector && Object.keys(selector).length > 0 ? toLabelSelector(selector) : undefined;
  };
  return {
    resourceRules: readObjects(constraints, 'resourceRules').map(toResourceRule),
    excludeResourceRules: readObjects(constraints, 'excludeResourceRules').map(toResourceRule),
    namespaceSelector: selectorOf('namespaceSelector'),
    objectSelector: selectorOf('objectSelector'),
  };
}

function toResourceRule(rule: JsonObject): ResourceRule {
  const scope = readText(rule, 'scope');
  return {
    apiGroups: readTexts(rule, 'apiGroups'),
    apiVersions: readTexts(rule, 'apiVersions'),
    operations: readTexts(rule, 'operations').filter(isOperation),
    resources: readTexts(rule, 'resources'),
    resourceNames: readTexts(rule, 'resourceNames'),
    scope: scope === 'Namespaced' || scope === 'Cluster' ? scope : '*',
  };
}

function isOperation(text: string): text is ResourceRule['operations'][number] {
  return text === 'CREATE' || text === 'UPDATE' || text === 'DELETE' || text === 'CONNECT' || text === '*';
}

/** A PolicyException of policies.kyverno.io that passed its schema. A time that cannot be read has passed: fail closed. */
export function toCelPolicyException(document: JsonObject, sources: SourceMap): CelPolicyException {
  const metadata = readObject(document, 'metadata');
  const spec = readObject(document, 'spec');
  const name = readText(metadata, 'name') ?? '';
  const namespace = readText(metadata, 'namespace') || 'default';
  const expiry = readText(spec, 'expiresAt');
  const priority = Number(readTextMap(metadata, 'labels')['polex.kyverno.io/priority'] ?? 0);
  return {
    name,
    namespace,
    key: `${namespace}/${name}`,
    policyRefs: readObjects(spec, 'policyRefs').map((ref) => ({
      name: readText(ref, 'name') ?? '',
      kind: readText(ref, 'kind') ?? '',
    })),
    matchConditions: toNamedExpressions(spec, 'matchConditions'),
    images: readTexts(spec, 'images'),
    allowedValues: readTexts(spec, 'allowedValues'),
    reportResult: readText(spec, 'reportResult') === 'pass' ? 'pass' : 'skip',
    expiresAt: expiry === undefined ? undefined : toTime(expiry),
    priority: Number.isInteger(priority) && priority > 0 ? priority : 0,
    document,
    sources,
  };
}

function toTime(text: string): number {
  const time = Date.parse(text);
  return Number.isNaN(time) ? 0 : time;
}

/** A binding of an admission policy of Kubernetes. */
export function toAdmissionPolicyBinding(document: JsonObject, sources: SourceMap): AdmissionPolicyBinding {
  const spec = readObject(document, 'spec');
  const matchResources = readObject(spec, 'matchResources');
  return {
    // The loader asked for these two kinds alone.
    kind: (readText(document, 'kind') ?? '') as AdmissionPolicyBinding['kind'],
    name: readText(readObject(document, 'metadata'), 'name') ?? '',
    policyName: readText(spec, 'policyName') ?? '',
    matchResources: matchResources && toMatchConstraints(matchResources),
    paramRef: readObject(spec, 'paramRef'),
    validationActions: readTexts(spec, 'validationActions'),
    document,
    sources,
  };
}
