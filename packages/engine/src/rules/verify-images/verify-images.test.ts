import { describe, expect, it } from 'vitest';
import type { Fact } from '../../facts/fact.ts';
import type { FactRequest } from '../../facts/fact-request.ts';
import { FactTable, factKey, Need } from '../../facts/fact-table.ts';
import { EvaluationError } from '../../kernel/evaluation-error.ts';
import type { Json, JsonObject } from '../../kernel/json.ts';
import { createScope } from '../../lang/variables/create-scope.ts';
import type { Phase } from '../../model/compiled-policy.ts';
import { toLegacyPolicy } from '../../model/policy-document.ts';
import type { EvaluationRequest } from '../../model/request.ts';
import type { RuleBodyOutcome } from '../rule-kind.ts';
import { verifyImageRules } from './verify-images.ts';

const HOST = { hash: () => '', decodeCertificate: () => new EvaluationError('none'), random: () => 0 };
const A = `sha256:${'a'.repeat(64)}`;
const B = `sha256:${'b'.repeat(64)}`;
const KEYS: JsonObject = { attestors: [{ entries: [{ keys: { publicKeys: 'KEY' } }] }] };

interface Run {
  readonly entries: readonly JsonObject[];
  readonly resource: JsonObject;
  readonly old?: JsonObject;
  /** Whether the rule was about the old object; true unless told. */
  readonly matchedBefore?: boolean;
  readonly subresource?: string;
  readonly facts?: (request: FactRequest) => Fact<Json> | undefined;
  readonly phase?: Phase;
  readonly extractors?: JsonObject;
}

interface Ran {
  readonly outcomes: readonly RuleBodyOutcome[];
  readonly asked: readonly FactRequest[];
}

function run({
  entries,
  resource,
  old,
  matchedBefore = true,
  subresource = '',
  facts,
  phase = 'verify-images',
  extractors,
}: Run): Ran {
  const rule: JsonObject = {
    name: 'r',
    match: { any: [{ resources: { kinds: ['Pod'] } }] },
    verifyImages: entries,
    ...(extractors ? { imageExtractors: extractors } : {}),
  };
  const document = {
    apiVersion: 'kyverno.io/v1',
    kind: 'ClusterPolicy',
    metadata: { name: 'p' },
    spec: { rules: [rule] },
  };
  const policy = toLegacyPolicy(document, () => undefined);
  const [compiled] = policy.spec.rules;
  if (!compiled) throw new Error('no rule');
  const body = verifyImageRules.compile({ policy, rule: compiled, host: HOST, report: () => {} });
  const kind = String(resource['kind'] ?? 'Pod');
  const request: EvaluationRequest = {
    operation: old ? 'UPDATE' : 'CREATE',
    kind: { group: '', version: 'v1', kind },
    subresource,
    namespace: 'default',
    name: 'web',
    resource,
    oldResource: old,
    admission: undefined,
    user: undefined,
    roles: [],
    clusterRoles: [],
    namespaceLabels: {},
    dryRun: false,
    now: 0,
  };
  const table = new FactTable();
  const asked: FactRequest[] = [];
  for (let round = 0; round < 5; round += 1) {
    const input = { request, resource, phase, facts: table, trace: undefined };
    const applies = body.applies?.(input) ?? true;
    if (applies === false) return { outcomes: [], asked };
    if (applies !== true) return { outcomes: [applies], asked };
    try {
      const scope = createScope(input, { host: HOST });
      const outcome = body.evaluate({ input, scope, action: 'Enforce', matchesOldObject: () => matchedBefore });
      return {
        outcomes: outcome === undefined ? [] : Array.isArray(outcome) ? outcome : [outcome as RuleBodyOutcome],
        asked,
      };
    } catch (error) {
      if (!(error instanceof Need)) throw error;
      for (const need of table.takeNeeds()) {
        asked.push(need);
        table.add(need, facts?.(need) ?? { ok: false, class: 'unavailable', message: 'nobody answers' });
      }
    }
  }
  throw new Error('too many rounds');
}

function pod(...images: readonly string[]): JsonObject {
  const containers = images.map((image, at) => ({ name: `c${at}`, image }));
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' }, spec: { containers } };
}

function verified(digest: string, change: Partial<Record<string, Json>> = {}): Fact<Json> {
  const set = {
    verifiedCount: 1,
    requiredCount: 1,
    entries: [{ path: '.attestors[0].entries[0].keys', verified: true, failures: [] }],
  };
  return { ok: true, value: { digest, verified: true, sets: [set], attestations: [], fromCache: false, ...change } };
}

function statuses({ outcomes }: Ran): readonly string[] {
  return outcomes.map(({ status, reason }) => (reason ? `${status} ${reason}` : status));
}

