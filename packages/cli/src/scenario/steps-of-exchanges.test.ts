import type { ObservedExchange } from '@vouchsafe/sandbox';
import { describe, expect, it } from 'vitest';
import { stepsOfExchanges } from './steps-of-exchanges.ts';

const CONFIG_MAPS: ObservedExchange['resource'] = {
  group: '',
  version: 'v1',
  plural: 'configmaps',
  singular: 'configmap',
  kind: 'ConfigMap',
  isNamespaced: true,
  namespace: 'default',
  name: '',
  subresource: '',
};

function exchange(
  given: Partial<Omit<ObservedExchange, 'resource'>> & { resource?: Partial<ObservedExchange['resource']> },
): ObservedExchange {
  return {
    method: 'GET',
    url: '/x',
    userAgent: 'kubectl/v1',
    command: undefined,
    session: undefined,
    mediaType: '',
    object: undefined,
    patch: undefined,
    code: 200,
    warnings: [],
    answer: undefined,
    ...given,
    resource: { ...CONFIG_MAPS, ...given.resource },
  };
}

const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a', uid: 'u' }, status: {} };
const STDIN = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n';
const applied = JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } });
const patch = (content: unknown) => ({
  method: 'PATCH',
  mediaType: 'application/merge-patch+json',
  patch: JSON.stringify(content),
  resource: { name: 'a' },
});

describe('requests become steps', () => {
  it.each([
    [
      'a create',
      exchange({ method: 'POST', object, code: 201 }),
      ['create', '-f', '-'],
      STDIN,
      { stdout: ['created'] },
    ],
    [
      'an apply of something new, in another namespace',
      exchange({ method: 'POST', command: 'kubectl apply', object, code: 201, resource: { namespace: 'shop' } }),
      ['apply', '-n', 'shop', '-f', '-'],
      STDIN,
      { stdout: ['created'] },
    ],
    [
      'an apply of a change',
      exchange({
        ...patch({ metadata: { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': applied } } }),
        command: 'kubectl apply',
      }),
      ['apply', '-f', '-'],
      STDIN,
      { stdout: ['configured'] },
    ],
    [
      'a server-side apply',
      exchange({
        ...patch(object),
        mediaType: 'application/apply-patch+yaml',
        url: '/x?fieldManager=m&force=true',
      }),
      ['apply', '--server-side', '--force-conflicts', '--field-manager=m', '-f', '-'],
      STDIN,
      { stdout: ['serverside-applied'] },
    ],
    [
      'a patch',
      exchange(patch({ data: {} })),
      ['patch', 'configmaps', 'a', '--type=merge', '-p', '{"data":{}}'],
      undefined,
      { stdout: ['patched'] },
    ],
    [
      'a try of a delete by label',
      exchange({ method: 'DELETE', url: '/x?labelSelector=a%3Db&dryRun=All' }),
      ['delete', 'configmaps', '-l', 'a=b', '--dry-run=server'],
      undefined,
      { stdout: ['deleted'] },
    ],
    [
      'a replace with a warning',
      exchange({ method: 'PUT', object, resource: { name: 'a' }, warnings: ['299 - "say \\"hi\\""'] }),
      ['replace', '-f', '-'],
      STDIN,
      { stdout: ['replaced'], stderr: ['Warning: say "hi"'] },
    ],
    [
      'a refusal, without what is other the next time',
      exchange({
        method: 'POST',
        object,
        code: 400,
        answer: { reason: 'BadRequest', message: 'denied:\n\n  rule: no\n at 127.0.0.1:4711' },
      }),
      ['create', '-f', '-'],
      STDIN,
      { exit: 'fails', stderr: ['denied:', 'rule: no'] },
    ],
    [
      'an invalid object, which kubectl words itself',
      exchange({
        method: 'POST',
        object,
        code: 422,
        answer: { reason: 'Invalid', details: { causes: [{ field: 'data' }, { field: 'data' }] } },
      }),
      ['create', '-f', '-'],
      STDIN,
      { exit: 1, stderr: ['is invalid', 'data'] },
    ],
    [
      'a list, without names that controllers made up',
      exchange({
        resource: { namespace: '', group: 'apps', plural: 'deployments', singular: 'deployment' },
        url: '/x?limit=500&labelSelector=a',
        answer: {
          rows: [
            { object: { metadata: { name: 'web' } } },
            { object: { metadata: { name: 'web-x2', ownerReferences: [{}] } } },
          ],
        },
      }),
      ['get', 'deployments.apps', '-A', '-l', 'a', '-o', 'name'],
      undefined,
      { stdout: ['deployment.apps/web'] },
    ],
    [
      'something that is not there',
      exchange({
        resource: { name: 'a' },
        code: 404,
        answer: { reason: 'NotFound', message: 'configmaps "a" not found' },
      }),
      ['get', 'configmaps', 'a', '-o', 'name'],
      undefined,
      { exit: 'fails', stderr: ['configmaps "a" not found'] },
    ],
  ])('%s', (_, given, kubectl, stdin, expected) => {
    const { steps, notes } = stepsOfExchanges([given]);
    expect(notes).toEqual([]);
    expect(steps).toHaveLength(1);
    expect(steps[0]?.kubectl).toEqual(kubectl);
    expect(steps[0]?.stdin).toBe(stdin);
    expect(steps[0]?.expect).toEqual(expected);
  });

  it('the reads of a command that writes are means to its end', () => {
    const session = { session: 's', command: 'kubectl apply' };
    const { steps } = stepsOfExchanges([
      exchange({ ...session, resource: { name: 'a' }, code: 404 }),
      exchange({ ...session, method: 'POST', object, code: 201 }),
    ]);
    expect(steps.map(({ title }) => title)).toEqual(['configmap a is created']);
  });

  it('what takes a moment to come into force is waited for', () => {
    const resource = { group: 'kyverno.io', plural: 'clusterpolicies', singular: 'clusterpolicy', namespace: '' };
    const made = exchange({ method: 'POST', object, code: 201, resource });
    const refused = exchange({ method: 'POST', object, code: 400, resource });
    expect(stepsOfExchanges([made]).steps[1]?.kubectl).toEqual([
      'wait',
      'clusterpolicies.kyverno.io/a',
      '--for=condition=Ready',
      '--timeout=30s',
    ]);
    expect(stepsOfExchanges([refused]).steps).toHaveLength(1);
  });

  it('what cannot be given again is told once', () => {
    const binding = exchange({ method: 'POST', command: 'kubectl drain', resource: { subresource: 'eviction' } });
    const watch = exchange({ url: '/x?watch=true' });
    expect(stepsOfExchanges([binding, binding, watch])).toEqual({
      steps: [],
      notes: [
        'kubectl drain on configmaps/eviction cannot be given again and was left out',
        'watching configmaps was left out',
      ],
    });
  });
});
