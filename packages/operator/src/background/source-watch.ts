import {
  type ApiResource,
  type Informer,
  type KubeClient,
  type KubernetesObject,
  startInformer,
} from '@vouchsafe/kube';
import { type Logger, messageOf } from '../settings/logger.ts';

export interface SourceWatchOptions {
  readonly client: KubeClient;
  readonly log: Logger;
  /** A source is another than it was. */
  readonly onChanged: (uid: string) => void;
  readonly onGone: (uid: string) => void;
}

export interface SourceWatch {
  /**
   * What was generated bears these labels: where it was copied from is watched from now on. Those of policies in CEL name the
   * source by its UID alone; it is of the kind of its copy.
   */
  follow(labels: Readonly<Record<string, string>>, copy: ApiResource): void;
  stop(): Promise<void>;
}

const LABEL = 'generate.kyverno.io/source-';
/** Namespaces of one kind that are watched one by one; with more of them all are. */
const MAXIMUM_NAMESPACES = 20;

/** Watches the objects that were copied, by kind and namespace, their metadata alone. */
export function startSourceWatch({ client, log, onChanged, onGone }: SourceWatchOptions): SourceWatch {
  const informers = new Map<string, Map<string, Informer>>();
  /** Looked up once: a kind that is not served has no sources. */
  const asked = new Set<string>();
  const sources = new Set<string>();
  let isStopped = false;

  function watch(resource: ApiResource, namespace: string): void {
    const kind = `${resource.group}/${resource.resource}`;
    const known = informers.get(kind) ?? new Map<string, Informer>();
    informers.set(kind, known);
    if (isStopped || known.has(namespace) || known.has('')) return;
    const place = known.size < MAXIMUM_NAMESPACES ? namespace : '';
    const informer = startInformer({
      client,
      gvr: resource,
      ...(place === '' ? {} : { namespace: place }),
      metadataOnly: true,
      transform: keepIdentity,
      onChange: ({ type, object }) => {
        const { uid } = object.metadata;
        if (uid === undefined || type === 'added' || !sources.has(uid)) return;
        if (type === 'deleted') onGone(uid);
        else onChanged(uid);
      },
      onError: (error) => log.debug({ resource: resource.resource, error: messageOf(error) }, 'watching goes on'),
    });
    known.set(place, informer);
  }

  return {
    follow(labels, copy) {
      const read = (name: string): string => labels[`${LABEL}${name}`] ?? '';
      const [uid, kind, namespace] = [read('uid'), read('kind'), read('namespace')];
      if (uid === '') return;
      sources.add(uid);
      if (kind === '') {
        watch(copy, '');
        return;
      }
      const key = [read('group'), kind, namespace].join('/');
      if (asked.has(key)) return;
      asked.add(key);
      client.discovery.findKind({ group: read('group'), version: read('version'), kind }).then(
        (resource) => resource && watch(resource, resource.isNamespaced ? namespace : ''),
        (error: unknown) => {
          asked.delete(key);
          log.warn({ kind, error: messageOf(error) }, 'a kind that is copied is not known');
        },
      );
    },
    async stop() {
      isStopped = true;
      await Promise.all([...informers.values()].flatMap((own) => [...own.values()].map((one) => one.stop())));
    },
  };
}

function keepIdentity({ apiVersion, kind, metadata }: KubernetesObject): KubernetesObject {
  const { name = '', namespace, uid = '', resourceVersion = '' } = metadata;
  return { apiVersion, kind, metadata: { name, uid, resourceVersion, ...(namespace ? { namespace } : {}) } };
}