function imageOf(resource: JsonObject | undefined): unknown {
  const spec = resource?.['spec'] as { containers?: readonly { image?: string }[] } | undefined;
  return spec?.containers?.map(({ image }) => image);
}

describe('an image never passes in doubt', () => {
  it.each<[string, Fact<Json>, string]>([
    ['the answer is about another digest', verified(B), 'error invalid-answer'],
    ['the answer covers fewer attestors', verified(A, { sets: [] }), 'error invalid-answer'],
    ['the answer names no digest', verified('latest'), 'error invalid-answer'],
    ['all attestors hold, yet it says no', verified(A, { verified: false }), 'fail invalid-answer'],
    ['a set asks for none', verified(A, { sets: [{ verifiedCount: 0, requiredCount: 0, entries: [] }] }), 'fail'],
    [
      'it says yes, yet a set does not hold',
      verified(A, { sets: [{ verifiedCount: 0, requiredCount: 1, entries: [] }] }),
      'fail',
    ],
    [
      'the registry cannot be reached',
      { ok: false, class: 'transient', message: 'down' },
      'error registry-unreachable',
    ],
    ['time is up', { ok: false, class: 'timed-out', message: 'late' }, 'error timed-out'],
    ['nobody answers', { ok: false, class: 'unavailable', message: 'none' }, 'error unavailable'],
    ['access is denied', { ok: false, class: 'denied', message: '403' }, 'fail registry-denied'],
    ['there is no such image', { ok: false, class: 'not-found', message: '404' }, 'fail not-found'],
  ])('%s', (_name, fact, expected) => {
    const ran = run({
      entries: [{ imageReferences: ['*'], ...KEYS }],
      resource: pod(`ghcr.io/a@${A}`),
      facts: () => fact,
    });
    expect(statuses(ran)).toEqual([expected]);
    const checked = run({
      entries: [{ imageReferences: ['*'], ...KEYS }],
      resource: pod(`ghcr.io/a@${A}`),
      facts: () => fact,
      phase: 'validate',
    });
    expect(checked.outcomes[0]?.status).not.toBe('pass');
  });

  it('a pass needs a plain yes', () => {
    const ran = run({
      entries: [{ imageReferences: ['*'], ...KEYS }],
      resource: pod(`ghcr.io/a@${A}`),
      facts: () => verified(A),
    });
    expect(statuses(ran)).toEqual(['pass']);
  });

  it('a tag that moves between two answers is no pass, and is pinned to the first', () => {
    const other: JsonObject = { attestors: [{ entries: [{ keys: { publicKeys: 'OTHER' } }] }] };
    const entries = [
      { imageReferences: ['*'], ...KEYS },
      { imageReferences: ['*'], ...other },
    ];
    const facts = (request: FactRequest) => verified(factKey(request).includes('OTHER') ? B : A);
    const ran = run({ entries, resource: pod('ghcr.io/a:1'), facts });
    expect(statuses(ran)).toEqual(['pass', 'error tag-moved']);
    expect(imageOf(ran.outcomes[0]?.resource)).toEqual([`ghcr.io/a:1@${A}`]);
  });

  it('an attestation without a type, or that nobody signed, or whose conditions do not hold', () => {
    const attestation = (given: JsonObject): JsonObject => ({ imageReferences: ['*'], attestations: [{ ...given }] });
    const holding = { verifiedCount: 1, requiredCount: 1, entries: [] };
    const answer = (sets: Json, statements: Json) => () =>
      verified(A, { sets: [], attestations: [{ type: 't', sets, statements }] });
    const conditions = [{ all: [{ key: '{{ level }}', operator: 'Equals', value: 'high' }] }];
    const resource = pod('ghcr.io/a:1');
    const runs = [
      run({ entries: [attestation({})], resource }),
      run({ entries: [attestation({ type: 't' })], resource, facts: answer([{ ...holding, verifiedCount: 0 }], []) }),
      run({ entries: [attestation({ type: 't' })], resource, facts: answer([holding], []) }),
      run({ entries: [attestation({ type: 't' })], resource, facts: answer([], [{ type: 't', predicate: {} }]) }),
      run({
        entries: [attestation({ type: 't' })],
        resource,
        facts: answer([holding], [{ type: 'other', predicate: {} }]),
      }),
      run({
        entries: [attestation({ type: 't', conditions })],
        resource,
        facts: answer([holding], [{ type: 't', predicate: 'high' }]),
      }),
      run({
        entries: [attestation({ type: 't', conditions })],
        resource,
        facts: answer(
          [holding],
          [
            { type: 't', predicate: { level: 'high' } },
            { type: 't', predicate: { level: 'low' } },
          ],
        ),
      }),
    ];
    expect(runs.map((ran) => ran.outcomes[0]?.status)).toEqual(Array.from(runs, () => 'fail'));
    const good = run({
      entries: [attestation({ type: 't', conditions })],
      resource,
      facts: answer([holding], [{ type: 't', predicate: { level: 'high' } }]),
    });
    expect(statuses(good)).toEqual(['pass']);
  });
});

