import { createEngine } from '@vouchsafe/engine';
import type { Json, JsonObject } from '@vouchsafe/engine/kernel';
import { describe, expect, it } from 'vitest';
import { NODE_HOST } from '../facts/node-host.ts';
import { type PolicyValidationOptions, validateException, validatePolicy } from './policy-validation.ts';
import type { AdmissionRequest } from './review.ts';

const engine = createEngine({ host: NODE_HOST });
const BROKEN = '-----BEGIN PUBLIC KEY-----\nnonsense\n-----END PUBLIC KEY-----';

function submitted(object: JsonObject | undefined, part: Partial<AdmissionRequest> = {}): AdmissionRequest {
  return {
    uid: '1',
    operation: 'CREATE',
    subresource: '',
    namespace: '',
    username: 'u',
    groups: [],
    object,
    oldObject: undefined,
    document: {},
    ...part,
  };
}

function policyWith(rule: JsonObject, metadata: JsonObject = {}): JsonObject {
  const match = { any: [{ resources: { kinds: ['Pod'] } }] };
  return {
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name: 'p', ...metadata },
    spec: { rules: [{ name: 'r', match, ...rule }] },
  };
}

function verifying(entry: JsonObject): JsonObject {
  return policyWith({ verifyImages: [{ imageReferences: ['ghcr.io/acme/*'], failureAction: 'Enforce', ...entry }] });
}

const answerTo = (object: JsonObject, part: Partial<AdmissionRequest> = {}) =>
  validatePolicy(submitted(object, part), { engine, auditMutateDigest: 'warn' });

