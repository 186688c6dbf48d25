import { createEngine } from '@vouchsafe/engine';
import type { JsonObject } from '@vouchsafe/engine/kernel';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { NODE_HOST } from '../facts/node-host.ts';
import { createExceptionStore, type ExceptionStore, type IsNamed } from './exception-store.ts';
import { compiledById, createPolicyStore, type PolicySnapshot, type PolicyStoreOptions } from './policy-store.ts';

const engine = createEngine({ host: NODE_HOST });

function policy(
  name: string,
  part: { readonly spec?: JsonObject; readonly rule?: JsonObject; readonly metadata?: JsonObject } = {},
) {
  const match = { any: [{ resources: { kinds: ['Pod'] } }] };
  const validate = { failureAction: 'Enforce', message: 'm', pattern: { metadata: { name: '?*' } } };
  return {
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name, uid: name, generation: 1, resourceVersion: '1', ...part.metadata },
    spec: { rules: [{ name: 'r', match, validate, ...part.rule }], ...part.spec },
  };
}

const broken = (name: string) =>
  policy(name, { rule: { validate: { failureAction: 'Enforce', deny: {}, pattern: {} } } });

function createStore(options: Partial<PolicyStoreOptions> = {}) {
  return createPolicyStore({ engine, auditMutateDigest: 'warn', auditOnly: 'Ignore', ...options });
}

const namesIn = ({ policies }: { readonly policies: readonly { readonly ref: { readonly name: string } }[] }) =>
  policies.map(({ ref }) => ref.name);

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

describe('the policy store', () => {
  it('gathers changes: one new snapshot for many policies', () => {
    const store = createStore();
    const snapshots: PolicySnapshot[] = [];
    store.onChange((snapshot) => snapshots.push(snapshot));
    for (const name of ['b', 'c', 'a']) store.upsert(policy(name));
    expect(namesIn(store.snapshot.indexes.all)).toEqual([]);
    vi.advanceTimersByTime(20);
    expect(snapshots).toHaveLength(1);
    expect(namesIn(store.snapshot.indexes.all)).toEqual(['a', 'b', 'c']);
    vi.advanceTimersByTime(1000);
    expect(snapshots).toHaveLength(1);
  });

  it('flushes at once when asked, and only when something changed', () => {
    const store = createStore();
    let told = 0;
    const undo = store.onChange(() => {
      told += 1;
    });
    store.upsert(policy('a'));
    store.flush();
    store.flush();
    expect(told).toBe(1);
    undo();
    store.remove(policy('a'));
    store.flush();
    expect(told).toBe(1);
    expect(store.snapshot.policies).toEqual([]);
  });

  it('one bad policy does not stop the others', () => {
    const store = createStore();
    for (const document of [policy('a'), broken('b'), { ...policy('c'), spec: 'nonsense' }, policy('d')])
      store.upsert(document);
    store.flush();
    expect(namesIn(store.snapshot.indexes.all)).toEqual(['a', 'd']);
    expect(
      store.snapshot.policies.map(({ compiled, diagnostics }) => compiled !== undefined || diagnostics.length > 0),
    ).toEqual([true, true, true, true]);
  });

  it('compiles again only what says something new', () => {
    const changes: string[] = [];
    const store = createStore({ onPolicy: ({ ref }, change) => changes.push(`${ref.name} ${change}`) });
    store.upsert(policy('a'));
    store.upsert(policy('a', { metadata: { resourceVersion: '2' } }));
    store.upsert(policy('a', { metadata: { resourceVersion: '3', generation: 2 } }));
    store.upsert(policy('a', { metadata: { resourceVersion: '4', generation: 2, annotations: { a: 'b' } } }));
    store.upsert(policy('a', { metadata: { uid: 'another' } }));
    store.remove(policy('a'));
    store.remove(policy('a'));
    expect(changes).toEqual(['a created', 'a updated', 'a updated', 'a updated', 'a deleted']);
  });

  it('registers policies by what happens when we are away', () => {
    const store = createStore();
    store.upsert(policy('enforce'));
    store.upsert(policy('audit', { rule: { validate: { failureAction: 'Audit', message: 'm', pattern: {} } } }));
    store.upsert(policy('ignore', { spec: { failurePolicy: 'Ignore' } }));
    store.upsert(policy('background', { spec: { admission: false } }));
    store.flush();
    const { Fail, Ignore, all } = store.snapshot.indexes;
    expect([namesIn(Fail), namesIn(Ignore), namesIn(all)]).toEqual([
      ['enforce'],
      ['audit', 'ignore'],
      ['audit', 'background', 'enforce', 'ignore'],
    ]);
    const asKyverno = createStore({ auditOnly: 'Policy' });
    asKyverno.upsert(policy('audit', { rule: { validate: { failureAction: 'Audit', message: 'm', pattern: {} } } }));
    asKyverno.flush();
    expect(namesIn(asKyverno.snapshot.indexes.Fail)).toEqual(['audit']);
  });

  it('registers every policy Ignore when told to', () => {
    const store = createStore({ forceIgnore: true });
    store.upsert(policy('enforce'));
    store.flush();
    expect([namesIn(store.snapshot.indexes.Fail), namesIn(store.snapshot.indexes.Ignore)]).toEqual([[], ['enforce']]);
  });

  it('knows the kinds whose images are verified, wildcards and all', () => {
    const verifyImages = [
      {
        imageReferences: ['*'],
        failureAction: 'Enforce',
        attestors: [{ entries: [{ keys: { publicKeys: 'k8s://a/b' } }] }],
      },
    ];
    const store = createStore();
    expect(store.snapshot.verifiesImagesOf('Pod')).toBe(false);
    store.upsert(
      policy('v', {
        spec: { rules: [{ name: 'r', match: { any: [{ resources: { kinds: ['Pod'] } }] }, verifyImages }] },
      }),
    );
    store.flush();
    expect(['Pod', 'Deployment', 'ConfigMap'].map(store.snapshot.verifiesImagesOf)).toEqual([true, true, false]);
  });

  it('finds compiled policies by key, the map made once a snapshot', () => {
    const store = createStore();
    store.upsert(policy('a'));
    store.flush();
    expect([...compiledById(store.snapshot).keys()]).toEqual(['ClusterPolicy//a']);
    expect(compiledById(store.snapshot)).toBe(compiledById(store.snapshot));
  });
});

