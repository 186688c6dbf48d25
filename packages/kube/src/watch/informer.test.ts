import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createKubeClient, type KubeClient } from '../client/kube-client.ts';
import { KubeError } from '../client/kube-error.ts';
import { answerJson, answerStatus, type LoopbackApi, startLoopbackApi } from '../client/loopback-api.fixture.ts';
import type { KubernetesObject, KubernetesObjectList } from '../model/kubernetes-object.ts';
import { type Informer, type InformerOptions, startInformer } from './informer.ts';
import type { ObjectChange } from './object-store.ts';

const gvr = { group: 'example.com', version: 'v1', resource: 'widgets' };
const backoff = { initialMilliseconds: 5, maximumMilliseconds: 20 };

const widget = (name: string, version: number, more: object = {}): KubernetesObject => ({
  apiVersion: 'example.com/v1',
  kind: 'Widget',
  metadata: { name, namespace: 'ns', uid: `uid-${name}`, resourceVersion: String(version), ...more },
});

/** A collection served over HTTP whose watches the test drives by hand. */
class WidgetServer {
  items: KubernetesObject[] = [];
  version = 1;
  watches: { readonly response: ServerResponse; readonly query: URLSearchParams }[] = [];
  api: LoopbackApi | undefined;
  listAnswer: ((response: ServerResponse) => void) | undefined;
  watchAnswer: ((response: ServerResponse) => void) | undefined;

  async start(): Promise<KubeClient> {
    this.api = await startLoopbackApi((request, response) => {
      if (request.query.get('watch') === 'true') {
        if (this.watchAnswer !== undefined) return this.watchAnswer(response);
        response.writeHead(200, { 'content-type': 'application/json' }).flushHeaders();
        this.watches.push({ response, query: request.query });
      } else if (this.listAnswer !== undefined) this.listAnswer(response);
      else {
        const metadata = { resourceVersion: String(this.version) };
        answerJson(response, { kind: 'WidgetList', apiVersion: 'example.com/v1', metadata, items: this.items });
      }
    });
    return createKubeClient(this.api.connection, { queriesPerSecond: 0, retryBackoffMilliseconds: 1 });
  }

  /** The watch opened last, once there are `count` in all. */
  async watch(count: number) {
    await vi.waitFor(() => expect(this.watches.length).toBeGreaterThanOrEqual(count), { timeout: 3000, interval: 2 });
    const { response, query } = this.watches[count - 1] ?? {};
    return {
      resourceVersion: query?.get('resourceVersion'),
      query,
      send: (type: string, object: unknown) => response?.write(`${JSON.stringify({ type, object })}\n`),
      write: (text: string) => response?.write(text),
      end: () => response?.end(),
      cut: () => response?.destroy(),
    };
  }
}

const open: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

interface Followed {
  readonly server: WidgetServer;
  readonly informer: Informer;
  readonly changes: string[];
  readonly errors: unknown[];
  readonly until: (count: number) => Promise<void>;
}

const summaryOf = (change: ObjectChange): string => {
  const { name, resourceVersion } = change.object.metadata;
  const from = change.type === 'modified' ? `${change.previous.metadata.resourceVersion}>` : '';
  const mark = change.type === 'deleted' && change.isSynthetic ? '?' : '';
  return `${change.type}${mark} ${name} ${from}${resourceVersion}`;
};

async function follow(
  setUp: (server: WidgetServer) => void,
  options: Partial<InformerOptions> = {},
): Promise<Followed> {
  const server = new WidgetServer();
  setUp(server);
  const client = await server.start();
  const changes: string[] = [];
  const errors: unknown[] = [];
  const informer = startInformer({
    client,
    gvr,
    backoff,
    onChange: (change) => changes.push(summaryOf(change)),
    onError: (error) => errors.push(error),
    ...options,
  });
  open.push(informer.stop, client.close, async () => server.api?.close());
  const until = (count: number) =>
    vi.waitFor(() => expect(changes.length).toBeGreaterThanOrEqual(count), { timeout: 3000, interval: 2 });
  return { server, informer, changes, errors, until };
}

