import { describe, expect, it } from 'vitest';
import { decide } from '../../evaluate/decide.ts';
import type { JsonObject } from '../../kernel/json.ts';
import type { Decision } from '../../model/decision.ts';
import { requestOf } from '../../model/request.fixture.ts';
import { toAdmissionResponse } from '../../report/admission-response.ts';
import {
  compilePolicy,
  createRegistry,
  DIGEST,
  imagePolicy,
  OTHER_DIGEST,
  pod,
  type Registry,
  type RegistryOptions,
} from './image-validating.fixture.ts';

const request = requestOf(pod('nginx:1', `ghcr.io/acme/app:1@${OTHER_DIGEST}`, 'ghcr.io/acme/gone:1'));
const GONE: RegistryOptions = {
  answer: (asked) =>
    'reference' in asked && asked.reference.includes('gone')
      ? { ok: false, class: 'not-found', message: 'no such image' }
      : undefined,
};

async function pinned(spec: JsonObject, registry: Registry = createRegistry()): Promise<Decision | undefined> {
  const { compiled } = compilePolicy(imagePolicy(spec));
  const [decision] = await decide(compiled ? [compiled] : [], request, registry, { phase: 'verify-images' });
  return decision;
}

function valuesOf(decision: Decision | undefined): readonly unknown[] {
  return (decision?.effects ?? []).flatMap((effect) =>
    effect.kind === 'patch' ? effect.operations.map((operation) => JSON.stringify(operation)) : [],
  );
}

const NGINX = `{"op":"replace","path":"/spec/containers/0/image","value":"docker.io/nginx:1@${DIGEST}"}`;
const REPLACED = `{"op":"replace","path":"/spec/containers/2/image","value":"ghcr.io/acme/gone:1@${DIGEST}"}`;

describe('mutateDigest', () => {
  it('pins selected images that name a tag alone, in one batch', async () => {
    const registry = createRegistry();
    const decision = await pinned({}, registry);
    expect(valuesOf(decision)).toEqual([NGINX, REPLACED]);
    expect(decision?.results).toEqual([]);
    expect(registry.batches.map((batch) => batch.map(({ kind }) => kind))).toEqual([['image-digest', 'image-digest']]);
  });

  it.each<[string, JsonObject, readonly string[]]>([
    ['selected by the complete reference', { matchImageReferences: [{ glob: 'docker.io/*' }] }, [NGINX]],
    ['not selected', { matchImageReferences: [{ glob: 'quay.io/*' }] }, []],
    ['switched off', { validationConfigurations: { mutateDigest: false } }, []],
    ['conditions that do not hold', { matchConditions: [{ name: 'c', expression: 'false' }] }, []],
    ['about payloads', { evaluation: { mode: 'JSON' } }, []],
  ])('%s', async (_name, spec, wanted) => {
    expect(valuesOf(await pinned(spec))).toEqual(wanted);
  });

  it('an image that cannot be pinned costs the others nothing, and denies', async () => {
    const decision = await pinned({}, createRegistry(GONE));
    expect(valuesOf(decision)).toEqual([NGINX]);
    expect(decision?.results).toEqual([
      expect.objectContaining({
        rule: 'mutateDigest',
        status: 'error',
        message: 'failed to update digest: failed to resolve digest for image ghcr.io/acme/gone:1: no such image',
      }),
    ]);
    expect(toAdmissionResponse(decision ? [decision] : [], request).allowed).toBe(false);
  });

  it('where nothing denies, what can be pinned is', async () => {
    const decision = await pinned({ validationActions: ['Audit'] }, createRegistry(GONE));
    const response = toAdmissionResponse(decision ? [decision] : [], request, { patch: true });
    expect(response.allowed).toBe(true);
    expect(response.patch?.map((operation) => JSON.stringify(operation))).toEqual([NGINX]);
  });

  it('a digest swapped between pinning and judging is judged as what it is', async () => {
    const { compiled } = compilePolicy(imagePolicy());
    const signed: RegistryOptions = { signed: (_asked, reference) => reference.endsWith(DIGEST) };
    const policies = compiled ? [compiled] : [];
    const judge = async (digest: string) => {
      const swapped = requestOf(pod(`docker.io/nginx:1@${digest}`));
      const [decision] = await decide(policies, swapped, createRegistry(signed), { phase: 'validate' });
      return decision?.results[0]?.status;
    };
    expect([await judge(DIGEST), await judge(OTHER_DIGEST)]).toEqual(['pass', 'fail']);
  });

  it.each(['sha256:short', '', 'latest'])('an answer that is no digest pins nothing: %s', async (value) => {
    const decision = await pinned({}, createRegistry({ answer: () => ({ ok: true, value }) }));
    expect(valuesOf(decision)).toEqual([]);
    expect(decision?.results[0]?.status).toBe('error');
  });
});
