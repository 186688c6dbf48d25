import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../kernel/json.ts';
import { requestOf } from '../../model/request.fixture.ts';
import {
  APP,
  CERTIFICATE,
  compilePolicy,
  createRegistry,
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
