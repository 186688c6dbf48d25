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
  /** False for replicas that do not lead: what they find missing is looked for again once they do. */
  readonly mayRun: () => boolean;
  /** A source is another than it was. */
  readonly onChanged: (uid: string) => void;
  readonly onGone: (uid: string) => void;
  /** A source went unseen, before it was watched: another may have taken its name since. */
  readonly onMissing: (uid: string) => void;
  /** A source was changed unseen after its copy was. */
  readonly onStale: (resource: ApiResource, copy: KubernetesObject) => void;
}

export interface SourceWatch {
  /**
   * Where an object was copied from, by its labels, is watched from now on. Those of policies in CEL name the source by its UID
   * alone; it is of the kind of its copy.
   */
  follow(resource: ApiResource, copy: KubernetesObject): void;
  /** Looks for sources that nobody saw go, as after a change of leader. */
  look(): void;
  stop(): Promise<void>;
}

/** Where a source is; an empty namespace is all of them. */
interface Place {
  readonly resource: ApiResource;
  readonly namespace: string;
}

const LABEL = 'generate.kyverno.io/source-';
/** Namespaces of one kind that are watched one by one; with more of them all are. */
const MAXIMUM_NAMESPACES = 20;
/** Milliseconds in which sources that a watch does not know are asked for together. */
const SETTLE_MS = 200;
/** Copies that are remembered to have been older than their source. */
const REMEMBERED = 10_000;

/** Watches the objects that were copied, by kind and namespace, their metadata alone. */
export function startSourceWatch(options: SourceWatchOptions): SourceWatch {
  const { client, log, mayRun, onChanged, onGone, onMissing, onStale } = options;
  const informers = new Map<string, Map<string, Informer>>();
  /** Looked up once: a kind that is not served has no sources. */
  const places = new Map<string, Promise<Place | undefined>>();
  const sources = new Map<string, Place>();
  /** Versions of what the watches know to be there, by UID. */
  const present = new Map<string, string>();
  /** Versions of sources that copies were found to be older than, by the UID of the copy: once is enough. */
  const stale = new Map<string, string>();
  let timer: NodeJS.Timeout | undefined;
  let isStopped = false;

  function watch({ resource, namespace }: Place): Informer {
    const kind = `${resource.group}/${resource.resource}`;
    const known = informers.get(kind) ?? new Map<string, Informer>();
    informers.set(kind, known);
    const running = known.get('') ?? known.get(namespace);
    if (running) return running;
    const place = known.size < MAXIMUM_NAMESPACES ? namespace : '';
    const informer = startInformer({
      client,
      gvr: resource,
      ...(place === '' ? {} : { namespace: place }),
      metadataOnly: true,
      transform: keepIdentity,
      onChange: ({ type, object }) => {
        const { uid } = object.metadata;
        if (uid === undefined) return;
        if (type === 'deleted') present.delete(uid);
        else present.set(uid, object.metadata.resourceVersion ?? '');
        if (type === 'added' || !sources.has(uid)) return;
        if (type === 'modified') onChanged(uid);
        else if (mayRun()) forget(uid, onGone);
      },
      onError: (error) => log.debug({ resource: resource.resource, error: messageOf(error) }, 'watching goes on'),
    });
    known.set(place, informer);
    return informer;
  }

  function forget(uid: string, tell: (uid: string) => void): void {
    sources.delete(uid);
    tell(uid);
  }

  function findPlace(labels: Readonly<Record<string, string>>, copy: ApiResource): Promise<Place | undefined> {
    const [group, version, kind, namespace] = ['group', 'version', 'kind', 'namespace'].map(
      (name) => labels[`${LABEL}${name}`] ?? '',
    ) as [string, string, string, string]; // as many as names
    const key = kind === '' ? `${copy.group}/${copy.resource}` : [group, kind, namespace].join('/');
    const known = places.get(key);
    if (known) return known;
    const found =
      kind === ''
        ? Promise.resolve({ resource: copy, namespace: '' })
        : client.discovery
            .findKind({ group, version, kind })
            .then((resource) => resource && { resource, namespace: resource.isNamespaced ? namespace : '' });
    places.set(key, found);
    found.catch((error: unknown) => {
      places.delete(key);
      log.warn({ kind, error: messageOf(error) }, 'a kind that is copied is not known');
    });
    return found;
  }

  function compare(uid: string, resource: ApiResource, copy: KubernetesObject): void {
    const [version = '', own = ''] = [present.get(uid), copy.metadata.uid];
    if (!mayRun() || stale.get(own) === version || !isNewer(version, copy.metadata.resourceVersion)) return;
    if (stale.size >= REMEMBERED) stale.clear();
    stale.set(own, version);
    onStale(resource, copy);
  }

  function look(): void {
    if (isStopped) return;
    timer ??= setTimeout(() => {
      timer = undefined;
      if (mayRun()) for (const [place, uids] of doubted()) void tellMissing(place, uids);
    }, SETTLE_MS);
  }

  function doubted(): Map<Place, readonly string[]> {
    const uids = [...sources.keys()].filter((uid) => !present.has(uid));
    return Map.groupBy(uids, (uid) => sources.get(uid) as Place); // it is a key of theirs
  }

  /** A watch may lag behind what is there: the API server is asked. */
  async function tellMissing({ resource, namespace }: Place, uids: readonly string[]): Promise<void> {
    try {
      const place = namespace === '' ? {} : { namespace };
      const { items } = await client.list(resource, { metadataOnly: true, ...place });
      const there = new Set(items.map(({ metadata }) => metadata.uid));
      for (const uid of uids) if (!there.has(uid) && sources.has(uid) && !isStopped) forget(uid, onMissing);
    } catch (error) {
      log.warn({ resource: resource.resource, error: messageOf(error) }, 'whether sources are gone is not known');
    }
  }

  return {
    follow(resource, copy) {
      const { labels = {} } = copy.metadata;
      const uid = labels[`${LABEL}uid`] ?? '';
      if (uid === '') return;
      findPlace(labels, resource).then(
        async (place) => {
          if (!place || isStopped) return;
          sources.set(uid, place);
          await watch(place).synced;
          if (present.has(uid)) compare(uid, resource, copy);
          else look();
        },
        () => undefined, // told where it was looked up
      );
    },
    look,
    async stop() {
      isStopped = true;
      clearTimeout(timer);
      await Promise.all([...informers.values()].flatMap((own) => [...own.values()].map((one) => one.stop())));
    },
  };
}

/** Versions are revisions of one store, which count up; what does not count is of no age. */
function isNewer(version: string, than = ''): boolean {
  const isCount = (text: string) => /^[0-9]{1,19}$/.test(text);
  return isCount(version) && isCount(than) && BigInt(version) > BigInt(than);
}

function keepIdentity({ apiVersion, kind, metadata }: KubernetesObject): KubernetesObject {
  const { name = '', namespace, uid = '', resourceVersion = '' } = metadata;
  return { apiVersion, kind, metadata: { name, uid, resourceVersion, ...(namespace ? { namespace } : {}) } };
}