describe('a policy as it is submitted', () => {
  it('is accepted when it compiles', async () => {
    const answer = await answerTo(
      policyWith({ validate: { failureAction: 'Enforce', pattern: { metadata: { name: '?*' } } } }),
    );
    expect(answer.allowed).toBe(true);
    expect(answer.warnings?.join()).toContain('deprecated');
  });

  it('and enforced as a whole is told which of its rules go on auditing', async () => {
    const policy = (action: string, own: string): JsonObject => {
      const { spec, ...rest } = verifying({ failureAction: own, mutateDigest: false });
      return { ...rest, spec: { ...(spec as JsonObject), validationFailureAction: action } };
    };
    const told = async (action: string, own: string) =>
      (await answerTo(policy(action, own))).warnings?.filter((text) => text.includes('stays in force'));
    expect(await told('Enforce', 'Audit')).toEqual([
      'spec.rules[0].verifyImages[0].failureAction: Audit stays in force for this rule, whatever spec.validationFailureAction says',
    ]);
    expect(await told('enforce', 'audit')).toHaveLength(1);
    expect(await told('Enforce', 'Enforce')).toEqual([]);
    expect(await told('Audit', 'Audit')).toEqual([]);
  });

  it('that names images and nobody who signs them is told so', async () => {
    const told = async (entry: JsonObject) =>
      (await answerTo(verifying(entry))).warnings?.some((text) => text.includes('without attestors'));
    expect(await told({})).toBe(true);
    expect(await told({ attestors: [], attestations: [] })).toBe(true);
    const { warnings } = await answerTo(verifying({ required: false }));
    expect(warnings?.join()).toContain('no signature is asked for');
    const keyless = { issuer: 'https://issuer.example', subject: 's', rekor: { url: 'https://rekor.example' } };
    expect(await told({ attestors: [{ entries: [{ keyless }] }] })).toBe(false);
    expect(await told({ attestations: [{ type: 'https://slsa.dev/provenance/v1' }] })).toBe(false);
  });

  it('is told of what the cluster around it makes of it, when it is accepted', async () => {
    const warningsFor: NonNullable<PolicyValidationOptions['warningsFor']> = ({ ref }) => [`of ${ref.name}`];
    const told = async (object: JsonObject) =>
      (await validatePolicy(submitted(object), { engine, auditMutateDigest: 'warn', warningsFor })).warnings;
    expect(await told(policyWith({ validate: { deny: {} } }))).toContain('of p');
    expect(await told(policyWith({}))).not.toContain('of p');
  });

  it('with an expression that cannot be read is refused once, with the form that can', async () => {
    const preconditions = {
      all: [{ key: '{{ request.object.metadata.labels.a.b/c }}', operator: 'NotEquals', value: 'true' }],
    };
    const { allowed, message = '' } = await answerTo(
      policyWith({ preconditions, validate: { message: 'm', deny: {} } }),
    );
    expect(allowed).toBe(false);
    expect(message).toContain(`request.object.metadata.labels."a.b/c" || ''`);
    expect(message.split('is no JMESPath expression')).toHaveLength(2);
  });

  const set = (attestor: Json): JsonObject => ({ attestors: [{ entries: [attestor] }] });
  const place = 'spec.rules[0].verifyImages[0]';
  it.each<[string, JsonObject, string]>([
    ['a key', set({ keys: { publicKeys: BROKEN } }), `${place}.attestors[0].entries[0].keys.publicKeys: `],
    [
      'a log’s key',
      set({ keys: { publicKeys: 'k8s://a/b', rekor: { url: 'https://r', pubkey: BROKEN } } }),
      `${place}.attestors[0].entries[0].keys.rekor.pubkey: `,
    ],
    ['a certificate', set({ certificates: { cert: 'x' } }), `${place}.attestors[0].entries[0].certificates.cert: `],
    [
      'roots',
      set({ keyless: { subject: 's', issuer: 'i', roots: 'x', rekor: { url: 'https://r' } } }),
      `${place}.attestors[0].entries[0].keyless.roots: `,
    ],
    [
      'an expression',
      set({ keyless: { issuerRegExp: '(open', subjectRegExp: '.*', rekor: { url: 'https://r' } } }),
      `${place}.attestors[0].entries[0].keyless.issuerRegExp: `,
    ],
    [
      'the key of an attestation',
      { attestations: [{ type: 't', attestors: [{ entries: [{ keys: { publicKeys: BROKEN } }] }] }] },
      `${place}.attestations[0].attestors[0].entries[0].keys.publicKeys: `,
    ],
    ['a deprecated key', { key: BROKEN }, `${place}.key: `],
    ['a deprecated key of an attestation', { key: BROKEN, attestations: [{ type: 't' }] }, `${place}.key: `],
  ])('is refused for %s that cannot be read, with its path', async (_, entry, start) => {
    const answer = await answerTo(verifying(entry));
    expect(answer.allowed).toBe(false);
    expect(answer.message?.split('\n').filter((line) => line.startsWith(start))).toHaveLength(1);
  });

  it('is accepted with variables and references where keys belong', async () => {
    const fields = [
      { keys: { publicKeys: '{{ keys.data.k }}' } },
      { keys: { publicKeys: 'k8s://a/b' } },
      { keys: { kms: 'awskms:///x' } },
    ];
    for (const attestor of fields) {
      const document = verifying({ attestors: [{ entries: [attestor] }] });
      const spec = document['spec'] as { rules: JsonObject[] };
      spec.rules[0] = { ...spec.rules[0], context: [{ name: 'keys', configMap: { name: 'keys', namespace: 'team' } }] };
      expect(await answerTo(document)).toMatchObject({ allowed: true });
    }
  });

  const control = { controlName: 'Capabilities', images: ['*'], restrictedField: 'f' };
  it.each<[string, JsonObject, string]>([
    [
      'Pod Security',
      { validate: { podSecurity: { level: 'baseline', exclude: [control] } } },
      'spec.rules[0].podSecurity.exclude[0].values: values is required',
    ],
    [
      'generated objects',
      { generate: { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'n', data: {} } },
      'spec.rules[0].name: name can not be empty',
    ],
    ['others', { validate: { anyPattern: {} } }, 'spec.rules[0].validate.anyPattern: failed to deserialize'],
  ])('names places as Kyverno does: %s', async (_, rule, text) => {
    const { allowed, message } = await answerTo(policyWith(rule));
    expect([allowed, message]).toEqual([false, expect.stringContaining(text)]);
  });

  it('is told all its problems, a bounded number of them', async () => {
    const entry = { keys: { publicKeys: BROKEN } };
    const answer = await answerTo(verifying({ attestors: [{ entries: Array.from({ length: 30 }, () => entry) }] }));
    const lines = answer.message?.split('\n') ?? [];
    expect(lines).toHaveLength(21);
    expect(lines.at(-1)).toBe('and 10 more');
  });

  it('and changed is judged beside what it was, however else it is submitted', async () => {
    const generate = { kind: 'ConfigMap', apiVersion: 'v1', name: 'c', namespace: 'n', synchronize: true, data: {} };
    const oldObject = policyWith({ generate });
    const told = (object: JsonObject, operation: 'CREATE' | 'UPDATE') => answerTo(object, { operation, oldObject });
    const renamed = policyWith({ name: 'other', generate });
    expect(await told(renamed, 'UPDATE')).toMatchObject({
      allowed: false,
      message: 'changes of immutable fields of a rule spec in a generate rule is disallowed',
    });
    expect(await told(renamed, 'CREATE')).toMatchObject({ allowed: true });
    const { allowed, warnings } = await told(policyWith({ generate: { ...generate, name: 'd' } }), 'UPDATE');
    expect([allowed, warnings?.join()]).toEqual([true, expect.stringContaining('stale targets')]);
  });

  it('may always go away', async () => {
    const broken = policyWith({ validate: {} });
    expect((await answerTo(broken)).allowed).toBe(false);
    expect(await answerTo(broken, { operation: 'DELETE' })).toEqual({ allowed: true });
    const leaving = policyWith({ validate: {} }, { deletionTimestamp: '2026-01-01T00:00:00Z' });
    expect(await answerTo(leaving, { operation: 'UPDATE' })).toEqual({ allowed: true });
    expect(await answerTo(broken, { operation: 'UPDATE', subresource: 'status' })).toEqual({ allowed: true });
  });

  it('may pin digests in Audit unless that is switched off', async () => {
    const audit = verifying({ failureAction: 'Audit', ...set({ keys: { publicKeys: 'k8s://a/b' } }) });
    const allowed = async (auditMutateDigest: 'warn' | 'refuse') =>
      (await validatePolicy(submitted(audit), { engine, auditMutateDigest })).allowed;
    expect(await allowed('warn')).toBe(true);
    expect(await allowed('refuse')).toBe(false);
  });
});

