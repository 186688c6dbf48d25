import { type Policy, parseKindSelector } from '@vouchsafe/engine';
import { hasWildcard, isJsonObject, type Json, type JsonObject, memberAt } from '@vouchsafe/engine/kernel';
import type { ApiResource } from '@vouchsafe/kube';

/** One pattern of a generate rule: of the rule itself, or of one `foreach`. */
export interface GeneratePart {
  readonly part: JsonObject;
  readonly path: string;
  readonly synchronize: boolean;
}

/** The patterns of all generate rules of a policy with rules. */
export function generateParts({ document }: Pick<Policy, 'document'>): readonly GeneratePart[] {
  return rulesOf(document).flatMap((rule, index) => {
    const generate = memberAt(rule, 'generate');
    if (!isJsonObject(generate)) return [];
    const path = `spec.rules[${index}].generate`;
    const synchronize = memberAt(generate, 'synchronize') === true;
    const each = objectsIn(memberAt(generate, 'foreach'));
    if (each.length === 0) return [{ part: generate, path, synchronize }];
    return each.map((part, place) => ({ part, path: `${path}.foreach[${place}]`, synchronize }));
  });
}

export function rulesOf(document: JsonObject): readonly JsonObject[] {
  return objectsIn(memberAt(document, 'spec', 'rules'));
}

/** The kinds that a `match` or `exclude` names. */
export function kindsIn(block: Json | undefined): readonly string[] {
  if (!isJsonObject(block)) return [];
  const filters = [block, ...objectsIn(block['any']), ...objectsIn(block['all'])];
  return filters.flatMap((filter) => textsIn(memberAt(filter, 'resources', 'kinds')));
}

export function objectsIn(value: Json | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

export function textsIn(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

/** What is written there, where it says one thing: no variable, no wildcard. Empty otherwise. */
export function literalAt(object: JsonObject, ...path: readonly string[]): string {
  const value = memberAt(object, ...path);
  return typeof value === 'string' && isLiteral(value) ? value : '';
}

export function isLiteral(text: string): boolean {
  return !text.includes('{{') && !hasWildcard(text);
}

/** The served resources that a kind stands for, `apps/v1/Deployment` or `Deployment`; none for what is not literal. */
export function servedAs(kind: string, served: readonly ApiResource[]): readonly ApiResource[] {
  if (!isLiteral(kind)) return [];
  const selector = parseKindSelector(kind);
  return served.filter(
    (one) =>
      one.kind === selector.kind &&
      (selector.group === '*' || selector.group === one.group) &&
      (selector.version === '*' || selector.version === one.version),
  );
}

/** `apiVersion` and `kind` as one text. */
export function kindOf(part: JsonObject): string {
  const [apiVersion, kind] = [literalAt(part, 'apiVersion'), literalAt(part, 'kind')];
  return apiVersion === '' ? kind : `${apiVersion}/${kind}`;
}
