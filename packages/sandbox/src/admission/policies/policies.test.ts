import { beforeEach, describe, expect, it } from 'vitest';
import type { Cluster } from '../../api/cluster.ts';
import { createObject } from '../../api/create-object.ts';
import { PLAIN_WRITE } from '../../api/request-options.ts';
import { StatusError } from '../../api/status-error.ts';
import { createTestCluster, testRequest } from '../../api/test-cluster.ts';
import type { JsonObject } from '../../store/json-value.ts';
import { bootstrapCluster } from '../../workloads/bootstrap-cluster.ts';
import { createAdmissionChain } from '../admission-chain.ts';
import { createServiceResolver } from '../service-resolver.ts';

let cluster: Cluster;
let warnings: string[];
beforeEach(() => {
  cluster = createTestCluster();
  cluster.admission = createAdmissionChain(cluster, createServiceResolver()).chain;
  bootstrapCluster(cluster, 'ca');
  warnings = [];
});

const CONFIG_MAPS: JsonObject = {
  resourceRules: [
    { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], scope: '*' },
  ],
};

function add(kind: 'validating' | 'mutating', name: string, spec: JsonObject, binding: JsonObject = {}): void {
  const put = (plural: string, object: JsonObject) =>
    cluster.store.create(`${kind}admission${plural}.admissionregistration.k8s.io`, '', name, {
      metadata: { name },
      ...object,
    });
  put('policies', { spec: { matchConstraints: CONFIG_MAPS, ...spec } });
  put('policybindings', { spec: { policyName: name, validationActions: ['Deny'], ...binding } });
}

async function create(data: JsonObject, name = 'a') {
  const request = testRequest(cluster, '/v1/configmaps', { warnings });
  try {
    const answer = await createObject(
      cluster,
      request,
      { kind: 'object', object: { metadata: { name }, data } },
      PLAIN_WRITE,
    );
    return { code: answer.code, message: '', object: answer.object };
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return { code: error.code, message: error.message, object: {} };
  }
}

describe('validating admission policies', () => {
  const denied = (text: string): string =>
    `configmaps "a" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'p' denied request: ${text}`;

  it.each([
    ['passes', { expression: 'object.data.a == "1"' }, 201, ''],
    [
      'fails with its expression',
      { expression: 'object.data.a == "2"' },
      422,
      denied('failed expression: object.data.a == "2"'),
    ],
    [
      'fails with its message and reason',
      { expression: 'false', message: 'no', reason: 'Forbidden' },
      403,
      denied('no'),
    ],
    ['makes its message', { expression: 'false', messageExpression: '"got " + object.data.a' }, 422, denied('got 1')],
    [
      'cannot be evaluated',
      { expression: 'object.data.z == "1"' },
      422,
      denied('expression \'object.data.z == "1"\' resulted in error: no such key: z'),
    ],
    ['uses a variable', { expression: 'variables.value == "1"' }, 201, ''],
    ['sees the namespace', { expression: 'namespaceObject.metadata.name == "default"' }, 201, ''],
    [
      'sees the request',
      { expression: 'request.operation == "CREATE" && request.userInfo.username == "kubernetes-admin"' },
      201,
      '',
    ],
  ])('%s', async (_name, validation, code, message) => {
    add('validating', 'p', { variables: [{ name: 'value', expression: 'object.data.a' }], validations: [validation] });
    expect(await create({ a: '1' })).toMatchObject({ code, message });
  });

  it('warn, ignore their own errors, and keep to their conditions, bindings and exclusions when told to', async () => {
    add(
      'validating',
      'warns',
      { validations: [{ expression: 'false', message: 'hm' }] },
      { validationActions: ['Warn'] },
    );
    add('validating', 'broken', { failurePolicy: 'Ignore', validations: [{ expression: 'object.data.z == "1"' }] });
    add('validating', 'conditional', {
      matchConditions: [{ name: 'c', expression: 'object.data.a == "2"' }],
      validations: [{ expression: 'false' }],
    });
    add(
      'validating',
      'elsewhere',
      { validations: [{ expression: 'false' }] },
      { matchResources: { namespaceSelector: { matchLabels: { no: 'no' } } } },
    );
    add('validating', 'excluded', {
      matchConstraints: { ...CONFIG_MAPS, excludeResourceRules: CONFIG_MAPS['resourceRules'] ?? [] },
      validations: [{ expression: 'false' }],
    });
    expect(await create({ a: '1' })).toMatchObject({ code: 201 });
    expect(warnings).toEqual(["Validation failed for ValidatingAdmissionPolicy 'warns' with binding 'warns': hm"]);
    expect((await create({ a: '2' })).message).toContain("ValidatingAdmissionPolicy 'conditional'");
  });

  it('take parameters, and deny or allow without them', async () => {
    cluster.store.create('configmaps', 'default', 'limits', { metadata: { name: 'limits' }, data: { most: '2' } });
    const spec = {
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      validations: [{ expression: 'int(object.data.a) <= int(params.data.most)' }],
    };
    add('validating', 'p', spec, { paramRef: { name: 'limits' } });
    expect((await create({ a: '2' })).code).toBe(201);
    expect((await create({ a: '3' }, 'b')).code).toBe(422);
    add('validating', 'q', spec, { paramRef: { name: 'missing', parameterNotFoundAction: 'Allow' } });
    expect((await create({ a: '1' }, 'c')).code).toBe(201);
    add('validating', 'r', spec, { paramRef: { name: 'missing' } });
    expect((await create({ a: '1' }, 'd')).message).toContain('no params found');
  });
});

describe('mutating admission policies', () => {
  const apply = (expression: string): JsonObject => ({
    patchType: 'ApplyConfiguration',
    applyConfiguration: { expression },
  });
  const patch = (expression: string): JsonObject => ({ patchType: 'JSONPatch', jsonPatch: { expression } });

  it('merge configurations, apply patches, in order and each on the result of the last', async () => {
    add('mutating', 'p', {
      mutations: [
        apply('Object{metadata: Object.metadata{labels: {"seen": "yes"}}}'),
        patch('[JSONPatch{op: "add", path: "/data/label", value: object.metadata.labels.seen}]'),
      ],
    });
    const { object } = await create({ a: '1' });
    expect(object).toMatchObject({ metadata: { labels: { seen: 'yes' } }, data: { a: '1', label: 'yes' } });
    expect(JSON.stringify(object['metadata'])).not.toContain('f:seen');
  });

  it('refuse what they cannot do, or leave it alone with failurePolicy Ignore', async () => {
    const broken = { mutations: [patch('[JSONPatch{op: "remove", path: "/data/none"}]')] };
    add('mutating', 'ignored', { ...broken, failurePolicy: 'Ignore' });
    expect((await create({ a: '1' })).code).toBe(201);
    add('mutating', 'strict', broken);
    expect((await create({ a: '1' }, 'b')).code).toBe(422);
  });
});
