import type { Fact, FactKind, FactRequest, FactSource } from '@vouchsafe/engine/facts';
import type { Json } from '@vouchsafe/engine/kernel';
import { callApi } from './call-api.ts';
import { answerCall, answerGlobal, type CallMocks, type GlobalMocks } from './mocks.ts';
import type { ObjectStore } from './object-store.ts';

export interface LocalFacts {
  /** What stands for the objects of a cluster. */
  readonly store: ObjectStore;
  /** Whether context entries may ask the objects: upstream lets them only with `clusterResources`, or in `apply`. */
  readonly contextAsksStore: boolean;
  readonly contextAsksConfigMaps: boolean;
  readonly calls: CallMocks;
  readonly globals: GlobalMocks;
  /** Answers about images, when the registry may be asked. */
  readonly images: FactSource | undefined;
}

/** Facts without a cluster, and the kinds of facts nobody can give: their context entries then do not exist. */
export function createLocalFacts(options: LocalFacts): {
  readonly source: FactSource;
  readonly absent: ReadonlySet<FactKind>;
} {
  const { contextAsksStore, contextAsksConfigMaps, calls, globals, images } = options;
  const absent = new Set<FactKind>();
  if (!contextAsksConfigMaps) absent.add('config-map');
  if (!contextAsksStore && calls.size === 0) absent.add('api-call').add('service-call');
  if (globals.size === 0) absent.add('global-context');
  if (!images) absent.add('image-data');
  return { absent, source: toSource(options) };
}

const IMAGE_KINDS: ReadonlySet<FactKind> = new Set<FactKind>(['image-data', 'image-digest', 'image-verification']);

const MANIFEST_KINDS: ReadonlySet<FactKind> = new Set<FactKind>(['signed-message', 'manifest-verification']);

function toSource(options: LocalFacts): FactSource {
  const { images } = options;
  const kinds = new Set<FactKind>(['resource', 'config-map', 'api-call', 'service-call', 'global-context']);
  for (const kind of MANIFEST_KINDS) kinds.add(kind);
  if (images) for (const kind of IMAGE_KINDS) kinds.add(kind);
  return {
    kinds,
    async fetch(requests, signal) {
      const asked = requests.filter(({ kind }) => IMAGE_KINDS.has(kind) || MANIFEST_KINDS.has(kind));
      const source = asked.length > 0 ? (images ?? (await openManifests())) : undefined;
      const answers = (await source?.fetch(asked, signal)) ?? [];
      return requests.map((request) => {
        if (!asked.includes(request)) return answer(request, options);
        if (!images && IMAGE_KINDS.has(request.kind)) return unavailable(NOT_ASKED);
        return answers[asked.indexOf(request)] ?? unavailable(NOT_ASKED);
      });
    },
  };
}

const NOT_ASKED = 'the registry is not asked without --registry';

let manifests: Promise<FactSource> | undefined;

/** Signed manifests hold all that is needed to judge them. Loaded when first asked: most policies ask for none. */
function openManifests(): Promise<FactSource> {
  manifests ??= import('@vouchsafe/images').then(({ createManifestSource, publicGoodTrustRoot }) =>
    createManifestSource({ trustRoot: publicGoodTrustRoot() }),
  );
  return manifests;
}

function answer(request: FactRequest, { store, calls, globals, contextAsksStore }: LocalFacts): Fact<Json> {
  switch (request.kind) {
    case 'config-map': {
      const { namespace, name } = request;
      const [found] = store.find({ group: '', kind: 'ConfigMap', namespace, name });
      return found ? { ok: true, value: found } : notFound(`configmaps "${name}" not found`);
    }
    case 'resource': {
      const [group, version] = splitApiVersion(request.apiVersion);
      const kind = request.resourceKind.split('/')[0] ?? '';
      const found = store.find({ ...request, group, ...(version === '*' ? {} : { version }), kind });
      if (request.name === undefined) return { ok: true, value: found };
      return found[0] ? { ok: true, value: found[0] } : notFound(`${kind} "${request.name}" not found`);
    }
    case 'api-call': {
      const mock = answerCall(calls, request.method, request.urlPath);
      if (mock) return mock;
      if (!contextAsksStore)
        return unavailable(`no apiCallResponses entry answers ${request.method} ${request.urlPath}`);
      if (request.method === 'GET') return callApi(request.urlPath, store);
      return unavailable('only GET is answered without a cluster');
    }
    case 'service-call':
      return (
        answerCall(calls, request.method, request.url) ??
        unavailable(`no apiCallResponses entry answers ${request.method} ${request.url}`)
      );
    case 'global-context':
      return answerGlobal(globals, request.name, request.projection);
    default:
      return unavailable('images are asked elsewhere');
  }
}

function splitApiVersion(apiVersion: string): readonly [string, string] {
  const cut = apiVersion.indexOf('/');
  return cut < 0 ? ['', apiVersion] : [apiVersion.slice(0, cut), apiVersion.slice(cut + 1)];
}

function notFound(message: string): Fact<Json> {
  return { ok: false, class: 'not-found', message };
}

function unavailable(message: string): Fact<Json> {
  return { ok: false, class: 'unavailable', message };
}
