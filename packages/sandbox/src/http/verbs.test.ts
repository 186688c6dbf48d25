import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ApiServer, startApiServer } from './start-api-server.ts';

let server: ApiServer;
let round = 0;
let gadgets = '';
beforeAll(async () => {
  server = await startApiServer({ insecure: true, controllers: false });
  await call('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    metadata: { name: 'gadgets.test.dev' },
    spec: {
      group: 'test.dev',
      scope: 'Namespaced',
      names: { plural: 'gadgets', kind: 'Gadget' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          subresources: { status: {}, scale: { specReplicasPath: '.spec.size', statusReplicasPath: '.status.size' } },
          schema: {
            openAPIV3Schema: {
              type: 'object',
              properties: {
                spec: {
                  type: 'object',
                  properties: { size: { type: 'integer', maximum: 9 }, color: { type: 'string', default: 'red' } },
                },
                status: { type: 'object', properties: { size: { type: 'integer' } } },
              },
            },
          },
        },
      ],
    },
  });
});
afterAll(() => server.stop());
beforeEach(async () => {
  round += 1;
  await call('POST', '/api/v1/namespaces', { metadata: { name: `ns${round}` } });
  gadgets = `/apis/test.dev/v1/namespaces/ns${round}/gadgets`;
});

interface Body {
  readonly metadata: {
    name: string;
    uid: string;
    generation: number;
    resourceVersion: string;
    labels?: object;
    managedFields: { manager: string }[];
    continue?: string;
    remainingItemCount?: number;
    finalizers?: string[];
  };
  readonly spec: Record<string, unknown>;
  readonly status: unknown;
  readonly items: Body[];
  readonly message?: string;
  readonly reason?: string;
  readonly kind: string;
  readonly rows: { cells: unknown[] }[];
}

async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const answer = await fetch(`${server.url}${path}`, {
    method,
    headers: { 'content-type': 'application/json', 'user-agent': 'tester/1', ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { code: answer.status, warning: answer.headers.get('warning'), body: (await answer.json()) as Body };
}

const patch = (path: string, body: unknown, type = 'merge-patch+json') =>
  call('PATCH', path, body, { 'content-type': `application/${type}` });
const gadget = (name: string, parts: object = {}) => ({
  apiVersion: 'test.dev/v1',
  kind: 'Gadget',
  metadata: { name, ...parts },
  spec: { size: 1 },
});

describe('create', () => {
  it('defaults, prunes with a warning, numbers the generation', async () => {
    const made = await call('POST', gadgets, { ...gadget('a'), spec: { size: 1, zzz: 1 } });
    expect(made).toMatchObject({
      code: 201,
      warning: '299 - "unknown field \\"spec.zzz\\""',
      body: { spec: { size: 1, color: 'red' }, metadata: { generation: 1 } },
    });
    expect(made.body.metadata.managedFields.map(({ manager }) => manager)).toEqual(['tester']);
  });

  it.each([
    ['an unknown field, strictly', '?fieldValidation=Strict', { spec: { size: 1, zzz: 1 } }, 400, 'BadRequest'],
    ['a value the schema forbids', '', { spec: { size: 10 } }, 422, 'Invalid'],
    ['an unknown option', '?dryRun=Some', {}, 422, 'Invalid'],
    ['another namespace', '', { metadata: { name: 'x', namespace: 'other' } }, 400, 'BadRequest'],
  ])('refuses %s', async (_name, query, parts, code, reason) => {
    expect(await call('POST', `${gadgets}${query}`, { ...gadget('x'), ...parts })).toMatchObject({
      code,
      body: { kind: 'Status', reason },
    });
  });

  it('tries without storing', async () => {
    const tried = await call('POST', `${gadgets}?dryRun=All`, gadget('a'));
    expect([tried.code, tried.body.metadata.resourceVersion]).toEqual([201, undefined]);
    expect((await call('GET', `${gadgets}/a`)).code).toBe(404);
  });

  it('makes names up', async () => {
    const made = await call('POST', gadgets, { ...gadget(''), metadata: { generateName: 'g-' } });
    expect(made.body.metadata.name).toMatch(/^g-[a-z0-9]{5}$/);
  });
});

describe('change', () => {
  it('counts what matters and writes nothing when nothing changes', async () => {
    const first = await call('POST', gadgets, gadget('a'));
    const same = await patch(`${gadgets}/a`, { spec: { size: 1 } });
    expect(same.body.metadata.resourceVersion).toBe(first.body.metadata.resourceVersion);
    const labelled = await patch(`${gadgets}/a`, { metadata: { labels: { a: 'b' } } });
    const resized = await patch(`${gadgets}/a`, { spec: { size: 2 } });
    expect([labelled.body.metadata.generation, resized.body.metadata.generation]).toEqual([1, 2]);
  });

  it('keeps status and spec apart', async () => {
    await call('POST', gadgets, { ...gadget('a'), status: { size: 5 } });
    const status = await patch(`${gadgets}/a/status`, { spec: { size: 7 }, status: { size: 3 } });
    expect(status.body).toMatchObject({ spec: { size: 1 }, status: { size: 3 } });
    const spec = await patch(`${gadgets}/a`, { spec: { size: 7 }, status: { size: 8 } });
    expect(spec.body).toMatchObject({ spec: { size: 7 }, status: { size: 3 } });
  });

  it('scales by the paths of the definition', async () => {
    await call('POST', gadgets, gadget('a'));
    const scaled = await patch(`${gadgets}/a/scale`, { spec: { replicas: 4 } });
    expect(scaled.body).toMatchObject({ kind: 'Scale', spec: { replicas: 4 } });
    expect((await call('GET', `${gadgets}/a`)).body.spec['size']).toBe(4);
    expect((await patch(`${gadgets}/a/scale`, { spec: { replicas: 40 } })).code).toBe(422);
  });

  it('refuses what is stale, unversioned or of another name', async () => {
    const { body } = await call('POST', gadgets, gadget('a'));
    await patch(`${gadgets}/a`, { spec: { size: 2 } });
    expect((await call('PUT', `${gadgets}/a`, body)).code).toBe(409);
    expect((await call('PUT', `${gadgets}/a`, gadget('a'))).body.message).toContain('must be specified for an update');
    expect((await call('PUT', `${gadgets}/a`, gadget('b'))).code).toBe(400);
    expect((await patch(`${gadgets}/a`, { spec: { size: 5 } }, 'strategic-merge-patch+json')).code).toBe(415);
  });

  it('loses none of many patches made at once', async () => {
    const path = `/api/v1/namespaces/ns${round}/configmaps`;
    await call('POST', path, { metadata: { name: 'c' } });
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_item, index) => patch(`${path}/c`, { data: { [`k${index}`]: 'v' } })),
    );
    expect(new Set(answers.map(({ code }) => code))).toEqual(new Set([200]));
    const { body } = await call('GET', `${path}/c`);
    expect(Object.keys((body as unknown as { data: object }).data).length).toBe(40);
  });

  it('applies by ownership', async () => {
    const apply = (manager: string, size: number, force = '') =>
      patch(`${gadgets}/a?fieldManager=${manager}${force}`, { ...gadget('a'), spec: { size } }, 'apply-patch+yaml');
    expect((await apply('one', 1)).code).toBe(201);
    const contested = await apply('two', 2);
    expect([contested.code, contested.body.message]).toEqual([
      409,
      'Apply failed with 1 conflict: conflict with "one": .spec.size',
    ]);
    expect((await apply('two', 2, '&force=true')).body.spec['size']).toBe(2);
  });
});

