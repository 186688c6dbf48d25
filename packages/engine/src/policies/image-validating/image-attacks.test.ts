import { describe, expect, it } from 'vitest';
import { decide } from '../../evaluate/decide.ts';
import { evaluate } from '../../evaluate/evaluate.ts';
import type { FactRequest, ImageVerificationRequest } from '../../facts/fact-request.ts';
import { FactTable } from '../../facts/fact-table.ts';
import type { JsonObject } from '../../kernel/json.ts';
import type { CompiledPolicy } from '../../model/compiled-policy.ts';
import { requestOf } from '../../model/request.fixture.ts';
import type { EvaluationRequest } from '../../model/request.ts';
import {
  APP,
  compilePolicy,
  createRegistry,
  DIGEST,
  imagePolicy,
  KEY,
  OTHER_DIGEST,
  pod,
  type RegistryOptions,
} from './image-validating.fixture.ts';

const GOOD = `ghcr.io/acme/good@${DIGEST}`;
const TAGS: JsonObject = { validationConfigurations: { verifyDigest: false } };
const onlyGood: RegistryOptions = { signed: (_request, reference) => reference === GOOD };

function compiled(document: JsonObject): CompiledPolicy {
  const { compiled: policy, diagnostics } = compilePolicy(document);
  if (!policy) throw new Error(JSON.stringify(diagnostics));
  return policy;
}

async function judged(
  documents: readonly JsonObject[],
  request: EvaluationRequest,
  options: RegistryOptions = {},
): Promise<readonly string[]> {
  const decisions = await decide(documents.map(compiled), request, createRegistry(options), { phase: 'validate' });
  return decisions.flatMap(({ policy, results }) =>
    results.map(({ status, message }) => `${policy.namespace ?? ''}/${policy.name} ${status} ${message}`),
  );
}

function validation(...expressions: readonly string[]): JsonObject {
  return { validations: expressions.map((expression) => ({ expression })) };
}

describe('answers that alternate', () => {
  it('a tag that moves between two looks is about one digest', async () => {
    const asked: string[] = [];
    const options: RegistryOptions = {
      digest: (_reference, count) => (count % 2 === 1 ? DIGEST : OTHER_DIGEST),
      signed: (request) => {
        asked.push(request.reference);
        return request.reference.endsWith(DIGEST);
      },
    };
    const spec = {
      ...TAGS,
      ...validation(
        'images.containers.all(i, verifyImageSignatures(i, [attestors.key]) > 0)',
        'images.containers.all(i, verifyImageSignatures(i, [attestors.key]) > 0)',
      ),
    };
    expect(await judged([imagePolicy(spec)], requestOf(pod('ghcr.io/acme/app:1')), options)).toEqual([
      '/signed pass success',
    ]);
    expect(new Set(asked)).toEqual(new Set([`ghcr.io/acme/app@${DIGEST}`]));
  });

  it('an answer about another digest than the one asked about is an error', async () => {
    const options: RegistryOptions = {
      answer: (request) =>
        request.kind === 'image-verification'
          ? { ok: true, value: { digest: OTHER_DIGEST, verified: true, sets: [], attestations: [], fromCache: false } }
          : undefined,
    };
    expect(await judged([imagePolicy()], requestOf(pod(APP)), options)).toEqual([
      `/signed error failed to evaluate policy: failed to get imagedata: the answer is about another digest, ${OTHER_DIGEST}`,
    ]);
  });

  it('`verified` without a set that holds is no verification', async () => {
    const set = { verifiedCount: 0, requiredCount: 0, entries: [] };
    const options: RegistryOptions = {
      answer: ({ kind }) =>
        kind === 'image-verification'
          ? { ok: true, value: { digest: DIGEST, verified: true, sets: [set], attestations: [], fromCache: false } }
          : undefined,
    };
    const [told] = await judged([imagePolicy()], requestOf(pod(APP)), options);
    expect(told).toMatch(/^\/signed fail/);
  });

  it('data of another digest than the one verified is an error', async () => {
    const data = { image: 'x', resolvedImage: `ghcr.io/acme/app@${OTHER_DIGEST}`, configData: { user: 'nobody' } };
    const options: RegistryOptions = {
      answer: ({ kind }) => (kind === 'image-data' ? { ok: true, value: data } : undefined),
    };
    for (const read of ['image.GetMetadata(i)', 'getImageData(i)']) {
      for (const order of ['verify && data', 'data && verify']) {
        const expression = order
          .replace('verify', 'verifyImageSignatures(i, [attestors.key]) > 0')
          .replace('data', `${read}.config.user == "nobody"`);
        const spec = { ...TAGS, ...validation(`images.containers.all(i, ${expression})`) };
        const [told] = await judged([imagePolicy(spec)], requestOf(pod('ghcr.io/acme/app:1')), options);
        // Whichever comes first decides the digest, and nothing else is asked about another.
        if (order.startsWith('data')) expect(told).toBe('/signed pass success');
        else expect(told).toContain('moved while it was looked at');
      }
    }
  });

  it('policies that saw a tag as different digests require in vain', async () => {
    const options: RegistryOptions = {
      answer: (request: FactRequest) =>
        request.kind === 'image-digest'
          ? { ok: true, value: request.access.allowInsecure ? OTHER_DIGEST : DIGEST }
          : undefined,
    };
    const other = imagePolicy({ ...TAGS, credentials: { allowInsecureRegistry: true } }, { name: 'other' });
    const told = await judged([imagePolicy(TAGS), other], requestOf(pod('ghcr.io/acme/app:1')), options);
    expect(told.every((line) => line.includes('its tag moved meanwhile'))).toBe(true);
  });
});

