import type { Fact } from '@vouchsafe/engine/facts';
import type { Json, JsonObject } from '@vouchsafe/engine/kernel';
import type { KindEntry } from '../inputs/kind-table.ts';
import { textAt } from '../inputs/read-fields.ts';
import type { ObjectStore } from './object-store.ts';

/** Answers a GET of the Kubernetes API from the objects given: one object, or a list of a namespace or of all. */
export function callApi(urlPath: string, store: ObjectStore): Fact<Json> {
  const [path = '', search = ''] = urlPath.split('?', 2);
  const target = parsePath(path, store);
  if (!target) return notFound('the server could not find the requested resource');
  const { group, version, entry, namespace, name, subresource } = target;
  const query = new URLSearchParams(search);
  const scoped = namespace === undefined ? {} : { namespace };
  if (name !== undefined) {
    const [object] = store.find({ group, kind: entry.kind, ...scoped, name });
    if (!object || subresource !== undefined) {
      return notFound(`${entry.plural}${group === '' ? '' : `.${group}`} "${name}" not found`);
    }
    return { ok: true, value: object };
  }
  const items = store
    .find({ group, kind: entry.kind, ...scoped, labelSelector: query.get('labelSelector') ?? '' })
    .filter((object) => matchesFields(object, query.get('fieldSelector') ?? ''));
  const apiVersion = group === '' ? version : `${group}/${version}`;
  return { ok: true, value: { apiVersion, kind: `${entry.kind}List`, metadata: { resourceVersion: '' }, items } };
}

interface ApiTarget {
  readonly group: string;
  readonly version: string;
  readonly entry: KindEntry;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

function parsePath(path: string, { kinds }: ObjectStore): ApiTarget | undefined {
  const segments = path.split('/').filter((segment) => segment !== '');
  const isCore = segments[0] === 'api';
  if (!isCore && segments[0] !== 'apis') return undefined;
  const group = isCore ? '' : (segments[1] ?? '');
  const version = segments[isCore ? 1 : 2] ?? '';
  const rest = segments.slice(isCore ? 2 : 3);
  const isScoped = rest[0] === 'namespaces' && rest.length > 2;
  const [plural = '', name, subresource] = isScoped ? rest.slice(2) : rest;
  const entry = kinds.byPlural(group, plural);
  if (!entry) return undefined;
  return {
    group,
    version,
    entry,
    ...(isScoped && rest[1] !== undefined ? { namespace: rest[1] } : {}),
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
  };
}

/** `metadata.name=x,metadata.namespace!=y`: what the API server selects by for every kind. */
function matchesFields(object: JsonObject, selector: string): boolean {
  return selector
    .split(',')
    .filter((part) => part.trim() !== '')
    .every((part) => {
      const isNot = part.includes('!=');
      const [field = '', wanted = ''] = part.split(isNot ? '!=' : /==?/, 2);
      return (textAt(object, ...field.trim().split('.')) === wanted.trim()) !== isNot;
    });
}

function notFound(message: string): Fact<Json> {
  return { ok: false, class: 'not-found', message };
}
