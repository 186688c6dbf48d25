import { describe, expect, it } from 'vitest';
import { decide } from '../../evaluate/decide.ts';
import { FactTable } from '../../facts/fact-table.ts';
import type { JsonObject } from '../../kernel/json.ts';
import { requestOf } from '../../model/request.fixture.ts';
import { celException } from '../policies.fixture.ts';
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
  validation,
  verdicts,
} from './image-validating.fixture.ts';

const WEB = `ghcr.io/acme/web@${DIGEST}`;

const UNSIGNED: RegistryOptions = { signed: () => false };
const ONE_UNSIGNED: RegistryOptions = { signed: (_request, reference) => !reference.includes('/web@') };
const LENIENT: JsonObject = { validationConfigurations: { verifyDigest: false, required: false, mutateDigest: false } };
const AWAY: RegistryOptions = { answer: () => ({ ok: false, class: 'transient', message: 'registry away' }) };

describe('verdicts', () => {
  const rows: [string, JsonObject, readonly string[], RegistryOptions, readonly string[]][] = [
    ['signed', {}, [APP], {}, ['signed pass success']],
    ['unsigned', {}, [APP], UNSIGNED, ['signed fail unsigned']],
    ['one of two unsigned', {}, [APP, WEB], ONE_UNSIGNED, ['signed fail unsigned']],
    ['a tag alone', {}, ['ghcr.io/acme/app:1'], {}, ['signed fail image ghcr.io/acme/app:1 does not have a digest']],
    [
      'a tag alone where that is allowed',
      { validationConfigurations: { verifyDigest: false } },
      ['ghcr.io/acme/app:1'],
      {},
      ['signed pass success'],
    ],
    [
      'a default message',
      validation('images.containers.all(i, verifyImageSignatures(i, [attestors.key]) > 0)'),
      [APP],
      UNSIGNED,
      ['signed fail CEL expression validation failed at index 0'],
    ],
    [
      'a registry that is away',
      {},
      [APP],
      AWAY,
      ['evaluation error failed to evaluate policy: failed to get imagedata: registry away'],
    ],
    [
      'an error is no pass by absorption',
      validation('images.containers.all(i, verifyImageSignatures(i, [attestors.key]) > 0) || true'),
      [APP],
      AWAY,
      [`signed fail image ${APP} failed signature or attestation verification`],
    ],
    [
      'required, but nothing was verified',
      validation('true'),
      [APP],
      {},
      [`signed fail image ${APP} is not verified: no policy performed a signature or attestation check on it`],
    ],
    [
      'required, and verification was in vain',
      validation('images.containers.all(i, verifyImageSignatures(i, [attestors.key]) >= 0)'),
      [APP],
      UNSIGNED,
      [`signed fail image ${APP} failed signature or attestation verification`],
    ],
    ['not required', { ...LENIENT, ...validation('true') }, ['nginx'], {}, ['signed pass success']],
    [
      'images not selected are not verified',
      { matchImageReferences: [{ glob: 'quay.io/*' }] },
      [APP],
      UNSIGNED,
      ['signed pass success'],
    ],
    [
      'lists are there though all images are filtered',
      {
        matchImageReferences: [{ expression: 'ref.startsWith("quay.io/")' }],
        ...validation('images.containers == [] && images.initContainers.size() == 0'),
      },
      [APP],
      {},
      ['signed pass success'],
    ],
    [
      'an image the policy is not about counts nothing',
      {
        matchImageReferences: [{ glob: 'quay.io/*' }],
        ...validation(`verifyImageSignatures("${APP}", [attestors.key]) == 0`),
      },
      [APP],
      {},
      ['signed pass success'],
    ],
    [
      'an expression about references that fails',
      { matchImageReferences: [{ expression: 'image(ref).registry() == "" || ref.split("!")[1] == "x"' }] },
      [APP],
      {},
      ['evaluation error failed to evaluate policy: index out of bounds: 1'],
    ],
    [
      'variables',
      {
        variables: [{ name: 'ok', expression: 'images.containers.map(i, verifyImageSignatures(i, [attestors.key]))' }],
        ...validation('variables.ok == [1]'),
      },
      [APP],
      {},
      ['signed pass success'],
    ],
    [
      'attestors count one by one',
      {
        attestors: [
          { name: 'a', cosign: { key: { data: KEY } } },
          { name: 'n', notary: { certs: { value: CERTIFICATE } } },
        ],
        ...validation('images.containers.all(i, verifyImageSignatures(i, [attestors.a, attestors["n"]]) == 1)'),
      },
      [APP],
      { signed: ({ type }) => type === 'Notary' },
      ['signed pass success'],
    ],
    ['cosign of either format', {}, [APP], { signed: ({ type }) => type === 'Cosign' }, ['signed pass success']],
    [
      'one format cannot be known, the other holds',
      {},
      [APP],
      {
        answer: (request) =>
          request.kind === 'image-verification' && request.type === 'Cosign'
            ? { ok: false, class: 'timed-out', message: 'late' }
            : undefined,
      },
      ['signed pass success'],
    ],
    [
      'one format cannot be known, the other does not hold',
      {},
      [APP],
      {
        signed: () => false,
        answer: (request) =>
          request.kind === 'image-verification' && request.type === 'Cosign'
            ? { ok: false, class: 'timed-out', message: 'late' }
            : undefined,
      },
      ['evaluation error failed to evaluate policy: failed to get imagedata: late'],
    ],
    [
      'an extractor of the policy',
      {
        images: [{ name: 'labelled', expression: '[object.metadata.name + "@sha256:" + "a".replace("a", "x")]' }],
        ...LENIENT,
        ...validation('images.labelled == ["web@sha256:x"] && "containers" in images'),
      },
      [APP],
      {},
      ['signed pass success'],
    ],
    [
      'an extractor that gives no texts',
      { images: [{ name: 'x', expression: 'dyn([1])' }] },
      [APP],
      {},
      ['evaluation error failed to evaluate policy: failed to extract images `x`: an element is no string'],
    ],
    ['conditions that do not hold', { matchConditions: [{ name: 'c', expression: 'false' }] }, [APP], UNSIGNED, []],
    [
      'conditions that fail',
      { matchConditions: [{ name: 'c', expression: 'object.a == 1' }] },
      [APP],
      {},
      ['evaluation error failed to evaluate policy: no such key: a'],
    ],
    [
      'conditions that fail under Ignore',
      { failurePolicy: 'Ignore', matchConditions: [{ name: 'c', expression: 'object.a == 1' }] },
      [APP],
      UNSIGNED,
      [],
    ],
    [
      'an attestation nobody declared',
      validation(`verifyAttestationSignatures("${APP}", "sbom", [attestors.key]) > 0`),
      [APP],
      {},
      ['evaluation error failed to evaluate policy: attestation not found in policy: sbom'],
    ],
    [
      'a Notary attestor for an in-toto attestation',
      {
        attestors: [{ name: 'n', notary: { certs: { value: CERTIFICATE } } }],
        attestations: [{ name: 'slsa', intoto: { type: 'https://slsa.dev/provenance/v1' } }],
        ...validation(`verifyAttestationSignatures("${APP}", attestations.slsa, [attestors.n]) > 0`),
      },
      [APP],
      {},
      ['evaluation error failed to evaluate policy: notary verifier only supports oci 1.1 referrers as attestations'],
    ],
  ];
  it.each(rows)('%s', async (_name, spec, images, options, wanted) => {
    expect(
      await verdicts(compilePolicy(imagePolicy(spec)), requestOf(pod(...images)), createRegistry(options)),
    ).toEqual(wanted);
  });
});

