import { memberAt } from '../kernel/json.ts';
import type { EvaluationRequest } from '../model/request.ts';
import { compilePart, parseKindSelector } from './kind-selector.ts';

/** Whether the ConfigMap says that a request is not looked at. */
export type RequestPredicate = (request: EvaluationRequest) => boolean;

/**
 * `resourceFilters` of the ConfigMap: groups `[kind,namespace,name]`, wildcards allowed, the kind as in a rule. A missing
 * part matches only the empty text. For a Namespace the namespace part is also compared with its name (kyverno-core §4.5).
 */
export function compileResourceFilters(text: string): RequestPredicate {
  const filters = groupsOf(text).flatMap((group) => compileGroup(group.split(',')));
  return (request) => filters.some((filter) => filter(request));
}

/** The texts between `[` and the next `]`, without nesting. */
function groupsOf(text: string): string[] {
  const groups: string[] = [];
  let start = -1;
  for (let at = 0; at < text.length; at += 1) {
    if (text[at] === '[') start = at + 1;
    else if (text[at] === ']' && start >= 0) {
      groups.push(text.slice(start, at));
      start = -1;
    }
  }
  return groups;
}

/** Parts are taken as they stand, blanks included, as Kyverno does; a group of more than three is ignored. */
function compileGroup(parts: readonly string[]): RequestPredicate[] {
  const [kindText = '', namespaceText = '', nameText = ''] = parts;
  if (kindText === '' || parts.length > 3) return [];
  const selector = parseKindSelector(kindText);
  const kind = compilePart(selector.kind);
  const apiGroup = compilePart(selector.group);
  const version = compilePart(selector.version);
  const subresource = compilePart(selector.subresource);
  const namespace = compilePart(namespaceText);
  const name = compilePart(nameText);
  const holds: RequestPredicate = (request) => {
    const actual = request.kind;
    if (!kind(actual.kind) || !apiGroup(actual.group) || !version(actual.version)) return false;
    if (!subresource(request.subresource)) return false;
    const actualName = nameOf(request);
    if (namespace(request.namespace) && name(actualName)) return true;
    return actual.kind === 'Namespace' && actual.group === '' && actual.version === 'v1' && namespace(actualName);
  };
  return [holds];
}

/** `metadata.name` alone: an object that has only `generateName` has no name here. */
function nameOf(request: EvaluationRequest): string {
  const name = memberAt(request.resource ?? request.oldResource, 'metadata', 'name');
  return typeof name === 'string' ? name : request.name;
}
