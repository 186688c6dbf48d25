import type { JsonObject } from '../kernel/json.ts';
import { toLabelSelector } from './failure-action.ts';
import type { MatchResources, ResourceFilter } from './policy.ts';
import { readObject, readObjects, readText, readTextMap, readTexts } from './read-json.ts';
import type { Operation } from './request.ts';

/** A `match` or `exclude` block as written, in the shape the engine compiles. */
export function toMatchResources(block: JsonObject): MatchResources {
  const inline = ['resources', 'subjects', 'roles', 'clusterRoles'].some((key) => Object.hasOwn(block, key));
  return {
    any: readObjects(block, 'any').map(toResourceFilter),
    all: readObjects(block, 'all').map(toResourceFilter),
    inline: inline ? toResourceFilter(block) : undefined,
  };
}

function toResourceFilter(filter: JsonObject): ResourceFilter {
  const resources = readObject(filter, 'resources');
  const selector = readObject(resources, 'selector');
  const namespaceSelector = readObject(resources, 'namespaceSelector');
  return {
    kinds: readTexts(resources, 'kinds'),
    name: readText(resources, 'name'),
    names: readTexts(resources, 'names'),
    namespaces: readTexts(resources, 'namespaces'),
    annotations: readTextMap(resources, 'annotations'),
    selector: selector && toLabelSelector(selector),
    namespaceSelector: namespaceSelector && toLabelSelector(namespaceSelector),
    operations: readTexts(resources, 'operations').filter(isOperation),
    subjects: readObjects(filter, 'subjects').map((subject) => {
      const namespace = readText(subject, 'namespace');
      return {
        kind: readText(subject, 'kind') ?? '',
        name: readText(subject, 'name') ?? '',
        ...(namespace !== undefined ? { namespace } : {}),
      };
    }),
    roles: readTexts(filter, 'roles'),
    clusterRoles: readTexts(filter, 'clusterRoles'),
  };
}

function isOperation(text: string): text is Operation {
  return text === 'CREATE' || text === 'UPDATE' || text === 'DELETE' || text === 'CONNECT';
}
