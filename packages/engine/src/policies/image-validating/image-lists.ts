import { CelError, celTypes } from '@vouchsafe/cel';
import { isJsonArray, isJsonObject, type Json, type JsonObject, member, memberAt } from '../../kernel/json.ts';
import type { PolicyExpression, PolicyLanguage, PolicyScope, WantedType } from '../../lang/cel/policy-language.ts';
import type { RuleInput } from '../../model/compiled-policy.ts';
import { readObjects, readText } from '../../model/read-json.ts';
import { podSpecPath } from './pod-spec.ts';

/** The images of a resource by the name of their extractor, before `matchImageReferences` filters them. */
export interface ImageLists {
  readonly lists: ReadonlyMap<string, readonly string[]>;
  /** Images of containers that an extractor of the policy hides by taking the name of a built-in one. */
  readonly hidden: readonly string[];
}

/** Finds the images an evaluation is about; an error is one of the policy. */
export type ImageExtractor = (input: RuleInput, scope: PolicyScope) => ImageLists | CelError;

const BUILT_IN = ['containers', 'initContainers', 'ephemeralContainers'] as const;

const WANT_TEXTS: WantedType = {
  types: [celTypes.listType(celTypes.STRING), celTypes.DYN, celTypes.listType(celTypes.DYN)],
  message: 'output is expected to be of type list(string)',
};

/**
 * `images` of a policy beside the built-in extractors of Pods and their controllers (kyverno-cel §4.6). One that is named
 * like a built-in one takes its place in expressions, as upstream; what it hides is still told.
 */
export function compileImageLists(spec: JsonObject, language: PolicyLanguage): ImageExtractor {
  const own = readObjects(spec, 'images').flatMap((item, index): readonly (readonly [string, PolicyExpression])[] => {
    const path = `spec.images[${index}].expression`;
    const expression = language.compile(readText(item, 'expression') ?? '', path, WANT_TEXTS);
    return expression ? [[readText(item, 'name') ?? '', expression]] : [];
  });
  return (input, scope) => {
    const lists = builtInLists(input);
    if (lists instanceof CelError) return lists;
    const hidden: string[] = [];
    for (const [name, expression] of own) {
      const found = toTexts(name, expression.evaluate(scope));
      if (found instanceof CelError) return found;
      hidden.push(...(lists.get(name) ?? []).filter((image) => !found.includes(image)));
      lists.set(name, found);
    }
    return { lists, hidden };
  };
}

function toTexts(name: string, value: unknown): readonly string[] | CelError {
  if (value instanceof CelError) return new CelError(`failed to extract images \`${name}\`: ${value.message}`);
  if (!Array.isArray(value)) return new CelError(`failed to extract images \`${name}\`: it is no list`);
  const texts: string[] = [];
  for (const item of value) {
    if (typeof item !== 'string') return new CelError(`failed to extract images \`${name}\`: an element is no string`);
    texts.push(item);
  }
  return texts;
}

function builtInLists({ request, resource }: RuleInput): Map<string, readonly string[]> | CelError {
  const path = podSpecPath(request);
  if (!path) return new Map();
  const spec = memberAt(resource, ...path);
  if (!isJsonObject(spec)) return new CelError(`no such key: ${missingKey(resource, path)}`);
  const lists = new Map<string, readonly string[]>();
  for (const name of BUILT_IN) {
    const images = imagesOf(member(spec, name), name === 'containers');
    if (images instanceof CelError) return images;
    lists.set(name, images);
  }
  return lists;
}

function missingKey(resource: JsonObject, path: readonly string[]): string {
  const depth = path.findIndex((_, index) => !isJsonObject(memberAt(resource, ...path.slice(0, index + 1))));
  return path[depth] ?? 'spec';
}

function imagesOf(containers: Json | undefined, isRequired: boolean): readonly string[] | CelError {
  if (containers === undefined && isRequired) return new CelError('no such key: containers');
  if (containers === undefined || containers === null) return [];
  if (!isJsonArray(containers)) return new CelError('containers are no list');
  const images: string[] = [];
  for (const container of containers) {
    const image = isJsonObject(container) ? member(container, 'image') : undefined;
    if (typeof image !== 'string') return new CelError('no such key: image');
    images.push(image);
  }
  return images;
}
