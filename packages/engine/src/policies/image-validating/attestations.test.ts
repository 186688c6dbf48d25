import { describe, expect, it } from 'vitest';
import type { Fact } from '../../facts/fact.ts';
import type { ImageVerificationRequest } from '../../facts/fact-request.ts';
import type { Json, JsonObject } from '../../kernel/json.ts';
import { requestOf } from '../../model/request.fixture.ts';
import {
  APP,
  CERTIFICATE,
  compilePolicy,
  createRegistry,
  DIGEST,
  imagePolicy,
  KEY,
  pod,
  type RegistryOptions,
  verdicts,
} from './image-validating.fixture.ts';

describe('attestations', () => {
  const spec: JsonObject = {
    attestations: [
      { name: 'scan', intoto: { type: 'https://acme.dev/scan' } },
      { name: 'sbom', referrer: { type: 'sbom/cyclone-dx' } },
    ],
    attestors: [
      { name: 'key', cosign: { key: { data: KEY } } },
      { name: 'notary', notary: { certs: { value: CERTIFICATE } } },
    ],
  };
  const statements = (type: string) => ({ type, predicateType: type, predicate: { bomFormat: 'CycloneDX', high: 0 } });
  const options: RegistryOptions = { statements: (request) => [statements(request.attestations[0]?.type ?? '')] };
  const verified = (name: string, attestor: string) =>
    `images.containers.all(i, verifyAttestationSignatures(i, attestations.${name}, [attestors.${attestor}]) > 0)`;
  const rows: [string, readonly string[], RegistryOptions, string][] = [
    [
      'an in-toto statement is handed out whole',
      [verified('scan', 'key'), 'images.containers.all(i, extractPayload(i, attestations.scan).predicate.high == 0)'],
      options,
      'signed pass success',
    ],
    [
      'an artifact is handed out itself',
      [verified('sbom', 'notary'), 'images.containers.all(i, extractPayload(i, "sbom").bomFormat == "CycloneDX")'],
      options,
      'signed pass success',
    ],
    [
      'what is not verified is not handed out',
      ['images.containers.all(i, extractPayload(i, "sbom").bomFormat == "CycloneDX")'],
      options,
      'evaluation error failed to evaluate policy: failed to get payload: the attestation was not verified before, or did not verify',
    ],
    [
      'what was refused is not handed out',
      [
        verified('scan', 'key').replace('> 0', '>= 0'),
        'images.containers.all(i, extractPayload(i, "scan").predicate.high == 0)',
      ],
      { ...options, signed: () => false },
      'evaluation error failed to evaluate policy: failed to get payload: the attestation was not verified before, or did not verify',
    ],
    [
      'an answer without a statement is no verification',
      [verified('scan', 'key')],
      { statements: () => [] },
      'signed fail CEL expression validation failed at index 0',
    ],
  ];
  it.each(rows)('%s', async (_name, expressions, given, wanted) => {
    const validations = expressions.map((expression) => ({ expression }));
    const compiled = compilePolicy(imagePolicy({ ...spec, validations }));
    expect(await verdicts(compiled, requestOf(pod(APP)), createRegistry(given))).toEqual([wanted]);
  });
});

it.each([
  ['cyclonedx', 'https://cyclonedx.org/bom'],
  ['slsaprovenance1', 'https://slsa.dev/provenance/v1'],
  ['vuln', 'https://cosign.sigstore.dev/attestation/vuln/v1'],
  ['https://acme.dev/scan', 'https://acme.dev/scan'],
])('the type %s is asked for as %s, and its statement handed out as it was signed', async (type, predicateType) => {
  const signed = { _type: 'https://in-toto.io/Statement/v1', predicateType, predicate: { Data: '{"high":0}' } };
  const expressions = [
    'images.containers.all(i, verifyAttestationSignatures(i, attestations.scan, [attestors.key]) > 0)',
    'images.containers.all(i, extractPayload(i, attestations.scan).predicate.Data.contains("high"))',
    'images.containers.all(i, !has(extractPayload(i, attestations.scan).type))',
  ];
  const validations = expressions.map((expression) => ({ expression }));
  const compiled = compilePolicy(imagePolicy({ attestations: [{ name: 'scan', intoto: { type } }], validations }));
  const statements: RegistryOptions['statements'] = ({ attestations }) =>
    attestations[0]?.type === predicateType ? [{ ...signed, type: predicateType }] : [];
  expect(await verdicts(compiled, requestOf(pod(APP)), createRegistry({ statements }))).toEqual([
    'signed pass success',
  ]);
});