describe('what is asked', () => {
  it('all images of all entries in one pass, each image once', () => {
    const entries = [{ imageReferences: ['ghcr.io/*'], ...KEYS }];
    const ran = run({ entries, resource: pod('ghcr.io/a:1', 'ghcr.io/b:1', 'ghcr.io/a:1', 'nginx') });
    expect(ran.asked.map((request) => ('reference' in request ? request.reference : ''))).toEqual([
      'ghcr.io/a:1',
      'ghcr.io/b:1',
    ]);
    expect(ran.outcomes).toHaveLength(3);
  });

  it('nothing of a rule without matching images, nor on DELETE', () => {
    expect(run({ entries: [{ imageReferences: ['nginx:*'], ...KEYS }], resource: pod('nginx:1') })).toEqual({
      outcomes: [],
      asked: [],
    });
  });

  it('secrets by name: those of the entry, and the pull secrets of the object with its namespace', () => {
    const entry = {
      imageReferences: ['*'],
      ...KEYS,
      imageRegistryCredentials: { secrets: ['regcred'], providers: ['github'] },
    };
    const resource = {
      ...pod('ghcr.io/a:1'),
      spec: { imagePullSecrets: [{ name: 'pull' }], containers: [{ name: 'c', image: 'ghcr.io/a:1' }] },
    };
    expect(run({ entries: [entry], resource }).asked[0]).toMatchObject({
      access: { allowInsecure: false, providers: ['github'], secrets: ['regcred', 'default/pull'] },
    });
  });

  it('an image that cannot be read is an error of the rule', () => {
    const ran = run({ entries: [{ imageReferences: ['*'], ...KEYS }], resource: pod('UPPER/Case:1:2') });
    expect(ran.outcomes).toMatchObject([{ status: 'error', reason: 'image-reference' }]);
  });
});

describe('digests', () => {
  it('without attestors an image is only pinned', () => {
    const entries = [{ imageReferences: ['*'], required: false }];
    const ran = run({ entries, resource: pod('ghcr.io/a:1'), facts: () => ({ ok: true, value: A }) });
    expect(ran.outcomes).toMatchObject([{ status: 'pass', message: 'mutated image digest' }]);
    expect(imageOf(ran.outcomes[0]?.resource)).toEqual([`ghcr.io/a:1@${A}`]);
    expect(ran.outcomes[0]?.effects?.some(({ kind }) => kind === 'annotate')).toBe(false);
  });

  it('an image that did not verify is not pinned', () => {
    const ran = run({
      entries: [{ imageReferences: ['*'], ...KEYS }],
      resource: pod('ghcr.io/a:1'),
      facts: () => verified(A, { verified: false }),
    });
    expect(ran.outcomes[0]?.resource).toBeUndefined();
  });

  it('goes to the field it was read from, though a key holds a slash', () => {
    const resource: JsonObject = {
      kind: 'Task',
      spec: { 'a/b': { image: 'ghcr.io/a:1' }, a: { b: { image: 'untouched' } } },
    };
    const ran = run({
      entries: [{ imageReferences: ['*'], ...KEYS }],
      resource,
      extractors: { Task: [{ path: '/spec/*/image' }] },
      facts: () => verified(A),
    });
    expect(ran.outcomes[0]?.effects?.at(-1)).toEqual({
      kind: 'patch',
      operations: [{ op: 'replace', path: '/spec/a~1b/image', value: `ghcr.io/a:1@${A}` }],
    });
    expect(ran.outcomes[0]?.resource?.['spec']).toEqual({
      'a/b': { image: `ghcr.io/a:1@${A}` },
      a: { b: { image: 'untouched' } },
    });
  });

  it('validate asks for a digest before it asks anybody', () => {
    const ran = run({
      entries: [{ imageReferences: ['*'], ...KEYS }],
      resource: pod('ghcr.io/a:1'),
      phase: 'validate',
    });
    expect(ran.outcomes).toEqual([
      { status: 'fail', message: 'missing digest for ghcr.io/a:1', reason: 'missing-digest' },
    ]);
    expect(ran.asked).toEqual([]);
  });
});