describe('what the registry is asked', () => {
  it('all images and attestors of a validation at once', async () => {
    const registry = createRegistry();
    const images = Array.from({ length: 8 }, (_, index) => `ghcr.io/acme/app${index}@${DIGEST}`);
    await verdicts(compilePolicy(imagePolicy()), requestOf(pod(...images)), registry);
    expect(registry.batches.map((batch) => batch.length)).toEqual([16]);
  });

  it('tags first, and then by the digest they had', async () => {
    const registry = createRegistry();
    const spec = { validationConfigurations: { verifyDigest: false } };
    await verdicts(compilePolicy(imagePolicy(spec)), requestOf(pod('nginx', 'ghcr.io/acme/app:1')), registry);
    expect(
      registry.batches.map((batch) => batch.map((request) => 'reference' in request && request.reference)),
    ).toEqual([
      ['docker.io/nginx:latest', 'ghcr.io/acme/app:1'],
      [
        `docker.io/nginx@${DIGEST}`,
        `docker.io/nginx@${DIGEST}`,
        `ghcr.io/acme/app@${DIGEST}`,
        `ghcr.io/acme/app@${DIGEST}`,
      ],
    ]);
  });

  it('one image in eight containers is one question', async () => {
    const registry = createRegistry();
    await verdicts(compilePolicy(imagePolicy()), requestOf(pod(...new Array<string>(8).fill(APP))), registry);
    expect(registry.batches.flat()).toHaveLength(2);
  });

  it('nothing when no image is selected', async () => {
    const registry = createRegistry();
    const spec = { matchImageReferences: [{ glob: 'quay.io/*' }] };
    await verdicts(compilePolicy(imagePolicy(spec)), requestOf(pod(APP)), registry);
    expect(registry.batches).toEqual([]);
  });
});

