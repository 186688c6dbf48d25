import type { Fact, FactKind, FactRequest, FactSource } from '@vouchsafe/engine/facts';
import type { Json } from '@vouchsafe/engine/kernel';
import { callApi } from './call-api.ts';
import {
  answerApiResource,
  answerImage,
  answerKindMapping,
  answerKindSchema,
  type CelFacts,
  splitApiVersion,
} from './cel-facts.ts';
import { answerCall, answerGlobal, answerHttp, type CallMocks, type GlobalMocks } from './mocks.ts';
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
  /** What expressions in CEL see of objects and images. */
  readonly cel: CelFacts;
  /** Calls of URLs that no mock answers; none are made without it. */
  readonly http?: FactSource | undefined;
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

const KINDS: readonly FactKind[] = [
  'resource',
  'api-resource',
  'kind-mapping',
  'kind-schema',
  'config-map',
  'api-call',
  'service-call',
  'http-call',
  'global-context',
  'image-data',
];
const IMAGE_KINDS: ReadonlySet<FactKind> = new Set<FactKind>(['image-data', 'image-digest', 'image-verification']);

const MANIFEST_KINDS: ReadonlySet<FactKind> = new Set<FactKind>(['signed-message', 'manifest-verification']);

function toSource(options: LocalFacts): FactSource {
  const { images, http } = options;
  const kinds = new Set<FactKind>([...KINDS, ...MANIFEST_KINDS]);
  if (images) for (const kind of IMAGE_KINDS) kinds.add(kind);
  return {
    kinds,
    async fetch(requests, signal) {
      const answers = new Map<FactRequest, Fact>();
      for (const request of requests) {
        const known = answer(request, options);
        if (known) answers.set(request, known);
      }
      const open = requests.filter((request) => !answers.has(request));
      await askFurther(
        images,
        open.filter(({ kind }) => IMAGE_KINDS.has(kind)),
        answers,
        signal,
      );
      await askFurther(
        http,
        open.filter(({ kind }) => kind === 'http-call'),
        answers,
        signal,
      );
      const manifests = open.filter(({ kind }) => MANIFEST_KINDS.has(kind));
      if (manifests.length > 0) await askFurther(images ?? (await openManifests()), manifests, answers, signal);
      return requests.map((request) => answers.get(request) ?? unanswered(request));
    },
  };
}

let manifestSource: Promise<FactSource> | undefined;

/** Signed manifests hold all that is needed to judge them. Loaded when first asked: most policies ask for none. */
function openManifests(): Promise<FactSource> {
  manifestSource ??= import('@vouchsafe/images').then(({ createManifestSource, publicGoodTrustRoot }) =>
    createManifestSource({ trustRoot: publicGoodTrustRoot() }),
  );
  return manifestSource;
}

async function askFurther(
  source: FactSource | undefined,
  requests: readonly FactRequest[],
  answers: Map<FactRequest, Fact>,
  signal: Parameters<FactSource['fetch']>[1],
): Promise<void> {
  if (!source || requests.length === 0) return;
  for (const [index, fact] of (await source.fetch(requests, signal)).entries()) {
    const request = requests[index];
    if (request) answers.set(request, fact);
  }
}

function unanswered(request: FactRequest): Fact {
  if (request.kind === 'http-call') {
    return unavailable(`no apiCallResponses entry answers ${request.method} ${request.url}`);
  }
  // In the words of upstream's CLI, which has a context file or a registry.
  if (request.kind === 'image-data') return unavailable(`image data for ${request.reference} not found in the context`);
  return unavailable('the registry is not asked without --registry');
}

/** `undefined` when the registries or the network are to be asked. */
function answer(request: FactRequest, { store, calls, globals, contextAsksStore, cel }: LocalFacts): Fact | undefined {
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
    case 'http-call':
      return answerHttp(calls, request.method, request.url);
    case 'global-context':
      return answerGlobal(globals, request.name, request.projection);
    case 'api-resource':
      return answerApiResource(request, cel);
    case 'kind-mapping':
      return answerKindMapping(request, cel);
    case 'kind-schema':
      return answerKindSchema(request, cel);
    case 'image-data':
      return answerImage(request.reference, cel);
    default:
      return undefined;
  }
}

function notFound(message: string): Fact<Json> {
  return { ok: false, class: 'not-found', message };
}

function unavailable(message: string): Fact<Json> {
  return { ok: false, class: 'unavailable', message };
}