const twoWidgets = (server: WidgetServer): void => {
  server.items = [widget('a', 1), widget('b', 2)];
  server.version = 10;
};

describe('startInformer', () => {
  it('lists again and again where it may not watch', async () => {
    const { server, changes, errors, until } = await follow(
      (fresh) => {
        twoWidgets(fresh);
        fresh.watchAnswer = (response) => answerStatus(response, 403, 'Forbidden');
      },
      { pollMilliseconds: 5 },
    );
    await until(2);
    server.items = [widget('a', 11)];
    server.version = 11;
    await until(4);
    expect([...changes.slice(2).sort(), errors[0]]).toMatchObject(['deleted? b 2', 'modified a 1>11', { code: 403 }]);
  });

  it('reports the list, then what happens, from where the list was', async () => {
    const { server, informer, changes, until } = await follow(twoWidgets, { namespace: 'ns', labelSelector: 'x=y' });
    expect(await informer.synced).toBe(true);
    expect(changes).toEqual(['added a 1', 'added b 2']);
    const watch = await server.watch(1);
    expect(watch.resourceVersion).toBe('10');
    expect(watch.query?.get('allowWatchBookmarks')).toBe('true');
    expect(watch.query?.get('labelSelector')).toBe('x=y');
    watch.send('ADDED', widget('c', 11));
    watch.send('MODIFIED', widget('a', 12));
    watch.send('DELETED', widget('b', 13));
    watch.send('SOMETHING', {});
    await until(5);
    expect(changes.slice(2)).toEqual(['added c 11', 'modified a 1>12', 'deleted b 13']);
    expect(informer.list().map(({ metadata }) => metadata.name)).toEqual(['a', 'c']);
    expect(informer.list('other')).toEqual([]);
    expect(informer.get('a', 'ns')?.metadata.resourceVersion).toBe('12');
    expect(informer.get('a')).toBeUndefined();
  });

  it('goes on from the last event or bookmark when a watch ends', async () => {
    const { server, changes, errors, until } = await follow(twoWidgets);
    const first = await server.watch(1);
    first.send('ADDED', widget('c', 11));
    first.send('BOOKMARK', { kind: 'Widget', apiVersion: 'example.com/v1', metadata: { resourceVersion: '50' } });
    await until(3);
    first.end();
    const second = await server.watch(2);
    expect(second.resourceVersion).toBe('50');
    second.send('MODIFIED', widget('c', 51));
    await until(4);
    second.cut();
    const third = await server.watch(3);
    expect(third.resourceVersion).toBe('51');
    expect(changes.slice(2)).toEqual(['added c 11', 'modified c 11>51']);
    expect(server.api?.seen.filter(({ query }) => !query.has('watch'))).toHaveLength(1);
    expect(errors).toHaveLength(1);
  });

  it('drops an event that was cut off, and takes it when it comes again; one that comes twice counts once', async () => {
    const { server, changes, until } = await follow(twoWidgets);
    const first = await server.watch(1);
    first.send('ADDED', widget('c', 11));
    await until(3);
    const text = JSON.stringify({ type: 'ADDED', object: widget('d', 12) });
    first.write(text);
    first.end();
    const second = await server.watch(2);
    expect(second.resourceVersion).toBe('11');
    second.send('ADDED', widget('c', 11));
    second.write(text.slice(0, 20));
    await new Promise((resolve) => setTimeout(resolve, 10));
    second.write(`${text.slice(20)}\n\n`);
    await until(4);
    expect(changes.slice(2)).toEqual(['added c 11', 'added d 12']);
  });

  it.each<[string, (server: WidgetServer) => Promise<void>]>([
    [
      'as an event',
      async (server) => {
        const watch = await server.watch(1);
        watch.send('ERROR', { kind: 'Status', code: 410, reason: 'Expired', message: 'too old resource version' });
      },
    ],
    [
      'as an answer',
      async (server) => {
        const watch = await server.watch(1);
        server.watchAnswer = (response) => {
          server.watchAnswer = undefined;
          answerStatus(response, 410, 'Gone');
        };
        watch.end();
      },
    ],
  ])('lists again after 410 %s and reports the differences', async (_, expire) => {
    const { server, changes, errors, until } = await follow(twoWidgets);
    await server.watch(1);
    // While nobody watched: `a` changed, `b` went, `c` came.
    server.items = [widget('a', 21), widget('c', 22)];
    server.version = 30;
    await expire(server);
    await until(5);
    expect(changes.slice(2)).toEqual(['deleted? b 2', 'modified a 1>21', 'added c 22']);
    expect((await server.watch(2)).resourceVersion).toBe('30');
    expect(errors).toEqual([]);
  });

  it('reports an object made again under its name as another one', async () => {
    const { server, changes, until } = await follow(twoWidgets);
    (await server.watch(1)).send('ADDED', widget('a', 40, { uid: 'new' }));
    await until(4);
    expect(changes.slice(2)).toEqual(['deleted? a 1', 'added a 40']);
  });

  it('keeps trying when the list fails', async () => {
    let failures = 3;
    const { informer, errors } = await follow((server) => {
      server.listAnswer = (response) => {
        failures -= 1;
        if (failures === 0) server.listAnswer = undefined;
        answerStatus(response, 403, 'Forbidden');
      };
    });
    expect(informer.hasSynced()).toBe(false);
    expect(await informer.synced).toBe(true);
    expect(errors).toHaveLength(3);
    expect(errors[0]).toMatchObject({ code: 403, reason: 'Forbidden' });
  });

  it('lists again when a watch cannot be opened', async () => {
    const { server, errors } = await follow((fresh) => {
      fresh.watchAnswer = (response) => answerStatus(response, 500, 'InternalError');
    });
    await vi.waitFor(
      () => expect(server.api?.seen.filter(({ query }) => !query.has('watch')).length).toBeGreaterThan(1),
      3000,
    );
    expect(errors.length).toBeGreaterThanOrEqual(5);
  });

  it('survives events that are not what they should be, and handlers that throw', async () => {
    const seen: string[] = [];
    const { server, errors } = await follow(twoWidgets, {
      onChange: ({ object }) => {
        seen.push(object.metadata.name ?? '');
        throw new Error('handler');
      },
    });
    (await server.watch(1)).write('not json\n');
    (await server.watch(2)).send('ADDED', { no: 'metadata' });
    (await server.watch(3)).send('ADDED', widget('c', 11));
    await vi.waitFor(() => expect(seen).toEqual(['a', 'b', 'c']));
    expect(errors.filter((error) => error instanceof KubeError).map((error) => (error as KubeError).reason)).toEqual([
      'MalformedResponse',
      'MalformedResponse',
    ]);
    expect(errors.filter((error) => String(error) === 'Error: handler')).toHaveLength(3);
  });

  it('drops managedFields, keeps metadata alone when asked, and applies a transform', async () => {
    const managed = { managedFields: [{ manager: 'm' }] };
    const full = { ...widget('a', 1, managed), spec: { big: true } };
    const plain = await follow((server) => {
      server.items = [full];
    });
    await plain.informer.synced;
    expect(plain.informer.get('a', 'ns')).toEqual({ ...widget('a', 1), spec: { big: true } });
    const partial = await follow(
      (server) => {
        server.items = [full];
      },
      { metadataOnly: true },
    );
    await partial.informer.synced;
    expect(partial.informer.get('a', 'ns')).toEqual(widget('a', 1));
    await partial.server.watch(1);
    expect(partial.server.api?.seen.map(({ headers }) => headers.accept?.split(';')[1])).toEqual([
      'as=PartialObjectMetadataList',
      'as=PartialObjectMetadata',
    ]);
  });

  it('stops: nothing is reported afterwards, and a sync that never came is false', async () => {
    const { server, informer, changes } = await follow(twoWidgets);
    const watch = await server.watch(1);
    await informer.stop();
    watch.send('ADDED', widget('c', 11));
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(changes).toHaveLength(2);
    const stuck = await follow((fresh) => {
      fresh.listAnswer = () => undefined;
    });
    await stuck.informer.stop();
    expect(await stuck.informer.synced).toBe(false);
  });
});