const refOf = (name: string) => ({ apiVersion: 'kyverno.io/v1', kind: 'ClusterPolicy', name });
const named = (isNamed: IsNamed | undefined) => ['a', 'b', 'c'].filter((name) => isNamed?.(refOf(name)));
const keysNaming = (store: ExceptionStore, name: string) => store.naming(refOf(name)).exceptions?.map(({ key }) => key);

describe('exceptions', () => {
  const exception = (name: string, policyName: string, spec: JsonObject = {}): JsonObject => ({
    apiVersion: 'kyverno.io/v2',
    kind: 'PolicyException',
    metadata: { name, namespace: 'team' },
    spec: {
      match: { any: [{ resources: { kinds: ['Pod'] } }] },
      exceptions: [{ policyName, ruleNames: ['*'] }],
      ...spec,
    },
  });

  it('name the policies to compile again, before and after a change', () => {
    const store = createExceptionStore({ onProblem: () => {} });
    expect(named(store.upsert(exception('e', 'a')))).toEqual(['a']);
    expect(store.upsert(exception('e', 'a'))).toBeUndefined();
    expect(named(store.upsert(exception('e', 'b')))).toEqual(['a', 'b']);
    expect(keysNaming(store, 'a')).toEqual([]);
    store.upsert(exception('d', 'b'));
    expect(keysNaming(store, 'b')).toEqual(['team/d', 'team/e']);
    expect(named(store.remove(exception('e', 'b')))).toEqual(['b']);
    expect(store.remove(exception('e', 'b'))).toBeUndefined();
  });

  it('that do not load excuse nothing, and are told', () => {
    const problems: string[] = [];
    const store = createExceptionStore({ onProblem: (key, [first]) => problems.push(`${key}: ${first?.path}`) });
    store.upsert(exception('e', 'a'));
    expect(named(store.upsert(exception('e', 'a', { exceptions: [{ policyName: '', ruleNames: ['*'] }] })))).toEqual([
      'a',
    ]);
    expect(keysNaming(store, 'a')).toEqual([]);
    expect(problems).toEqual(['team/e: spec.exceptions[0].policyName']);
  });

  it('recompile the policies they name and no others', () => {
    const exceptions = createExceptionStore({ onProblem: () => {} });
    const store = createStore({ linksOf: exceptions.naming });
    store.upsert(policy('a'));
    store.upsert(policy('b'));
    store.upsert(broken('c'));
    store.flush();
    const before = compiledById(store.snapshot);
    store.recompile(exceptions.upsert(exception('e', 'a')) ?? (() => false));
    store.recompile(({ name }) => ['c', 'nobody'].includes(name));
    store.flush();
    const after = compiledById(store.snapshot);
    expect(after.get('ClusterPolicy//a')).not.toBe(before.get('ClusterPolicy//a'));
    expect(after.get('ClusterPolicy//b')).toBe(before.get('ClusterPolicy//b'));
  });

  it('of policies in CEL name them by kind and name, whatever legacy policies are called', () => {
    const store = createExceptionStore({ onProblem: () => {} });
    const isNamed = store.upsert({
      apiVersion: 'policies.kyverno.io/v1',
      kind: 'PolicyException',
      metadata: { name: 'e', namespace: 'team' },
      spec: { policyRefs: [{ name: 'a', kind: 'ValidatingPolicy' }] },
    });
    expect(named(isNamed)).toEqual([]);
    const ref = { apiVersion: 'policies.kyverno.io/v1', kind: 'ValidatingPolicy', name: 'a' };
    expect(isNamed?.(ref)).toBe(true);
    expect(isNamed?.({ ...ref, kind: 'MutatingPolicy' })).toBe(false);
    expect(store.naming(ref).celExceptions?.map(({ key }) => key)).toEqual(['team/e']);
    expect(keysNaming(store, 'a')).toEqual([]);
  });
});