describe('who is verified', () => {
  it('an expression that verifies another image leaves the selected one unverified', async () => {
    const spec = validation(`verifyImageSignatures("${GOOD}", [attestors.key]) > 0`);
    expect(await judged([imagePolicy(spec)], requestOf(pod(APP)), onlyGood)).toEqual([
      `/signed fail image ${APP} is not verified: no policy performed a signature or attestation check on it`,
    ]);
  });

  it.each([
    ['docker.io/*', 'nginx'],
    ['docker.io/library/*', 'nginx'],
    ['docker.io/*', 'index.docker.io/library/nginx'],
    ['docker.io/*', 'registry-1.docker.io/library/nginx:1'],
    ['ghcr.io/acme/*', 'GHCR.io/acme/app:1'],
    ['ghcr.io/acme/*', 'ghcr.io:443/acme/app:1'],
    ['ghcr.io/acme/*', `Ghcr.Io:443/acme/app:1@${DIGEST}`],
    ['ghcr.io/acme/app:latest', 'ghcr.io/acme/app'],
  ])('no other name of an image passes by a policy about %s: %s', async (glob, image) => {
    const spec = { ...TAGS, matchImageReferences: [{ glob }] };
    const [told] = await judged([imagePolicy(spec)], requestOf(pod(image)), { signed: () => false });
    expect(told).toMatch(/^\/signed fail/);
  });

  it.each([
    ['ghcr.io/acme/*', 'ghcr.io:5000/acme/app:1'],
    ['ghcr.io/acme/*', 'ghcr.io.evil.test/acme/app:1'],
    ['docker.io/library/*', 'docker.io/acme/nginx'],
  ])('%s is not about %s', async (glob, image) => {
    const spec = { ...TAGS, matchImageReferences: [{ glob }] };
    const [told] = await judged([imagePolicy(spec)], requestOf(pod(image)), { signed: () => false });
    expect(told).toBe('/signed pass success');
  });

  it.each(['[]', 'object.spec.containers.filter(c, c.image.startsWith("ghcr.io/acme/good")).map(c, c.image)'])(
    'an extractor named like a built-in one hides nothing from `required`: %s',
    async (expression) => {
      const spec = { images: [{ name: 'containers', expression }] };
      expect(await judged([imagePolicy(spec)], requestOf(pod(GOOD, APP)), onlyGood)).toEqual([
        expect.stringMatching(/^\/signed fail image ghcr\.io\/acme\/(app|good)@/),
      ]);
    },
  );

  it('nor a tag from `verifyDigest`', async () => {
    const spec = { images: [{ name: 'containers', expression: '[]' }] };
    expect(await judged([imagePolicy(spec)], requestOf(pod('ghcr.io/acme/app:1')))).toEqual([
      '/signed fail image ghcr.io/acme/app:1 does not have a digest',
    ]);
  });

  it('images named like members of objects are images', async () => {
    const spec = { images: [{ name: '__proto__', expression: `["${APP}"]` }], ...validation('true') };
    const [told] = await judged([imagePolicy(spec)], requestOf(pod()), {});
    expect(told).toContain(`image ${APP} is not verified`);
  });
});