describe('against a server that fails in every way', () => {
  it('the reported changes always lead to the state of the server', async () => {
    const pick = (limit: number): number => Math.floor(Math.random() * limit);
    const log: { version: number; type: string; object: KubernetesObject }[] = [];
    const objects = new Map<string, KubernetesObject>();
    let version = 100;
    let oldest = 100;
    const mutate = (): void => {
      version += 1;
      const name = `w${pick(8)}`;
      const old = objects.get(name);
      if (old !== undefined && pick(3) === 0) {
        objects.delete(name);
        log.push({
          version,
          type: 'DELETED',
          object: { ...old, metadata: { ...old.metadata, resourceVersion: String(version) } },
        });
        return;
      }
      const object = widget(name, version, { uid: old?.metadata.uid ?? `uid-${version}` });
      objects.set(name, object);
      log.push({ version, type: old === undefined ? 'ADDED' : 'MODIFIED', object });
    };
    const lines = (from: number): Buffer =>
      Buffer.from(
        log
          .filter((entry) => entry.version > from)
          .map(({ type, object }) => `${JSON.stringify({ type, object })}\n`)
          .join(''),
      );
    let isCalm = false;
    const client: InformerOptions['client'] = {
      list: async (): Promise<KubernetesObjectList> => {
        if (!isCalm && pick(4) === 0) throw new KubeError(500, 'InternalError', 'no');
        const list = {
          apiVersion: 'v1',
          kind: 'WidgetList',
          resourceVersion: String(version),
          items: [...objects.values()],
        };
        for (let count = pick(3); !isCalm && count > 0; count -= 1) mutate();
        return list;
      },
      stream: async (path, request) => {
        const from = Number(new URLSearchParams(path.split('?')[1]).get('resourceVersion'));
        if (!isCalm && pick(8) === 0) throw new KubeError(0, 'Unreachable', 'no');
        if (from < oldest) throw new KubeError(410, 'Expired', 'too old');
        return (async function* () {
          const bytes = lines(from);
          const end = isCalm ? bytes.length : pick(bytes.length + 1);
          for (let at = 0; at < end; ) {
            const size = Math.min(end - at, 1 + pick(400));
            yield bytes.subarray(at, at + size);
            at += size;
          }
          if (!isCalm && pick(2) === 0) throw new KubeError(0, 'Unreachable', 'cut');
          if (isCalm) await new Promise((_, reject) => request?.signal?.addEventListener('abort', reject));
        })();
      },
    };
    const rebuilt = new Map<string, KubernetesObject>();
    const faults: string[] = [];
    const informer = startInformer({
      client,
      gvr,
      backoff: { initialMilliseconds: 0.5, maximumMilliseconds: 2 },
      onChange: (change) => {
        const name = change.object.metadata.name ?? '';
        const known = rebuilt.get(name);
        if (change.type === 'added' && known !== undefined) faults.push(`added twice: ${name}`);
        if (change.type === 'modified' && known !== change.previous)
          faults.push(`modified from another state: ${name}`);
        if (change.type === 'deleted' && known === undefined) faults.push(`deleted twice: ${name}`);
        if (change.type === 'deleted') rebuilt.delete(name);
        else rebuilt.set(name, change.object);
      },
    });
    for (let round = 0; round < 250; round += 1) {
      for (let count = pick(4); count > 0; count -= 1) mutate();
      if (pick(10) === 0) {
        oldest = version - pick(5);
        log.splice(0, log.length, ...log.filter((entry) => entry.version > oldest));
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    // What goes now can only be learned from a new list.
    for (const name of [...objects.keys()].slice(0, 4)) objects.delete(name);
    version += 4;
    oldest = version;
    log.length = 0;
    isCalm = true;
    const versions = (map: ReadonlyMap<string, KubernetesObject>) =>
      [...map].map(([name, { metadata }]) => `${name} ${metadata.uid} ${metadata.resourceVersion}`).sort();
    await vi.waitFor(() => expect(versions(rebuilt)).toEqual(versions(objects)), { timeout: 5000 });
    expect(informer.list().length).toBe(objects.size);
    expect(faults).toEqual([]);
    await informer.stop();
  });
});
