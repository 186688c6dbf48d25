import { isJsonObject, type Json, type JsonObject, member, withMember } from '../kernel/json.ts';
import { readObject, readObjects, readText, readTexts } from '../model/read-json.ts';
import { autogenControllers, namesPod, POD_CONTROLLERS, resourceBlocks } from './autogen-support.ts';
import { shiftReferences } from './shift-references.ts';

/** A rule that extends rule `source` (its index) from Pods to the kinds of `controllers`. */
export interface GeneratedRule {
  readonly source: number;
  readonly controllers: ReadonlySet<string>;
  readonly document: JsonObject;
}

const CRON_JOB = 'CronJob';

/**
 * The rules that extend a policy about Pods to pod controllers (kyverno-core §1.2): for each rule `autogen-<rule>` for
 * the controllers with a pod template, then `autogen-cronjob-<rule>`. Names are cut to 63 characters. Upstream's textual
 * rewriting of variables is kept with its side effects, since policies rely on the result.
 */
export function generateAutogenRules(
  rules: readonly JsonObject[],
  annotations: Readonly<Record<string, string>>,
): readonly GeneratedRule[] {
  const wanted = autogenControllers(rules, annotations);
  const templated = [...wanted].filter((kind) => kind !== CRON_JOB && POD_CONTROLLERS.has(kind)).sort();
  return rules.flatMap((rule, source) => {
    const generated: GeneratedRule[] = [];
    const forTemplates = templated.length > 0 ? extendRule(rule, 'autogen', templated, TEMPLATE) : undefined;
    if (forTemplates) {
      generated.push({ source, controllers: new Set(templated), document: rewriteVariables(forTemplates, TEMPLATE) });
    }
    if (wanted.has(CRON_JOB)) {
      const inner = extendRule(rule, 'autogen', templated.length > 0 ? templated : [CRON_JOB], TEMPLATE);
      const cron = inner && extendForCronJob(rule, inner);
      if (cron)
        generated.push({ source, controllers: new Set([CRON_JOB]), document: rewriteVariables(cron, JOB_TEMPLATE) });
    }
    return generated;
  });
}

export function isAutogenName(name: string): boolean {
  return name.startsWith('autogen-');
}

/** Where the pod sits in a kind, for the body of a rule, its message and its variables. */
interface Nesting {
  readonly key: string;
  readonly shift: string;
  readonly variable: string;
}

const TEMPLATE: Nesting = { key: 'template', shift: 'spec/template', variable: 'spec.template' };
const JOB_TEMPLATE: Nesting = {
  key: 'jobTemplate',
  shift: 'spec/jobTemplate/spec/template',
  variable: 'spec.jobTemplate.spec.template',
};

/** `undefined`: the rule is not about Pods, or its body cannot be extended. */
function extendRule(
  rule: JsonObject,
  prefix: string,
  kinds: readonly string[],
  nesting: Nesting,
): JsonObject | undefined {
  const name = readText(rule, 'name') ?? '';
  if (isAutogenName(name)) return undefined;
  const matchKinds = kindsOf(rule, 'match');
  const excludeKinds = kindsOf(rule, 'exclude');
  if (!namesPod(matchKinds) || (excludeKinds.length > 0 && !namesPod(excludeKinds))) return undefined;
  return wrapRule(rule, cutName(`${prefix}-${name}`), kinds, nesting, (filter) => namesPod(filterKinds(filter)));
}

/** Made from the rule for templates, before its variables were rewritten; every filter's kinds become CronJob. */
function extendForCronJob(rule: JsonObject, inner: JsonObject): JsonObject | undefined {
  const name = cutName(`autogen-cronjob-${readText(rule, 'name') ?? ''}`);
  return wrapRule(inner, name, [CRON_JOB], JOB_TEMPLATE, () => true);
}

function cutName(name: string): string {
  return name.slice(0, 63);
}

function kindsOf(rule: JsonObject, key: string): string[] {
  return resourceBlocks(readObject(rule, key)).flatMap((resources) => readTexts(resources, 'kinds'));
}

function filterKinds(filter: JsonObject): readonly string[] {
  return readTexts(readObject(filter, 'resources'), 'kinds');
}

type FilterTest = (filter: JsonObject) => boolean;

/** Members a generated rule keeps; the others (imageExtractors) are lost, as upstream. */
const KEPT = ['context', 'preconditions', 'celPreconditions', 'skipBackgroundRequests', 'reportProperties'] as const;