describe('attestors from expressions', () => {
  const labelled = (label: string, ...images: string[]): JsonObject => ({
    ...pod(...images),
    metadata: { name: 'web', namespace: 'default', labels: { key: label } },
  });
  const LABEL = 'object.metadata.labels.key';
  const rows: [string, JsonObject, string][] = [
    ['a key that is empty', { key: { expression: LABEL } }, 'the text is empty'],
    ['a subject that is empty', { keyless: { identities: [{ issuer: 'i', subjectExpression: LABEL }] } }, 'empty'],
    [
      'a certificate that is empty leaves not only the chain',
      { certificate: { cert: { expression: LABEL }, certChain: { value: 'x' } } },
      'empty',
    ],
    ['a trust root that is empty', { trustedRoot: { expression: LABEL }, key: { data: KEY } }, 'empty'],
  ];
  it.each(rows)('%s', async (_name, cosign, problem) => {
    const spec = { attestors: [{ name: 'key', cosign }] };
    for (const label of ['', '  ']) {
      const [told] = await judged([imagePolicy(spec)], requestOf(labelled(label, APP)));
      expect(told).toContain(problem);
      expect(told).toMatch(/^\/signed error failed to evaluate policy: failed to evaluate attestor `key`/);
    }
  });

  it.each(['k8s://kube-system/key', 'awskms:///alias/mine', 'https://attacker/key', KEY.replace('PUBLIC', 'OTHER')])(
    'a key that is a reference is none: %s',
    async (label) => {
      const spec = { attestors: [{ name: 'key', cosign: { key: { expression: LABEL } } }] };
      const [told] = await judged([imagePolicy(spec)], requestOf(labelled(label, APP)));
      expect(told).toContain('the public key is no PEM');
    },
  );

  it('an identity of nobody in particular is refused', async () => {
    for (const identities of [[], [{}], [{ subject: '' }]]) {
      const spec = { attestors: [{ name: 'key', cosign: { keyless: { identities } } }] };
      const [told] = await judged([imagePolicy(spec)], requestOf(pod(APP)));
      expect(told).toMatch(/an identity is needed|neither issuer nor subject is named/);
    }
  });

  it('a wildcard in an identity is asked for as it is written', async () => {
    const asked: ImageVerificationRequest[] = [];
    const options: RegistryOptions = { signed: (request) => asked.push(request) > 0 };
    const identities = [{ issuer: '*', subject: 'https://github.com/*' }];
    await judged(
      [imagePolicy({ attestors: [{ name: 'key', cosign: { keyless: { identities } } }] })],
      requestOf(pod(APP)),
      options,
    );
    expect(asked[0]?.attestors[0]?.entries[0]?.keyless).toEqual({
      exact: true,
      issuer: '*',
      subject: 'https://github.com/*',
    });
  });

  it.each(['{"cosign": {"key": {"data": "x"}}}', '"key"', 'attestors', '1'])(
    'an attestor made by an expression is none: %s',
    async (made) => {
      const spec = validation(`images.containers.all(i, verifyImageSignatures(i, [dyn(${made})]) > 0)`);
      const [told] = await judged([imagePolicy(spec)], requestOf(pod(APP)));
      expect(told).toContain('attestors of the policy are needed');
    },
  );

  it('an attestor whose expression fails verifies nothing, and is not asked for in vain', async () => {
    const attestors = [
      { name: 'bad', cosign: { key: { expression: 'object.metadata.labels.nothing' } } },
      { name: 'key', cosign: { key: { data: KEY } } },
    ];
    expect(await judged([imagePolicy({ attestors })], requestOf(pod(APP)))).toEqual(['/signed pass success']);
    const spec = { attestors, ...validation('verifyImageSignatures(images.containers[0], [attestors.bad]) > 0') };
    const [told] = await judged([imagePolicy(spec)], requestOf(pod(APP)));
    expect(told).toContain('failed to evaluate attestor `bad`');
  });
});