describe('exceptions', () => {
  const rows: [string, JsonObject, JsonObject, readonly string[]][] = [
    ['exempt', {}, {}, ['exception skip rule is skipped due to policy exception: ns/e']],
    [
      'are skips whatever they ask for',
      {},
      { reportResult: 'pass' },
      ['exception skip rule is skipped due to policy exception: ns/e'],
    ],
    ['come after match conditions', { matchConditions: [{ name: 'c', expression: 'false' }] }, {}, []],
    ['that are partial exempt nothing', {}, { images: ['*'] }, ['signed fail unsigned']],
  ];
  it.each(rows)('%s', async (_name, spec, written, wanted) => {
    const compiled = compilePolicy(imagePolicy(spec), [celException('ImageValidatingPolicy', 'signed', written)]);
    expect(await verdicts(compiled, requestOf(pod(APP)), createRegistry(UNSIGNED))).toEqual(wanted);
  });
});

describe('autogen and other kinds', () => {
  const spec = { template: { spec: { containers: [{ name: 'c', image: APP }] } } };
  it.each([
    ['apps', 'Deployment', 'deployments', spec, ['signed fail unsigned']],
    ['batch', 'CronJob', 'cronjobs', { jobTemplate: { spec } }, ['signed fail unsigned']],
    ['', 'Service', 'services', {}, []],
  ])('%s %s', async (group, kind, plural, objectSpec, wanted) => {
    const resource = { kind, metadata: { name: 'web', namespace: 'default' }, spec: objectSpec };
    const request = requestOf(resource, { kind: { group, version: 'v1', kind }, plural });
    expect(await verdicts(compilePolicy(imagePolicy()), request, createRegistry(UNSIGNED))).toEqual(wanted);
  });

  it('a Pod that goes away is judged by what it was', async () => {
    const request = requestOf(pod(APP), { operation: 'DELETE', resource: undefined, oldResource: pod(APP) });
    expect(await verdicts(compilePolicy(imagePolicy()), request)).toEqual(['signed pass success']);
  });

  it('payloads are judged by policies about payloads, by their own images', async () => {
    const compiled = compilePolicy(
      imagePolicy({
        evaluation: { mode: 'JSON' },
        images: [{ name: 'foo', expression: '[object.foo]' }],
        ...validation('images.foo.all(i, verifyImageSignatures(i, [attestors.key]) > 0)', { message: 'unsigned' }),
      }),
    );
    const request = requestOf({ foo: APP }, { payload: true, kind: { group: '', version: '', kind: '' } });
    expect(await verdicts(compiled, request)).toEqual(['signed pass success']);
    expect(await verdicts(compiled, request, createRegistry(UNSIGNED))).toEqual(['signed fail unsigned']);
    expect(await verdicts(compiled, requestOf(pod(APP)))).toEqual([]);
    expect(await verdicts(compilePolicy(imagePolicy()), request)).toEqual([]);
  });
});

describe('what is told', () => {
  it('an explanation names the evidence and what each part of an expression came to', async () => {
    const { compiled } = compilePolicy(imagePolicy());
    const options = { phase: 'validate', trace: true } as const;
    const [decision] = await decide(compiled ? [compiled] : [], requestOf(pod(APP)), createRegistry(UNSIGNED), options);
    expect(decision?.trace?.map(({ rule, step, outcome }) => `${rule} ${step} ${outcome}`)).toContain(
      'signed evidence no',
    );
    const details = decision?.trace?.map(({ detail }) => detail) ?? [];
    expect(details).toContain(`${APP} is not verified by key: no signatures found`);
    expect(details.some((detail) => detail.startsWith('verifyImageSignatures(i, [attestors.key]) → 0'))).toBe(true);
    expect(decision?.results[0]?.reason).toBe('unsigned');
  });

  it('a bypass asks nothing', async () => {
    const { compiled } = compilePolicy(imagePolicy());
    const registry = createRegistry();
    const rule = compiled?.rules[0];
    const facts = new FactTable();
    for (const phase of ['verify-images', 'validate'] as const) {
      const request = requestOf(pod('ghcr.io/acme/app:1'));
      const outcome = rule?.evaluate({ request, resource: pod(), phase, facts, trace: undefined, bypassed: 'by a' });
      expect(outcome?.results.map(({ status, message }) => [status, message])).toEqual([['skip', 'by a']]);
    }
    expect(registry.batches).toEqual([]);
  });

  it.each([
    ['orValue of what is no optional', 'object.metadata.name.orValue("a") == "web"', 'no such overload'],
    ['orValue of an optional', 'object.?spec.?x.orValue(1) == 1 && images.containers.size() == 1', ''],
  ])('unlike in other kinds: %s', async (_name, expression, problem) => {
    const [told0 = ''] = await verdicts(
      compilePolicy(imagePolicy({ ...LENIENT, ...validation(expression) })),
      requestOf(pod(APP)),
    );
    if (problem === '') expect(told0).toBe('signed pass success');
    else expect(told0).toContain(problem);
  });
});