function wrapRule(
  rule: JsonObject,
  name: string,
  kinds: readonly string[],
  nesting: Nesting,
  isRewritten: FilterTest,
): JsonObject | undefined {
  const body = wrapBody(rule, nesting);
  if (!body) return undefined;
  const gvks = kinds.map((kind) => POD_CONTROLLERS.get(kind) ?? kind);
  const exclude = readObject(rule, 'exclude');
  const kept = KEPT.flatMap((key) => {
    const value = member(rule, key);
    return value === undefined ? [] : [[key, value] as const];
  });
  return {
    name,
    match: rewriteKinds(readObject(rule, 'match') ?? {}, gvks, isRewritten, true),
    ...(exclude ? { exclude: rewriteKinds(exclude, gvks, isRewritten, filterKinds(exclude).length > 0) } : {}),
    ...Object.fromEntries(kept),
    ...body,
  };
}

function rewriteKinds(
  block: JsonObject,
  kinds: readonly string[],
  isRewritten: FilterTest,
  inline: boolean,
): JsonObject {
  for (const key of ['any', 'all'] as const) {
    const filters = readObjects(block, key);
    if (filters.length > 0) {
      return withMember(
        block,
        key,
        filters.map((filter) => (isRewritten(filter) ? withKinds(filter, kinds) : filter)),
      );
    }
  }
  return inline ? withKinds(block, kinds) : block;
}

function withKinds(filter: JsonObject, kinds: readonly string[]): JsonObject {
  return withMember(filter, 'resources', withMember(readObject(filter, 'resources') ?? {}, 'kinds', kinds));
}

/** The body in its place inside the controller; `undefined` for bodies that are never extended (`manifests`). */
function wrapBody(rule: JsonObject, nesting: Nesting): JsonObject | undefined {
  const mutate = readObject(rule, 'mutate');
  const mutation = mutate && wrapMutate(mutate, nesting);
  if (mutation) return { mutate: mutation };
  const validate = readObject(rule, 'validate');
  const validation = validate && wrapValidate(validate, nesting);
  if (validation) return { validate: validation };
  const verifyImages = readObjects(rule, 'verifyImages');
  return verifyImages.length > 0 ? { verifyImages } : undefined;
}

function wrap(body: Json, { key }: Nesting): JsonObject {
  return { spec: { [key]: body } };
}

function isGiven(value: Json | undefined): value is Json {
  return value !== undefined && value !== null;
}

function wrapMutate(mutate: JsonObject, nesting: Nesting): JsonObject | undefined {
  const patch = member(mutate, 'patchStrategicMerge');
  if (isGiven(patch)) return { patchStrategicMerge: wrap(patch, nesting) };
  const foreach = readObjects(mutate, 'foreach');
  if (foreach.length === 0) return undefined;
  return {
    foreach: foreach.map((entry) => ({
      ...pick(entry, ['list', 'context', 'preconditions']),
      patchStrategicMerge: wrap(member(entry, 'patchStrategicMerge') ?? null, nesting),
    })),
  };
}

/** Members of `validate` that every extended form keeps. */
const ACTIONS = ['failureAction', 'failureActionOverrides', 'allowExistingViolations'] as const;

function wrapValidate(validate: JsonObject, nesting: Nesting): JsonObject | undefined {
  const message = readText(validate, 'message');
  const kept = (pivot: string): JsonObject => ({
    ...(message !== undefined ? { message: shiftReferences(message, nesting.shift, pivot) } : {}),
    ...pick(validate, ACTIONS),
  });
  const { pattern, deny, podSecurity, anyPattern, foreach, cel } = validate;
  if (isGiven(pattern)) return { ...kept('pattern'), pattern: wrap(pattern, nesting) };
  if (isGiven(deny)) return { ...kept('deny'), deny };
  if (isGiven(podSecurity)) return { ...kept('podSecurity'), podSecurity };
  if (Array.isArray(anyPattern)) {
    return { ...kept('anyPattern'), anyPattern: anyPattern.map((item: Json) => wrap(item, nesting)) };
  }
  if (Array.isArray(foreach) && foreach.length > 0) return { ...kept('pattern'), foreach };
  return isJsonObject(cel) ? validate : undefined;
}

function pick(object: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(
    keys.flatMap((key) => {
      const value = member(object, key);
      return value === undefined ? [] : [[key, value] as const];
    }),
  );
}

/** Upstream replaces in the rule's JSON text, so messages and keys are rewritten as well. */
function rewriteVariables(rule: JsonObject, { variable }: Nesting): JsonObject {
  const isCel = isJsonObject(readObject(readObject(rule, 'validate'), 'cel'));
  const roots = isCel ? ['object', 'oldObject'] : ['request.object', 'request.oldObject'];
  let text = JSON.stringify(rule);
  for (const part of ['spec', 'metadata']) {
    for (const root of roots) text = text.replaceAll(`${root}.${part}`, `${root}.${variable}.${part}`);
  }
  // The text is the JSON of an object, with other words in some strings.
  return JSON.parse(text) as JsonObject;
}