describe('what policies vouch for', () => {
  const catchAll = imagePolicy(validation('true'), { name: 'all' });
  const missing = `image ${APP} is not verified: no policy performed a signature or attestation check on it`;

  it.each([
    ['before', (documents: readonly JsonObject[]) => documents],
    ['after', (documents: readonly JsonObject[]) => [...documents].reverse()],
  ])('another policy of the cluster may have verified, %s', async (_name, order) => {
    const told = await judged(order([imagePolicy(), catchAll]), requestOf(pod(APP)));
    expect([...told].sort()).toEqual(['/all pass success', '/signed pass success']);
  });

  it('also when that one only audits, or fails by something else', async () => {
    const other = imagePolicy({
      validationActions: ['Audit'],
      ...validation('images.containers.all(i, verifyImageSignatures(i, [attestors.key]) > 0) && false'),
    });
    expect(await judged([other, catchAll], requestOf(pod(APP)))).toContain('/all pass success');
  });

  it('a policy of a namespace does not vouch for the cluster', async () => {
    const tenant = imagePolicy({}, { namespace: 'default', name: 'all' });
    expect(await judged([catchAll, tenant], requestOf(pod(APP)))).toEqual([
      `/all fail ${missing}`,
      'default/all pass success',
    ]);
  });

  it('policies of one name keep their own results', async () => {
    const tenant = imagePolicy(validation('false'), { namespace: 'default' });
    expect(await judged([imagePolicy(), tenant], requestOf(pod(APP)))).toEqual([
      '/signed pass success',
      'default/signed fail CEL expression validation failed at index 0',
    ]);
  });

  it('one policy evaluated alone is settled alone', () => {
    const { decision } = evaluate(compiled(catchAll), requestOf(pod(APP)), new FactTable(), 'validate');
    expect(decision?.results[0]).toMatchObject({ status: 'fail', message: missing });
  });

  it('an exempted policy vouches for nothing', async () => {
    const policy = compilePolicy(imagePolicy(), [
      {
        metadata: { name: 'e', namespace: 'ns' },
        spec: { policyRefs: [{ name: 'signed', kind: 'ImageValidatingPolicy' }] },
      },
    ]).compiled;
    const policies = policy ? [policy, compiled(catchAll)] : [];
    const decisions = await decide(policies, requestOf(pod(APP)), createRegistry(), { phase: 'validate' });
    expect(decisions.map(({ results }) => results[0]?.message)).toEqual([
      'rule is skipped due to policy exception: ns/e',
      missing,
    ]);
  });

  it('Secrets of a namespaced policy are of its namespace', async () => {
    const asked: ImageVerificationRequest[] = [];
    const options: RegistryOptions = { signed: (request) => asked.push(request) > 0 };
    const spec = { credentials: { secrets: ['pull'] } };
    await judged([imagePolicy(spec, { namespace: 'default' })], requestOf(pod(APP)), options);
    await judged([imagePolicy(spec)], requestOf(pod(APP)), options);
    expect(new Set(asked.map(({ access }) => access.secrets[0]))).toEqual(new Set(['default/pull', 'pull']));
  });

  it('Secrets that Pods are pulled with are of the namespace of the Pod', async () => {
    const asked: ImageVerificationRequest[] = [];
    const options: RegistryOptions = { signed: (request) => asked.push(request) > 0 };
    const spec = { containers: [{ name: 'c', image: APP }], imagePullSecrets: [{ name: 'pull' }, {}] };
    await judged([imagePolicy()], requestOf({ ...pod(), spec }), options);
    expect(new Set(asked.flatMap(({ access }) => access.secrets))).toEqual(new Set(['default/pull']));
  });

  it('Secrets of other namespaces are not reached by a name with a slash', async () => {
    const asked: ImageVerificationRequest[] = [];
    const options: RegistryOptions = { signed: (request) => asked.push(request) > 0 };
    const spec = {
      containers: [{ name: 'c', image: APP }],
      imagePullSecrets: [{ name: 'kube-system/pull' }, { name: 'pull' }],
    };
    const policy = imagePolicy({ credentials: { secrets: ['kube-system/pull'] } }, { namespace: 'default' });
    await judged([policy], requestOf({ ...pod(), spec }), options);
    expect(new Set(asked.flatMap(({ access }) => access.secrets))).toEqual(new Set(['default/pull']));
  });

  it('a namespaced policy reads no keys of other namespaces', () => {
    const attestors = [{ name: 'key', cosign: { key: { kms: 'k8s://kube-system/key' } } }];
    expect(compilePolicy(imagePolicy({ attestors }, { namespace: 'default' })).compiled).toBeUndefined();
    expect(compilePolicy(imagePolicy({ attestors })).compiled).toBeDefined();
  });
});

describe('guesses', () => {
  it('on the strength of a guess nothing is asked of the world but about images', async () => {
    const registry = createRegistry();
    const spec = validation(
      'images.containers.all(i, verifyImageSignatures(i, [attestors.key]) > 0)',
      'http.Get("https://example.com/").statusCode == 200',
    );
    await decide([compiled(imagePolicy(spec))], requestOf(pod(APP)), registry, { phase: 'validate' });
    expect(registry.batches.map((batch) => batch.map(({ kind }) => kind))).toEqual([
      ['image-verification', 'image-verification'],
      ['http-call'],
    ]);
  });

  it('when no answer ever comes the policy errs', async () => {
    const silent = { ...createRegistry(), fetch: async () => [] };
    const [decision] = await decide([compiled(imagePolicy())], requestOf(pod(APP)), silent, { phase: 'validate' });
    expect(decision?.results[0]?.status).toBe('error');
    const rounds = await decide([compiled(imagePolicy())], requestOf(pod(APP)), silent, {
      phase: 'validate',
      rounds: 0,
    });
    expect(rounds[0]?.results[0]?.status).toBe('error');
  });
});