describe('a PolicyException as it is submitted', () => {
  const exception = (spec: JsonObject = {}): JsonObject => ({
    apiVersion: 'kyverno.io/v2',
    kind: 'PolicyException',
    metadata: { name: 'e', namespace: 'team' },
    spec: {
      match: { any: [{ resources: { kinds: ['Pod'] } }] },
      exceptions: [{ policyName: 'p', ruleNames: ['r'] }],
      ...spec,
    },
  });
  const answer = (object: JsonObject, isEnabled: boolean, namespace: string) =>
    validateException(submitted(object, { namespace: 'team' }), { isEnabled, namespace });

  it.each<[string, boolean, string, RegExp | undefined]>([
    ['switched off', false, '', /would not be processed until it is enabled/],
    ['without a namespace', true, '', /exceptionNamespace flag is not set/],
    ['of another namespace', true, 'kyverno', /must match the defined namespace/],
    ['of its namespace', true, 'team', undefined],
    ['of any namespace', true, '*', undefined],
  ])('warns when exceptions are %s', (_, isEnabled, namespace, warning) => {
    const given = answer(exception(), isEnabled, namespace);
    expect(given.allowed).toBe(true);
    const [first] = (given.warnings ?? []).filter((text) => !text.includes('deprecated'));
    if (warning) expect(first).toMatch(warning);
    else expect(first).toBeUndefined();
  });

  it('is refused without a policy name and with user info in the background', () => {
    const unnamed = exception({ exceptions: [{ policyName: '', ruleNames: ['r'] }] });
    expect(answer(unnamed, true, '*')).toMatchObject({ allowed: false });
    const subjects = exception({
      match: { any: [{ resources: { kinds: ['Pod'] }, subjects: [{ kind: 'User', name: 'u' }] }] },
    });
    expect(answer(subjects, true, '*').message).toContain('Usage of user info is forbidden');
  });
});
