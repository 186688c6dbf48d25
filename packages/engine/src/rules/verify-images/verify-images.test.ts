import { describe, expect, it } from 'vitest';
import type { Fact } from '../../facts/fact.ts';
import type { FactRequest } from '../../facts/fact-request.ts';
import { factKey } from '../../facts/fact-table.ts';
import type { Json, JsonObject } from '../../kernel/json.ts';
import { A, B, imageOf, KEYS, pod, run, statuses, verified } from './verify-images.fixture.ts';

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

it('the name of an attestation stands for the newest of its type', () => {
  const message = 'there are findings';
  const deny = { conditions: { all: [{ key: '{{ scan.high }}', operator: 'GreaterThan', value: 0 }] } };
  const entry = { imageReferences: ['*'], attestations: [{ type: 't', name: 'scan' }], validate: { message, deny } };
  const set = { verifiedCount: 1, requiredCount: 1, entries: [] };
  const judged = (...found: readonly number[]) => {
    const statements = found.map((high) => ({ type: 't', predicate: { high } }));
    const answer = verified(A, { sets: [], attestations: [{ type: 't', name: 'scan', sets: [set], statements }] });
    return run({ entries: [entry], resource: pod('ghcr.io/a:1'), facts: () => answer }).outcomes[0]?.status;
  };
  expect([judged(3, 0), judged(0, 3)]).toEqual(['pass', 'fail']);
});

it('the data of cosign’s custom predicate are read', () => {
  const type = 'https://cosign.sigstore.dev/attestation/v1';
  const conditions = [{ all: [{ key: '{{ Data.level }}', operator: 'Equals', value: 'high' }] }];
  const set = { verifiedCount: 1, requiredCount: 1, entries: [] };
  const judged = (data: string) => {
    const statements = [{ type, predicate: { Data: data, Timestamp: '' } }];
    const answer = verified(A, { sets: [], attestations: [{ type, sets: [set], statements }] });
    const entry = { imageReferences: ['*'], attestations: [{ type, conditions }] };
    return run({ entries: [entry], resource: pod('ghcr.io/a:1'), facts: () => answer }).outcomes[0]?.status;
  };
  expect([judged('{"level":"high"}'), judged('{"level":"low"}'), judged('no JSON')]).toEqual(['pass', 'fail', 'fail']);
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

  it('pull secrets of other namespaces are not reached by a name with a slash', () => {
    const spec = {
      imagePullSecrets: [{ name: 'kube-system/pull' }, { name: '../kube-system/pull' }, { name: 'pull' }],
      containers: [{ name: 'c', image: 'ghcr.io/a:1' }],
    };
    const entry = { imageReferences: ['*'], ...KEYS, imageRegistryCredentials: { secrets: ['kube-system/pull'] } };
    const ran = run({ entries: [entry], resource: { ...pod('ghcr.io/a:1'), spec } });
    expect(ran.asked[0]).toMatchObject({ access: { secrets: ['default/pull'] } });
  });

  it('an image that cannot be read is an error of the rule', () => {
    const ran = run({ entries: [{ imageReferences: ['*'], ...KEYS }], resource: pod('UPPER/Case:1:2') });
    expect(ran.outcomes).toMatchObject([{ status: 'error', reason: 'image-reference' }]);
  });
});