describe('delete', () => {
  it('waits for finalizers and answers the last state', async () => {
    await call('POST', gadgets, gadget('a', { finalizers: ['test.dev/x'] }));
    const marked = await call('DELETE', `${gadgets}/a`);
    expect(marked.body.metadata).toMatchObject({ generation: 2, finalizers: ['test.dev/x'] });
    expect((await patch(`${gadgets}/a`, { metadata: { finalizers: ['test.dev/x', 'test.dev/y'] } })).code).toBe(422);
    expect((await patch(`${gadgets}/a`, { metadata: { finalizers: null } })).code).toBe(200);
    expect((await call('GET', `${gadgets}/a`)).code).toBe(404);
  });

  it('asks for the right object', async () => {
    const { body } = await call('POST', gadgets, gadget('a'));
    expect((await call('DELETE', `${gadgets}/a`, { preconditions: { uid: 'other' } })).code).toBe(409);
    expect((await call('DELETE', `${gadgets}/a`, { preconditions: { uid: body.metadata.uid } })).body.status).toBe(
      'Success',
    );
  });

  it('takes a selection of a collection', async () => {
    for (const name of ['a', 'b', 'c'])
      await call('POST', gadgets, gadget(name, { labels: { keep: String(name === 'b') } }));
    await call('DELETE', `${gadgets}?labelSelector=keep%3Dfalse`);
    expect((await call('GET', gadgets)).body.items.map(({ metadata }) => metadata.name)).toEqual(['b']);
  });
});

describe('list', () => {
  it('pages through one state, whatever happens meanwhile', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await call('POST', gadgets, gadget(name));
    const names: string[] = [];
    let token = '';
    for (let page = 0; page < 3; page += 1) {
      const { body } = await call('GET', `${gadgets}?limit=2${token === '' ? '' : `&continue=${token}`}`);
      names.push(...body.items.map(({ metadata }) => metadata.name));
      token = body.metadata.continue ?? '';
      await call('DELETE', `${gadgets}/${names.at(-1)}`);
      await call('POST', gadgets, gadget(`b${page}`));
    }
    expect([names, token]).toEqual([['a', 'b', 'c', 'd', 'e'], '']);
  });

  it('has the forms clients ask for', async () => {
    await call('POST', gadgets, gadget('a'));
    const table = await call('GET', gadgets, undefined, { accept: 'application/json;as=Table;v=v1;g=meta.k8s.io' });
    expect([table.body.kind, table.body.rows.map(({ cells }) => cells[0])]).toEqual(['Table', ['a']]);
    const partial = await call('GET', `${gadgets}/a`, undefined, {
      accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
    });
    expect([partial.body.kind, partial.body.spec]).toEqual(['PartialObjectMetadata', undefined]);
    expect((await call('GET', gadgets, undefined, { accept: 'text/html' })).code).toBe(406);
  });

  it('shows one event in both of its views', async () => {
    const core = `/api/v1/namespaces/ns${round}/events`;
    await call('POST', core, {
      metadata: { name: 'e' },
      involvedObject: { kind: 'Pod', name: 'p' },
      message: 'hello',
      reason: 'Because',
      type: 'Normal',
    });
    const modern = await call('GET', `/apis/events.k8s.io/v1/namespaces/ns${round}/events/e`);
    expect(modern.body).toMatchObject({ kind: 'Event', note: 'hello', regarding: { kind: 'Pod', name: 'p' } });
    const found = await call('GET', `${core}?fieldSelector=involvedObject.name%3Dp,reason%3DBecause`);
    expect(found.body.items.length).toBe(1);
  });
});
