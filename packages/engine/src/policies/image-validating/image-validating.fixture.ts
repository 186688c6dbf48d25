import { expect } from 'vitest';
import type { Compilation } from '../../compile/engine.ts';
import { decide } from '../../evaluate/decide.ts';
import type { Fact } from '../../facts/fact.ts';
import type { FactRequest, ImageVerificationRequest } from '../../facts/fact-request.ts';
import type { FactSource } from '../../facts/fact-source.ts';
import type { ImageVerification } from '../../facts/image-verification.ts';
import type { Json, JsonObject } from '../../kernel/json.ts';
import { toCelPolicy, toCelPolicyException } from '../../model/cel-policy-document.ts';
import type { EvaluationRequest } from '../../model/request.ts';
import { celPolicy, engine, told } from '../policies.fixture.ts';

export const KEY = '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----';
export const CERTIFICATE = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----';
export const DIGEST = `sha256:${'a'.repeat(64)}`;
export const OTHER_DIGEST = `sha256:${'b'.repeat(64)}`;

/** What the images of the suites are pinned to. */
export const APP = `ghcr.io/acme/app@${DIGEST}`;

export interface ImagePolicyMetadata {
  readonly name?: string;
  readonly namespace?: string;
}

/** A policy that verifies every image of containers by one key, unless `spec` says otherwise. */
export function imagePolicy(
  spec: JsonObject = {},
  { name = 'signed', namespace }: ImagePolicyMetadata = {},
): JsonObject {
  const written = {
    attestors: [{ name: 'key', cosign: { key: { data: KEY } } }],
    validations: [
      { expression: 'images.containers.all(i, verifyImageSignatures(i, [attestors.key]) > 0)', message: 'unsigned' },
    ],
    ...spec,
  };
  return celPolicy('ImageValidatingPolicy', { name, namespace, spec: written });
}

export function validation(expression: string, more: JsonObject = {}): JsonObject {
  return { validations: [{ expression, ...more }] };
}

export function compilePolicy(document: JsonObject, exceptions: readonly JsonObject[] = []): Compilation {
  return engine.compile(
    toCelPolicy(document, () => undefined),
    { celExceptions: exceptions.map((exception) => toCelPolicyException(exception, () => undefined)) },
  );
}

export function pod(...images: readonly string[]): JsonObject {
  const containers = images.map((image, index) => ({ name: `c${index}`, image }));
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'default' }, spec: { containers } };
}

/** What a registry says of images; every request is noted, one list a batch. */
export interface Registry extends FactSource {
  readonly batches: FactRequest[][];
}

export interface RegistryOptions {
  /** Whether the image, `registry/path@digest`, is signed for a request. */
  readonly signed?: (request: ImageVerificationRequest, reference: string) => boolean;
  readonly statements?: (request: ImageVerificationRequest) => readonly JsonObject[];
  readonly digest?: (reference: string, asked: number) => string;
  /** Answers in place of all others. */
  readonly answer?: (request: FactRequest) => Fact<Json> | undefined;
}

export function createRegistry(options: RegistryOptions = {}): Registry {
  const { signed = () => true, statements = () => [], digest = () => DIGEST, answer } = options;
  const batches: FactRequest[][] = [];
  let asked = 0;
  const answerOne = (request: FactRequest): Fact<Json> => {
    const own = answer?.(request);
    if (own) return own;
    if (request.kind === 'image-digest') {
      asked += 1;
      return { ok: true, value: digest(request.reference, asked) };
    }
    if (request.kind !== 'image-verification') return { ok: false, class: 'unavailable', message: 'nobody answers' };
    const holds = signed(request, request.reference);
    return { ok: true, value: toAnswer(request, holds, holds ? statements(request) : []) };
  };
  return {
    kinds: new Set<FactRequest['kind']>(),
    batches,
    fetch: async (requests) => {
      batches.push([...requests]);
      return requests.map(answerOne);
    },
  };
}

function toAnswer(
  { reference, attestors, attestations }: ImageVerificationRequest,
  verified: boolean,
  statements: readonly JsonObject[],
): ImageVerification {
  const set = {
    verifiedCount: verified ? 1 : 0,
    requiredCount: 1,
    entries: [
      {
        path: '.entries[0]',
        verified,
        failures: verified ? [] : [{ reason: 'unsigned' as const, message: 'no signatures found' }],
      },
    ],
  };
  return {
    digest: reference.split('@')[1] ?? '',
    verified,
    sets: attestors.map(() => set),
    attestations: attestations.map(({ type }) => ({ type, sets: [set], statements })),
    fromCache: false,
  };
}

/** `rule status message` of each result. */
export async function verdicts(
  compilation: Compilation,
  request: EvaluationRequest,
  registry: Registry = createRegistry(),
): Promise<readonly string[]> {
  expect(compilation.diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  const policies = compilation.compiled ? [compilation.compiled] : [];
  return told(await decide(policies, request, registry, { phase: 'validate' }));
}