describe('several attestations of one type', () => {
  const spec: JsonObject = {
    attestations: [{ name: 'scan', intoto: { type: 'https://acme.dev/scan' } }],
    attestors: [
      { name: 'one', cosign: { key: { data: KEY } } },
      { name: 'two', cosign: { key: { data: KEY.replace('AAAA', 'BBBB') } } },
    ],
  };
  const verified = 'images.containers.all(i, verifyAttestationSignatures(i, attestations.scan, [ATTESTORS]) > 0)';
  const clean = 'images.containers.all(i, extractPayload(i, attestations.scan).predicate.high == 0)';
  const answer = (high: number, newestAt: number): Fact<Json> => ({
    ok: true,
    value: {
      digest: DIGEST,
      verified: true,
      sets: [],
      attestations: [
        {
          type: 'https://acme.dev/scan',
          sets: [{ verifiedCount: 1, requiredCount: 1, entries: [{ path: '', verified: true, failures: [] }] }],
          statements: [{ type: 'https://acme.dev/scan', predicate: { high } }],
          newestAt,
        },
      ],
      fromCache: false,
    },
  });
  const away: Fact<Json> = { ok: false, class: 'permanent', message: 'more than 100 referrers' };
  const isOfFirst = ({ attestations }: ImageVerificationRequest) => JSON.stringify(attestations).includes('AAAA');

  it.each<[string, string, (request: ImageVerificationRequest) => Fact<Json>, string]>([
    [
      'an old one in one format does not stand in for a newer one in another',
      'attestors.one',
      ({ type }) => (type === 'Cosign' ? answer(3, 2000) : answer(0, 1000)),
      'signed fail CEL expression validation failed at index 1',
    ],
    [
      'nor the other way round',
      'attestors.one',
      ({ type }) => (type === 'Cosign' ? answer(3, 1000) : answer(0, 2000)),
      'signed pass success',
    ],
    [
      'of several attestors the newest counts, in whatever order they are named',
      'attestors.two, attestors.one',
      (request) => (isOfFirst(request) ? answer(0, 1000) : answer(3, 2000)),
      'signed fail CEL expression validation failed at index 1',
    ],
    [
      'a format that is filled up so that nobody can look at it hides no newer one',
      'attestors.one',
      ({ type }) => (type === 'Cosign' ? answer(0, 1000) : away),
      'evaluation error failed to evaluate policy: failed to get imagedata: more than 100 referrers',
    ],
    [
      'a format that may not be looked at is none',
      'attestors.one',
      ({ type }) => (type === 'Cosign' ? answer(0, 1000) : { ...away, class: 'denied' }),
      'signed pass success',
    ],
  ])('%s', async (_name, attestors, answers, wanted) => {
    const validations = [verified.replace('ATTESTORS', attestors), clean].map((expression) => ({ expression }));
    const compiled = compilePolicy(imagePolicy({ ...spec, validations }));
    const registry = createRegistry({
      answer: (request) => (request.kind === 'image-verification' ? answers(request) : undefined),
    });
    expect(await verdicts(compiled, requestOf(pod(APP)), registry)).toEqual([wanted]);
  });

  it('all identities of an attestor are looked at', async () => {
    const asked: ImageVerificationRequest[] = [];
    const identities = [
      { subject: 'a', issuer: 'i' },
      { subject: 'b', issuer: 'i' },
    ];
    const attestors = [{ name: 'one', cosign: { keyless: { identities } } }];
    const compiled = compilePolicy(
      imagePolicy({
        ...spec,
        attestors,
        validations: [{ expression: verified.replace('ATTESTORS', 'attestors.one') }],
      }),
    );
    await verdicts(compiled, requestOf(pod(APP)), createRegistry({ signed: (request) => asked.push(request) > 0 }));
    expect(asked[0]?.attestations[0]?.attestors[0]?.entries[0]?.attestor).toMatchObject({
      count: 1,
      isExhaustive: true,
    });
  });
});
