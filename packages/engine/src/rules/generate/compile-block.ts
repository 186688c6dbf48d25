import type { FactTable } from '../../facts/fact-table.ts';
import { EvaluationError } from '../../kernel/evaluation-error.ts';
import {
  isJsonArray,
  isJsonObject,
  type Json,
  type JsonObject,
  member,
  memberAt,
  withMember,
} from '../../kernel/json.ts';
import { compileTemplate } from '../../lang/variables/compile-template.ts';
import type { Scope } from '../../lang/variables/scope.ts';
import { selectorText } from '../../match/selector-text.ts';
import type { RuleInput } from '../../model/compiled-policy.ts';
import type { RuleCompilation } from '../rule-kind.ts';
import { managedLabels, sourceLabels } from './managed-labels.ts';

export interface Generated {
  readonly objects: readonly JsonObject[];
  readonly errors: readonly string[];
}

/** Pure and synchronous; throws only `Need`. */
export type Generation = (scope: Scope, input: RuleInput) => Generated;

/** Where a generated object goes, after substitution. */
interface Target {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

/** One pattern of a generate rule: `data`, `clone` or `cloneList`. */
export function compileBlock(
  block: JsonObject,
  { policy, rule, host, report }: RuleCompilation,
  path: string,
): Generation {
  const template = compileTemplate(pickPattern(block), { host, report, path });
  return (scope, input) => {
    const pattern = template.evaluate(scope);
    if (pattern instanceof EvaluationError) return failed(pattern.message);
    if (!isJsonObject(pattern)) return failed('the generate pattern is no object');
    const found = findContents(pattern, input.facts);
    if (found instanceof EvaluationError) return failed(found.message);
    const labels = managedLabels(policy, rule.name, input);
    return { objects: found.map((content) => toObject(content, labels)), errors: [] };
  };
}

function failed(message: string): Generated {
  return { objects: [], errors: [message] };
}

const PATTERN_FIELDS: readonly string[] = ['apiVersion', 'kind', 'namespace', 'name', 'data', 'clone', 'cloneList'];

function pickPattern(block: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(block).filter(([key]) => PATTERN_FIELDS.includes(key)));
}

/** What an object is made of, and where it was copied from. */
interface Content {
  readonly target: Target;
  readonly body: JsonObject;
  readonly source?: JsonObject;
}

function findContents(pattern: JsonObject, facts: FactTable): readonly Content[] | EvaluationError {
  const target: Target = {
    apiVersion: textOf(member(pattern, 'apiVersion')),
    kind: textOf(member(pattern, 'kind')),
    namespace: textOf(member(pattern, 'namespace')),
    name: textOf(member(pattern, 'name')),
  };
  if (textOf(memberAt(pattern, 'clone', 'name')) !== '') return cloneOne(target, pattern, facts);
  const kinds = memberAt(pattern, 'cloneList', 'kinds');
  if (isJsonArray(kinds) && kinds.length > 0) return cloneMany(target, kinds, pattern, facts);
  // Without data it is an object of that name and nothing more.
  const data = member(pattern, 'data') ?? {};
  return isJsonObject(data) ? [{ target, body: data }] : [];
}

/** A clone of an object onto itself is none. */
function cloneOne(target: Target, pattern: JsonObject, facts: FactTable): readonly Content[] | EvaluationError {
  const namespace = textOf(memberAt(pattern, 'clone', 'namespace'));
  const name = textOf(memberAt(pattern, 'clone', 'name'));
  if (namespace === target.namespace && name === target.name) return [];
  const { apiVersion, kind } = target;
  const scoped = namespace === '' ? {} : { namespace };
  const fact = facts.get({ kind: 'resource', apiVersion, resourceKind: kind, ...scoped, name });
  if (fact.ok && isJsonObject(fact.value)) return [{ target, body: copyOf(fact.value, target), source: fact.value }];
  // The target is named, as upstream does.
  const where = [apiVersion, kind, target.namespace, target.name].join('/');
  return new EvaluationError(`source resource ${where} not found: ${fact.ok ? 'no object' : fact.message}`);
}

function cloneMany(
  target: Target,
  kinds: readonly Json[],
  pattern: JsonObject,
  facts: FactTable,
): readonly Content[] | EvaluationError {
  const namespace = textOf(memberAt(pattern, 'cloneList', 'namespace'));
  if (namespace !== '' && namespace === target.namespace) return [];
  const selector = selectorText(memberAt(pattern, 'cloneList', 'selector'));
  if (selector instanceof EvaluationError) return selector;
  const contents: Content[] = [];
  for (const written of kinds) {
    const [apiVersion, kind] = splitKind(textOf(written));
    const fact = facts.get({
      kind: 'resource',
      apiVersion,
      resourceKind: kind,
      ...(namespace === '' ? {} : { namespace }),
      ...(selector === '' ? {} : { labelSelector: selector }),
    });
    if (!fact.ok) return new EvaluationError(`failed to list resources ${kind}: ${fact.message}`);
    for (const source of isJsonArray(fact.value) ? fact.value.filter(isJsonObject) : []) {
      const own = { ...target, apiVersion, kind, name: textOf(memberAt(source, 'metadata', 'name')) };
      contents.push({ target: own, body: copyOf(source, own), source });
    }
  }
  return contents;
}

/** `apps/v1/Deployment` and `v1/Secret`. */
function splitKind(text: string): readonly [string, string] {
  const cut = text.lastIndexOf('/');
  return [text.slice(0, Math.max(cut, 0)), text.slice(cut + 1)];
}

const SERVER_FIELDS: readonly string[] = ['uid', 'selfLink', 'creationTimestamp', 'managedFields', 'resourceVersion'];

/** Without what the API server wrote; owners stay in their namespace. */
function copyOf(source: JsonObject, { namespace }: Target): JsonObject {
  const metadata = memberAt(source, 'metadata');
  if (!isJsonObject(metadata)) return source;
  const leaves = textOf(member(metadata, 'namespace')) !== namespace;
  const kept = Object.entries(metadata).filter(
    ([key]) => !SERVER_FIELDS.includes(key) && !(leaves && key === 'ownerReferences'),
  );
  return withMember(source, 'metadata', Object.fromEntries(kept));
}

function toObject({ target, body, source }: Content, labels: Readonly<Record<string, string>>): JsonObject {
  const given = memberAt(body, 'metadata');
  const { namespace: _namespace, ...metadata }: JsonObject = isJsonObject(given) ? given : {};
  const own = textsOf(member(metadata, 'labels'));
  const annotations = textsOf(member(metadata, 'annotations'));
  const marks = source ? { ...labels, ...sourceLabels(source) } : labels;
  return {
    ...body,
    apiVersion: target.apiVersion,
    kind: target.kind,
    metadata: {
      ...metadata,
      name: target.name,
      ...(target.namespace === '' ? {} : { namespace: target.namespace }),
      ...(annotations ? { annotations } : {}),
      labels: { ...own, ...marks },
    },
  };
}

/** Labels and annotations are texts; what a variable made a number or a truth value is written as one. */
function textsOf(value: Json | undefined): JsonObject | undefined {
  if (!isJsonObject(value)) return undefined;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      typeof one === 'number' || typeof one === 'boolean' ? String(one) : one,
    ]),
  );
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
