import type { ObservedExchange } from '@vouchsafe/sandbox';
import { placeOf, refusalOf, titleOf, typeOf } from './recorded-target.ts';
import type { RecordedStep } from './steps-of-exchanges.ts';

/** Seconds in which controllers, scans and reports catch up with what was done before. */
const WITHIN = 15;

/** A read as a step that finds the same names; a text when it is none that can be given again. */
export function readStep(exchange: ObservedExchange): RecordedStep | string {
  const { resource, code, answer } = exchange;
  if (resource.subresource !== '') return `reading ${resource.plural}/${resource.subresource} was left out`;
  const query = new URL(exchange.url, 'https://sandbox.invalid').searchParams;
  if (query.has('watch')) return `watching ${resource.plural} was left out`;
  const selectors = [
    ...selector('-l', query.get('labelSelector')),
    ...selector('--field-selector', query.get('fieldSelector')),
  ];
  const everywhere = resource.isNamespaced && resource.namespace === '' ? ['-A'] : placeOf(resource);
  const kubectl = [
    'get',
    typeOf(resource),
    ...(resource.name ? [resource.name] : []),
    ...everywhere,
    ...selectors,
    '-o',
    'name',
  ];
  if (code >= 400) {
    return {
      title: resource.name
        ? `${titleOf(resource, resource.name)} is not to be had`
        : `the ${resource.plural} are not to be had`,
      kubectl,
      within: WITHIN,
      expect: refusalOf(exchange),
    };
  }
  const names = (resource.name ? [resource.name] : namesIn(answer)).map((name) => `${prefixOf(resource)}${name}`);
  return {
    title: resource.name ? `${titleOf(resource, resource.name)} is there` : `the ${resource.plural} are there`,
    kubectl,
    within: WITHIN,
    expect: { stdout: names },
  };
}

function selector(flag: string, value: string | null): readonly string[] {
  return value ? [flag, value] : [];
}

function prefixOf({ group, singular }: ObservedExchange['resource']): string {
  return `${singular}${group ? `.${group}` : ''}/`;
}

interface Named {
  readonly metadata?: {
    readonly name?: string;
    readonly generateName?: string;
    readonly ownerReferences?: readonly unknown[];
  };
}

/** Of a list or a Table; names that a controller or the server made up are not the same another time. */
function namesIn(answer: ObservedExchange['answer']): readonly string[] {
  const { items, rows } = (answer ?? {}) as {
    readonly items?: readonly Named[];
    readonly rows?: readonly { readonly object?: Named }[];
  }; // the server's own shapes
  const objects = items ?? rows?.map(({ object }) => object ?? {}) ?? [];
  return objects.flatMap(({ metadata }) =>
    metadata?.name && !metadata.generateName && !metadata.ownerReferences?.length ? [metadata.name] : [],
  );
}