describe('skipImageReferences', () => {
  const entries = [{ imageReferences: ['*'], skipImageReferences: ['*:dev'], ...KEYS }];
  const tagIs = (digest: string) => (request: FactRequest) =>
    request.kind === 'image-digest' ? ({ ok: true, value: digest } as const) : undefined;

  it('exempts a pinned image whose tag stands for its digest', () => {
    const ran = run({ entries, resource: pod(`ghcr.io/a:dev@${A}`), facts: tagIs(A), phase: 'validate' });
    expect(statuses(ran)).toEqual(['skip']);
  });

  it('does not exempt another digest behind an exempted tag', () => {
    const ran = run({ entries, resource: pod(`ghcr.io/a:dev@${B}`), facts: tagIs(A), phase: 'validate' });
    expect(ran.outcomes[0]?.status).toBe('error');
  });

  it('exempts what the object had before, even when the tag has moved on', () => {
    const resource = pod(`ghcr.io/a:dev@${B}`);
    const ran = run({ entries, resource, old: resource, facts: tagIs(A) });
    expect(statuses(ran)).toEqual(['skip']);
  });
});

describe('an update that changes no image', () => {
  const entries = [{ imageReferences: ['ghcr.io/*'], ...KEYS }];
  const pinned = `ghcr.io/a:1@${A}`;
  const away = (): Fact<Json> => ({ ok: false, class: 'transient', message: 'down' });
  const late = (): Fact<Json> => ({ ok: false, class: 'timed-out', message: 'late' });
  const other = `ghcr.io/b:1@${B}`;

  it.each<[string, Omit<Run, 'entries' | 'resource'> & { readonly resource?: JsonObject }, string]>([
    ['the registry is away', { old: pod(pinned), facts: away }, 'skip registry-unreachable'],
    ['time is up', { old: pod(pinned), facts: late }, 'skip timed-out'],
    [
      'an image of others changes',
      { resource: pod(pinned, 'nginx:2'), old: pod(pinned, 'nginx:1'), facts: away },
      'skip registry-unreachable',
    ],
    ['on CREATE', { facts: away }, 'error registry-unreachable'],
    ['the image is another one', { old: pod(`ghcr.io/a:1@${B}`), facts: away }, 'error registry-unreachable'],
    ['the tag was not pinned', { old: pod('ghcr.io/a:1'), facts: away }, 'error registry-unreachable'],
    [
      'another image changes',
      { resource: pod(pinned, other), old: pod(pinned, 'ghcr.io/b:1'), facts: away },
      'error registry-unreachable',
    ],
    [
      'a container comes',
      { resource: pod(pinned, pinned), old: pod(pinned), facts: away },
      'error registry-unreachable',
    ],
    [
      'the rule was not about it before',
      { old: pod(pinned), matchedBefore: false, facts: away },
      'error registry-unreachable',
    ],
    [
      'a subresource is written',
      { old: pod(pinned), subresource: 'ephemeralcontainers', facts: away },
      'error registry-unreachable',
    ],
    [
      'the failure is definite',
      { old: pod(pinned), facts: () => ({ ok: false, class: 'denied', message: '403' }) },
      'fail registry-denied',
    ],
    [
      'nobody signed it',
      { old: pod(pinned), facts: () => verified(A, { sets: [{ verifiedCount: 0, requiredCount: 1, entries: [] }] }) },
      'fail',
    ],
    ['the answer is about another digest', { old: pod(pinned), facts: () => verified(B) }, 'error invalid-answer'],
    ['nobody answers', { old: pod(pinned) }, 'error unavailable'],
  ])('%s', (_, part, expected) => {
    const asked: Run = { entries, resource: pod(pinned), ...part };
    expect(statuses(run(asked))[0]).toBe(expected);
    expect(statuses(run({ ...asked, phase: 'validate' }))[0]?.split(' ')[0]).toBe(expected.split(' ')[0]);
  });

  it('says so, and claims no verification', () => {
    const [outcome] = run({ entries, resource: pod(pinned), old: pod(pinned), facts: away }).outcomes;
    expect(outcome?.message).toBe(
      `image ghcr.io/a@${A} was not verified again, as this update changes no image: failed to verify image ghcr.io/a@${A}: down (registry-unreachable)`,
    );
    expect(outcome?.images).toMatchObject([{ status: 'skip' }]);
  });

  it('a definite failure of one image stays one beside another in doubt', () => {
    const facts = (request: FactRequest) =>
      factKey(request).includes('ghcr.io/b') ? away() : verified(A, { verified: false });
    const both = pod(pinned, other);
    expect(statuses(run({ entries, resource: both, old: both, facts })).map((text) => text.split(' ')[0])).toEqual([
      'fail',
      'skip',
    ]);
    expect(statuses(run({ entries, resource: both, old: both, facts, phase: 'validate' }))[0]).toMatch(/^fail/);
  });
});
